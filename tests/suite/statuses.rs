//! Every status maps to its error and is retried according to its rule.

use std::time::Duration;

use pilot_status::{ErrorKind, Pacing, RetryPolicy};
use serde_json::{Value, json};
use support::{Reply, Server, always, builder, client, replies};

/// Statuses with their kind. The retried ones make five attempts.
const FINAL: [(u16, ErrorKind); 12] = [
    (302, ErrorKind::Status),
    (304, ErrorKind::Status),
    (400, ErrorKind::Status),
    (401, ErrorKind::Unauthorized),
    (402, ErrorKind::PaymentRequired),
    (403, ErrorKind::Forbidden),
    (404, ErrorKind::NotFound),
    (409, ErrorKind::Conflict),
    (418, ErrorKind::Status),
    (501, ErrorKind::Server),
    (525, ErrorKind::Server),
    (526, ErrorKind::Server),
];
const RETRIED: [u16; 13] = [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530];

const BODIES: [(&str, Option<&str>); 3] = [
    (r#"{"error":"Sorry, +5511999999999","code":"SOME_CODE"}"#, Some("SOME_CODE")),
    ("", None),
    ("<html>Bad gateway +5511999999999</html>", None),
];

/// Parses JSON where possible, because a decoded error does not preserve the order of keys.
fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

#[tokio::test]
async fn every_status_maps_to_its_error() {
    // The id selects the status and the body.
    let server = Server::start(|_, request| {
        let (_, id) = request.line.rsplit_once('/').unwrap();
        let (status, body) = id.split_once('-').unwrap();
        Reply::json(status.parse().unwrap(), BODIES[body.parse::<usize>().unwrap()].0)
    })
    .await
    .unwrap();
    // Without a budget and pacing, cases do not affect each other.
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1)).without_budget();
    let client = builder(&server).retry(retry).pacing(Pacing::Off).build().unwrap();
    let retried = RETRIED.map(|status| match status {
        408 => (status, 5, ErrorKind::Status),
        429 => (status, 5, ErrorKind::RateLimited),
        _ => (status, 5, ErrorKind::Server),
    });
    for (status, attempts, kind) in FINAL.map(|(s, kind)| (s, 1, kind)).into_iter().chain(retried) {
        for (i, (body, code)) in BODIES.into_iter().enumerate() {
            if status == 304 && !body.is_empty() {
                continue;
            }
            let before = server.requests().len();
            let id = format!("{status}-{i}");
            let error = client.number(&id).get().await.unwrap_err();
            let text = format!("{status} {body}: {error}");
            assert_eq!((error.kind(), error.code()), (kind, code), "{text}");
            assert_eq!(error.status().map(|s| s.as_u16()), Some(status), "{text}");
            assert_eq!(error.attempts() as usize, attempts, "{text}");
            assert_eq!(server.requests().len() - before, attempts, "{text}");
            assert_eq!(error.is_retryable(), attempts == 5, "{text}");
            assert!(!error.is_decode() && !error.is_timeout() && !error.is_connect(), "{text}");
            assert!(status != 402 || error.hint().is_some(), "{text}");
            if status == 400 {
                assert_eq!(error.hint().is_some(), error.message().is_some(), "{text}");
            }
            let debug = format!("{error:?}");
            let hint = error.hint().map_or(String::new(), |hint| format!("\nhint: {hint}"));
            assert!(debug.starts_with(&format!("{error}{hint}\n(kind ")), "{debug}");
            assert_eq!(json_or_text(error.body()), json_or_text(body.as_bytes()), "{text}");
            let start = format!("number {id}: the API answered {status}");
            assert!(error.to_string().starts_with(&start), "{text}");
            assert!(!format!("{error} {error:?}").contains("5511999999999"), "{text}");
        }
    }
}

#[tokio::test]
async fn hint_agrees_with_retryable_and_retry_after() {
    const CODES: [&str; 3] = ["", "PROVIDER_NOT_CONFIGURED", "UPSTREAM_TIMEOUT"];
    // The id selects the status, the code and the wait.
    let server = Server::start(|_, request| {
        let (_, id) = request.line.rsplit_once('/').unwrap();
        let [status, code, waits] = id.split('-').collect::<Vec<_>>()[..] else { panic!("{id}") };
        let body = json!({ "error": "x", "code": CODES[code.parse::<usize>().unwrap()] });
        let reply = Reply::json(status.parse().unwrap(), body.to_string());
        if waits == "1" { reply.with("retry-after", "61") } else { reply }
    })
    .await
    .unwrap();
    let retry = RetryPolicy::default()
        .max_attempts(2)
        .base_delay(Duration::from_millis(1))
        .without_budget();
    let client = builder(&server).retry(retry).pacing(Pacing::Off).build().unwrap();
    let statuses = (400..=431).chain(500..=531).chain([300, 302, 306, 599, 600, 999]);
    for (status, code) in statuses.flat_map(|status| (0..CODES.len()).map(move |c| (status, c))) {
        for waits in [0, 1] {
            let number = client.number(format!("{status}-{code}-{waits}"));
            for (error, is_get) in [
                (number.get().await.unwrap_err(), true),
                (number.delete().await.unwrap_err(), false),
            ] {
                let printed = format!("{error:?}");
                let is_permanent = CODES[code] == "PROVIDER_NOT_CONFIGURED" && status != 429;
                let is_retryable = RETRIED.contains(&status) && !is_permanent;
                assert_eq!(error.is_retryable(), is_retryable, "{printed}");
                let was_retried = error.attempts() == 2;
                let hint = error.hint().unwrap_or_default();
                let suggests_retry = ["retry", "later"].map(|w| hint.contains(w));
                assert!(is_retryable || !suggests_retry.contains(&true), "{printed}");
                assert!(is_retryable || error.retry_after().is_none(), "{printed}");
                assert_eq!(error.retry_after().is_some(), is_retryable && waits == 1, "{printed}");
                let expected = is_retryable && waits == 0 && (is_get || status == 429);
                assert_eq!(was_retried, expected, "{printed}");
                assert!(!printed.contains("unknown status"), "{printed}");
            }
        }
    }
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
    let key = format!("https://{}.example/x", support::KEY);
    let cases = [
        ("https://other.example:1/x?secret", "Redirect, a redirect to https://other.example:1"),
        (&key, "the API answered 307 Temporary Redirect"),
    ];
    for (location, expected) in cases {
        let server = always(Reply::json(307, "").with("location", location)).await;
        let error = client(&server).number("num_1").get().await.unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}
