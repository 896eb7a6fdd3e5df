//! Feature `tracing`: the log shows every attempt of a call, and at no level contains the key. A
//! separate test binary, because the logger is global.

use support::{KEY, Log, Reply, builder, ok, replies};

#[tokio::test]
async fn retried_call_logs_every_attempt_without_key() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    // reqwest logs through the `log` crate.
    tracing_log::LogTracer::init().unwrap();

    let slow = Reply::json(429, "{}").with("retry-after", "0.01");
    let server = replies(vec![slow, Reply::json(503, "{}"), ok()]).await;
    let client = builder(&server).build().unwrap();
    client.number("num_secret").get().await.unwrap();
    let odd =
        Reply::json(200, r#"{"id":"num_secret","state":["odd"],"health":{"sendable":"odd"}}"#);
    let server = replies(vec![odd]).await;
    builder(&server).build().unwrap().number("num_secret").get().await.unwrap();
    let server = replies(vec![Reply::json(200, r#"{"id":"num_odd"}"#)]).await;
    builder(&server).build().unwrap().number("num_secret").get().await.unwrap();

    let text = log.text();
    for expected in [
        r#"pilot_status{operation="get_numbers_id" number="num_secret"}: pilot_status: attempt"#,
        r"attempt=1 status=429",
        r#"because="header""#,
        r"attempt=2 status=503",
        r#"because="backoff""#,
        r"attempt=3 status=200",
        "reqwest",
        "WARN",
        r#"unreadable values operation="get_numbers_id" number="num_secret" paths="state, health.sendable""#,
        r#"response for another id operation="get_numbers_id" number="num_secret""#,
        r"rate limited, calls wait for their turns delay_ms=",
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }
    assert_eq!(text.matches("WARN").count(), 3, "{text}");
    assert!(!text.contains(KEY) && !text.contains("odd"), "{text}");
}
