//! Transient failures are retried, `Retry-After` is honoured, and a wait beyond the deadline fails
//! immediately.

use std::time::{Duration, Instant};

use pilot_status::ErrorKind;
use reqwest::dns::{Name, Resolve, Resolving};
use support::{Reply, always, builder, client, ok, replies};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A name service without any address.
struct NoAddress;

impl Resolve for NoAddress {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err("the name has no address".into()) })
    }
}

#[tokio::test]
async fn failed_connection_is_retried_even_for_delete() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = always(ok()).await;
    let refused = builder(&server).base_url(format!("http://{free}"));
    let unresolved = builder(&server).base_url("http://localhost:1");
    let unresolved = unresolved.configure_http(|http| http.dns_resolver(NoAddress));
    for (builder, text) in [
        (refused, format!("cannot connect to http://{free}: Connection refused")),
        (unresolved, "cannot connect to http://localhost:1: ".to_owned()),
    ] {
        let number = builder.build().unwrap().number("num_1");
        for error in [number.get().await.unwrap_err(), number.delete().await.unwrap_err()] {
            assert!(error.is_connect() && error.is_retryable() && !error.is_timeout(), "{error}");
            assert_eq!(error.attempts(), 5);
            assert!(error.to_string().starts_with(&format!("number num_1: {text}")), "{error}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_honoured_without_long_delay() {
    let header = |value: &'static str| Reply::json(429, "{}").with("retry-after", value);
    let cases: Vec<(Reply, u64)> = vec![
        (Reply::json(429, r#"{"retryAfterSeconds":0.15}"#), 150),
        (Reply::json(429, r#"{"retryAfterSeconds":9}"#).with("retry-after", "0.15"), 150),
        (header("soon"), 0),
        (Reply::json(429, "{}").with("x-ratelimit-reset", "0.15"), 150),
        // A date by the server's clock, in a response that was cached for ten minutes.
        (
            header("Thu, 01 Jan 2026 00:10:01 GMT")
                .with("date", "Thu, 01 Jan 2026 00:00:00 GMT")
                .with("age", "600"),
            1_000,
        ),
    ];
    for (reply, least) in cases {
        let server = replies(vec![reply, ok()]).await;
        let start = Instant::now();
        client(&server).number("num_1").get().await.unwrap();
        let took = start.elapsed();
        assert!(took >= MS(least), "{took:?} is earlier than {least} ms");
        assert!(took < MS(least + 1_000), "{took:?} is long after {least} ms");
    }
}

#[tokio::test]
async fn too_long_retry_after_fails_immediately() {
    let requesting = |seconds| Reply::json(429, "{}").with("retry-after", seconds);
    let too_little = "too little of the call's timeout is left";
    let cases = [
        (vec!["61"], 90_000, 61, "requests a wait of 61s, longer than max_delay"),
        (vec!["99999999999999999999"], 90_000, u64::MAX, "longer than max_delay"),
        (vec!["30"], 5_000, 30, too_little),
        (vec!["0.01", "30"], 5_000, 30, "gave up after 2 attempts: too little of the call's"),
    ];
    for (waits, timeout, seconds, text) in cases {
        let attempts = waits.len();
        let server = replies(waits.into_iter().map(requesting).collect()).await;
        let client = builder(&server).timeout(MS(timeout)).build().unwrap();
        let start = Instant::now();
        let error = client.number("num_1").get().await.unwrap_err();
        assert!(start.elapsed() < MS(2_000), "{error}");
        assert!(error.is_rate_limited() && error.to_string().contains(text), "{error}");
        assert_eq!(error.retry_after().map(|d| d.as_secs()), Some(seconds), "{error}");
        assert_eq!((error.attempts() as usize, server.requests().len()), (attempts, attempts));
        let is_timeout = error.to_string().ends_with(too_little);
        assert_eq!(error.hint().unwrap().ends_with("raise timeout"), is_timeout, "{error:?}");
    }
}

#[tokio::test]
async fn delete_error_warns_of_possible_effect() {
    let cases = [
        (Reply::Silence, "no complete response within 400ms (attempt_timeout)"),
        (Reply::json(500, "{}"), "the API answered 500"),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\n".to_vec()), ""),
    ];
    for (reply, cause) in cases {
        let server = always(reply).await;
        let client = builder(&server).attempt_timeout(MS(400)).build().unwrap();
        let error = client.number("num_1").delete().await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("number num_1: {cause}")), "{error}");
        let text = "; not retried: the request may have taken effect";
        assert!(error.to_string().ends_with(text), "{error}");
        assert!(error.hint().unwrap().contains("before you repeat it"), "{:?}", error.hint());
    }
}

#[tokio::test]
async fn stats_count_calls_that_are_never_sent() {
    let server = always(Reply::json(429, "{}").with("retry-after", "30")).await;
    let client = builder(&server).timeout(Duration::from_secs(1)).build().unwrap();
    for _ in 0..3 {
        assert!(client.number("num_1").get().await.unwrap_err().is_rate_limited());
    }
    let stats = client.stats();
    assert_eq!((stats.calls, stats.attempts), (3, 1));
    assert_eq!(stats.errors().collect::<Vec<_>>(), [(ErrorKind::RateLimited, 3)]);
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!((&json["calls"], &json["errors"]["rate_limited"]), (&3.into(), &3.into()), "{json}");
    assert!(json["waitedMs"].is_u64(), "{json}");
}
