//! Every status maps to its error and is retried according to its rule.

use std::time::Duration;

use pilot_status::{ErrorKind, Pacing, RetryPolicy};
use support::{Reply, always, builder, client, replies, serve};

const RETRIED: [u16; 13] = [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530];

const PERMANENT: &str = "PROVIDER_NOT_CONFIGURED";
/// Bodies with their code, with keys in the order in which a decoded error is encoded.
const BODIES: [(&str, Option<&str>); 4] = [
    (r#"{"code":"SOME_CODE","error":"Sorry, +5511999999999"}"#, Some("SOME_CODE")),
    (r#"{"code":"PROVIDER_NOT_CONFIGURED"}"#, Some(PERMANENT)),
    ("", None),
    ("<html>Bad gateway +5511999999999</html>", None),
];

fn kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthorized,
        402 => ErrorKind::PaymentRequired,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Status,
    }
}

#[tokio::test]
async fn every_status_maps_to_its_error_and_hint() {
    // The id selects the status, the body and the wait.
    let server = serve(|_, request| {
        let (_, id) = request.line.rsplit_once('/').unwrap();
        let [status, body, waits] = id.split('-').collect::<Vec<_>>()[..] else { panic!("{id}") };
        let body = BODIES[body.parse::<usize>().unwrap()].0;
        let reply = Reply::json(status.parse().unwrap(), body);
        if waits == "1" { reply.with("retry-after", "61") } else { reply }
    })
    .await;
    // Without a budget and pacing, cases do not affect each other.
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1)).max_attempts(2);
    let client = builder(&server).retry(retry.without_budget()).pacing(Pacing::Off);
    let client = client.build().unwrap();
    let statuses = (400..=431).chain(500..=531).chain([300, 302, 304, 306, 599, 600, 999]);
    for (status, n) in statuses.flat_map(|status| (0..BODIES.len()).map(move |n| (status, n))) {
        let (body, code) = BODIES[n];
        if status == 304 && !body.is_empty() {
            continue;
        }
        for waits in [0, 1] {
            let id = format!("{status}-{n}-{waits}");
            let number = client.number(&id);
            for (error, is_get) in [
                (number.get().await.unwrap_err(), true),
                (number.delete().await.unwrap_err(), false),
            ] {
                let (text, printed) = (error.to_string(), format!("{error:?}"));
                assert_eq!((error.kind(), error.code()), (kind(status), code), "{printed}");
                assert_eq!(error.status().map(|s| s.as_u16()), Some(status), "{printed}");
                assert!(!error.is_decode() && !error.is_timeout() && !error.is_connect(), "{text}");
                assert_eq!(error.body(), body.as_bytes(), "{printed}");

                let is_permanent = code == Some(PERMANENT) && status != 429;
                let is_retryable = RETRIED.contains(&status) && !is_permanent;
                let is_retried = is_retryable && waits == 0 && (is_get || status == 429);
                assert_eq!(error.is_retryable(), is_retryable, "{printed}");
                assert_eq!(error.attempts(), 1 + u32::from(is_retried), "{printed}");
                assert_eq!(error.retry_after().is_some(), is_retryable && waits == 1, "{printed}");

                let hint = error.hint().unwrap_or_default();
                let suggests_retry = hint.contains("retry") || hint.contains("later");
                assert!(is_retryable || !suggests_retry, "{printed}");
                assert!(status != 402 || !hint.is_empty(), "{printed}");
                if status == 400 && !is_permanent {
                    assert_eq!(hint.is_empty(), error.message().is_none(), "{printed}");
                }
                let hint = error.hint().map_or(String::new(), |hint| format!("\nhint: {hint}"));
                assert!(printed.starts_with(&format!("{text}{hint}\n(kind ")), "{printed}");
                let start = format!("number {id}: the API answered {status}");
                assert!(text.starts_with(&start) && !text.contains("unknown status"), "{text}");
                assert!(!format!("{text} {printed}").contains("5511999999999"), "{printed}");
            }
        }
    }
    let attempts = client.stats().attempts;
    assert_eq!(server.requests().len() as u64, attempts, "no request is hidden");
}

#[tokio::test]
async fn success_status_with_error_body_is_error() {
    for body in
        [r#"{"error":"no","code":"A_CODE"}"#, r#"{"error":{"message":"no","code":"A_CODE"}}"#]
    {
        let server = always(Reply::json(200, body)).await;
        let number = client(&server).number("num_1");
        let errors = [
            number.get().await.unwrap_err(),
            number.refresh().await.unwrap_err(),
            number.status().await.unwrap_err(),
            number.delete().await.unwrap_err(),
        ];
        for error in errors {
            let expected =
                "number num_1: the API answered 200 OK, but the body is an error (A_CODE)";
            assert_eq!(error.to_string(), expected);
            assert_eq!((error.message(), error.code()), (Some("no"), Some("A_CODE")));
            assert!(!error.is_retryable() && !error.is_decode());
        }
    }
}

#[tokio::test]
async fn unknown_id_like_phone_number_has_hint() {
    let server = always(Reply::json(404, "{}")).await;
    let client = client(&server);
    let cases = [
        ("+55 11 99999-9999", true),
        ("(11) 9999.9999", true),
        ("+55\u{a0}11\u{a0}99999\u{2011}9999", true),
        ("\u{ff0b}\u{ff15}\u{ff15} 11 99999\u{2013}9999", true),
        ("num_5511999999999", false),
        ("1234567", false),
        ("1234567890123456", false),
        ("+-()", false),
    ];
    for (id, is_phone_number) in cases {
        let error = client.number(id).get().await.unwrap_err();
        let hint = error.hint().unwrap();
        assert_eq!(hint.contains("phone number"), is_phone_number, "{id}: {hint}");
    }
}

#[tokio::test]
async fn oversized_error_body_keeps_status_and_retries() {
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(100_000));
    let slow = Reply::json(429, long.clone()).with("retry-after", "0.01");
    let server = replies(vec![slow, Reply::json(401, long)]).await;
    let client = builder(&server).max_response_bytes(1_000).build().unwrap();
    let error = client.number("num_1").get().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!((error.attempts(), error.body().len()), (2, 1_000));
}

#[tokio::test]
async fn redirect_error_prints_only_target_origin() {
    let other = "Redirect, a redirect to https://other.example:1";
    let none = "the API answered 307 Temporary Redirect";
    let cases = [
        ("ps_key", "https://other.example:1/x?secret", other),
        ("ps_key", "https://ps_key.example/x", none),
        ("ps_key", "https://%70s_key.example/x", none),
        ("ps_key", "https://other.example:1/x?ps_key", none),
        // A part of the key would be the host.
        ("ps_k/ey", "https://ps_k/ey", none),
    ];
    for (key, location, expected) in cases {
        let server = always(Reply::json(307, "").with("location", location)).await;
        let client = builder(&server).api_key(key).build().unwrap();
        let error = client.number("num_1").get().await.unwrap_err();
        assert!(error.to_string().ends_with(expected), "{location}: {error}");
    }
}
