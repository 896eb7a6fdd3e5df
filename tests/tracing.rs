//! Feature `tracing`: the log shows every attempt of a call, and at no level contains the key. A
//! separate test binary, because the logger is global.

use std::time::Duration;

use pilot_status::RetryPolicy;
use support::{KEY, Log, Reply, builder, ok, replies};
use tracing::{Level, Subscriber};

/// Returns a subscriber that writes to this log.
fn subscriber(log: &Log, level: Level) -> impl Subscriber + use<> {
    let log = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
    subscriber.with_writer(move || log.clone()).finish()
}

#[tokio::test]
async fn retried_call_logs_every_attempt_without_key() {
    let log = Log::default();
    tracing::subscriber::set_global_default(subscriber(&log, Level::TRACE)).unwrap();
    // reqwest logs through the `log` crate.
    tracing_log::LogTracer::init().unwrap();

    let limited = Reply::json(429, "{}").with("retry-after", "0.01");
    let slow = Reply::json(503, "{}").with("retry-after", "0.01");
    let server = replies(vec![limited, slow, Reply::json(503, "{}"), ok()]).await;
    let client = builder(&server).build().unwrap();
    client.number("num_secret").get().await.unwrap();
    let malformed = Reply::json(
        200,
        r#"{"id":"num_secret","state":["private"],"health":{"sendable":"private"}}"#,
    );
    let server = replies(vec![malformed]).await;
    builder(&server).build().unwrap().number("num_secret").get().await.unwrap();
    let server = replies(vec![Reply::json(200, r#"{"id":"num_private"}"#)]).await;
    builder(&server).build().unwrap().number("num_secret").get().await.unwrap();
    // The hold of about 0.5 s is longer than the timeout, so there is no second attempt.
    let server = replies(vec![Reply::json(429, "{}")]).await;
    let client = builder(&server).timeout(Duration::from_millis(200));
    let client = client.retry(RetryPolicy::default()).build().unwrap();
    assert!(client.number("num_secret").get().await.unwrap_err().is_rate_limited());

    let text = log.text();
    for expected in [
        r#"pilot_status{operation="get_numbers_id" number="num_secret"}: pilot_status: attempt"#,
        // The queue decides the delay after a 429, and the turn reports it.
        r#"attempt=1 status=429 because="pacing""#,
        r"turn delay_ms=",
        r"attempt=2 status=503 delay_ms=1",
        r#"because="header""#,
        r"attempt=3 status=503 delay_ms=",
        r#"because="backoff""#,
        r"attempt=4 status=200",
        "reqwest",
        "WARN",
        r#"unreadable values operation="get_numbers_id" number="num_secret" paths="state, health.sendable""#,
        r#"response for another id operation="get_numbers_id" number="num_secret""#,
        r"rate limited, calls wait for their turns delay_ms=",
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }
    assert_eq!(text.matches("attempt=1 status=429").count(), 2, "one for each call: {text}");
    assert_eq!(text.matches("WARN").count(), 4, "{text}");
    assert!(!text.contains(KEY) && !text.contains("private"), "{text}");
}

#[tokio::test]
async fn outage_of_fleet_logs_its_start_and_end() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(subscriber(&log, Level::INFO));
    let server = replies([vec![Reply::json(503, "{}"); 6], vec![ok()]].concat()).await;
    let client = builder(&server).retry(RetryPolicy::none()).build().unwrap();
    let mut watch = client.numbers(["a", "b"]).watch(Duration::from_millis(50));
    for _ in 0..4 {
        watch.next().await.unwrap();
    }
    let text = log.text();
    for line in ["WARN pilot_status: API out", "INFO pilot_status: API back in service"] {
        assert_eq!(text.matches(line).count(), 1, "{line} in {text}");
    }
}
