//! `wait_until_open` returns when a number is open, and says what it was otherwise.

use std::time::Duration;

use pilot_status::ErrorKind;
use support::{Reply, always, client, replies};

const CONNECTING: &str = r#"{"state":"CONNECTING","stale":false}"#;
const OPEN: &str = r#"{"state":"OPEN","stale":false}"#;

#[tokio::test]
async fn it_asks_until_the_number_is_open() {
    let server = replies(vec![Reply::json(200, CONNECTING), Reply::json(200, OPEN)]).await;
    let status = client(&server).number("num_1").wait_until_open(Duration::from_secs(60)).await;
    assert!(status.unwrap().is_open());
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /v1/numbers/num_1/status", "GET /v1/numbers/num_1/status"]);
}

#[tokio::test]
async fn a_number_that_does_not_open_is_told_with_its_last_state() {
    let cases = [
        (CONNECTING, "not open within 100ms: its state is CONNECTING"),
        (
            r#"{"state":"OPEN","stale":true}"#,
            "not open within 100ms: its state is OPEN, as last remembered",
        ),
        ("{}", "not open within 100ms: its state is not known"),
        (
            r#"{"state":"OPEN","isFullyConnected":false}"#,
            "not open within 100ms: its state is OPEN, not fully connected",
        ),
    ];
    for (body, expected) in cases {
        let server = always(Reply::json(200, body)).await;
        let number = client(&server).number("num_1");
        let error = number.wait_until_open(Duration::from_millis(100)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotOpen, "{error}");
        assert_eq!(error.to_string(), format!("number num_1: {expected}"));
        assert!(error.is_retryable() && error.hint().unwrap().contains("QR code"));
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn what_lasts_ends_the_wait_and_what_passes_does_not() {
    let lasting = Reply::json(503, r#"{"code":"PROVIDER_NOT_CONFIGURED"}"#);
    for (reply, kind) in
        [(Reply::json(404, "{}"), ErrorKind::NotFound), (lasting, ErrorKind::Server)]
    {
        let server = always(reply).await;
        let error = client(&server).number("num_1").wait_until_open(Duration::from_secs(60)).await;
        assert_eq!(error.unwrap_err().kind(), kind);
        assert_eq!(server.requests().len(), 1);
    }
    let failures = vec![Reply::json(500, "{}"); 5];
    let server = replies([failures, vec![Reply::json(200, OPEN)]].concat()).await;
    let status = client(&server).number("num_1").wait_until_open(Duration::from_secs(60)).await;
    assert!(status.unwrap().is_open());
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_state_that_can_no_longer_be_asked_for_is_told_as_it_was() {
    let server = replies(vec![Reply::json(200, CONNECTING), Reply::Silence]).await;
    let error = client(&server).number("num_1").wait_until_open(Duration::from_millis(1_300)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotOpen, "{error}");
    assert!(error.to_string().ends_with("its state is CONNECTING"), "{error}");
}

#[tokio::test]
async fn a_limit_of_zero_asks_nobody() {
    let server = always(Reply::json(200, OPEN)).await;
    let error = client(&server).number("num_1").wait_until_open(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotOpen);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn wait_error_counts_every_attempt() {
    let failing = Reply::json(500, "{}");
    let (connecting, gone) = (Reply::json(200, CONNECTING), Reply::json(404, "{}"));
    for (last, kind, expected) in
        [(connecting.clone(), ErrorKind::NotOpen, 3), (gone, ErrorKind::NotFound, 4)]
    {
        let server =
            replies(vec![failing.clone(), failing.clone(), connecting.clone(), last]).await;
        let limit = Duration::from_millis(if kind == ErrorKind::NotOpen { 500 } else { 60_000 });
        let error = client(&server).number("num_1").wait_until_open(limit).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, expected), "{error}");
        assert_eq!(server.requests().len(), expected as usize);
    }
}
