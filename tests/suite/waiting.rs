//! `wait_until_open` returns when a number is open, or reports its last state.

use std::{error::Error, time::Duration};

use pilot_status::{ErrorKind, RetryPolicy, types};
use support::{Reply, always, builder, client, replies};

const CONNECTING: &str = r#"{"state":"CONNECTING","stale":false}"#;
const OPEN: &str = r#"{"state":"OPEN","stale":false}"#;

#[tokio::test]
async fn wait_timeout_reports_last_state() {
    let cases = [
        (CONNECTING, "not open within 100ms: last state CONNECTING"),
        (
            r#"{"state":"OPEN","stale":true}"#,
            "not open within 100ms: last state OPEN (remembered, not live)",
        ),
        ("{}", "not open within 100ms: state unknown"),
        (
            r#"{"state":"OPEN","isFullyConnected":false}"#,
            "not open within 100ms: last state OPEN (not fully connected)",
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
        assert_eq!(error.last_status().unwrap(), &serde_json::from_str(body).unwrap());
    }
}

#[tokio::test]
async fn permanent_error_ends_wait_and_transient_does_not() {
    let (connecting, failing) = (Reply::json(200, CONNECTING), Reply::json(500, "{}"));
    let transient = [failing.clone(), failing.clone(), connecting];
    let (gone, lasting) =
        (Reply::json(404, "{}"), Reply::json(503, r#"{"code":"PROVIDER_NOT_CONFIGURED"}"#));
    let minute = Duration::from_secs(60);
    let cases = [
        (vec![gone.clone()], minute, ErrorKind::NotFound, 1),
        (vec![lasting], minute, ErrorKind::Server, 1),
        ([&transient[..], &[gone]].concat(), minute, ErrorKind::NotFound, 4),
        (transient.to_vec(), Duration::from_millis(500), ErrorKind::NotOpen, 3),
    ];
    for (answers, limit, kind, attempts) in cases {
        let server = replies(answers).await;
        let error = client(&server).number("num_1").wait_until_open(limit).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{error}");
        assert_eq!(server.requests().len(), attempts as usize, "{error}");
        let names_provider = error.hint().is_some_and(|hint| hint.contains("provider"));
        assert_eq!(names_provider, kind == ErrorKind::Server, "{error:?}");
    }
    let server = replies([vec![failing; 5], vec![Reply::json(200, OPEN)]].concat()).await;
    let status = client(&server).number("num_1").wait_until_open(minute).await;
    assert!(status.unwrap().is_open());
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn wait_with_only_failures_reports_last_failure() {
    let soon = Reply::json(503, r#"{"code":"UPSTREAM"}"#);
    let hour = soon.clone().with("retry-after", "3600");
    let cases = [
        (soon, Duration::from_millis(100), "within 100ms"),
        (hour, Duration::from_secs(60), "yet"),
    ];
    for (reply, limit, when) in cases {
        let server = always(reply).await;
        let client = builder(&server).retry(RetryPolicy::none()).build().unwrap();
        let error = client.number("num_1").wait_until_open(limit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotOpen, "{error}");
        let expected = format!("number num_1: not open {when}: the API answered 503");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let cause = error.source().unwrap().downcast_ref::<pilot_status::Error>().unwrap();
        assert_eq!((cause.kind(), cause.code()), (ErrorKind::Server, Some("UPSTREAM")));
        assert_eq!(error.hint(), cause.hint());
        assert_eq!((error.last_status(), server.requests().len()), (None, 1));
    }
}

#[tokio::test]
async fn wait_under_a_rate_limit_advises_a_longer_limit() {
    let server = always(Reply::json(429, "{}").with("retry-after", "30")).await;
    let client = client(&server);
    assert!(client.number("num_2").timeout(Duration::from_secs(1)).get().await.is_err());
    let error = client.number("num_1").wait_until_open(Duration::from_secs(2)).await.unwrap_err();
    assert!(error.is_rate_limited() && error.attempts() == 0, "{error}");
    assert!(error.retry_after().is_some() && error.to_string().contains("rate limited"), "{error}");
    assert!(error.hint().unwrap().contains("a longer limit"), "{:?}", error.hint());
}

#[tokio::test]
async fn wait_that_a_rate_limit_outlasts_is_rate_limited() {
    let limit = Duration::from_millis(300);
    let server = always(Reply::json(429, "{}")).await;
    let retry = RetryPolicy::default().base_delay(limit);
    let client = builder(&server).retry(retry).build().unwrap();
    let start = tokio::time::Instant::now();
    let error = client.number("num_1").wait_until_open(limit).await.unwrap_err();
    assert!(start.elapsed() >= limit, "no header requests a longer wait");
    let cause = error.source().unwrap().downcast_ref::<pilot_status::Error>().unwrap();
    assert!(error.is_rate_limited() && cause.is_rate_limited(), "{error}");
    assert!(error.is_retryable() && error.hint().unwrap().contains("a longer limit"));
}

#[tokio::test]
async fn wait_observer_sees_every_response_and_failure() {
    let answers =
        vec![Reply::json(200, CONNECTING), Reply::json(500, "{}"), Reply::json(200, OPEN)];
    let server = replies(answers).await;
    let client = builder(&server).retry(RetryPolicy::none()).build().unwrap();
    let (shown, seen) = std::sync::mpsc::channel();
    let show = move |answer: Result<&types::NumberStatus, &pilot_status::Error>| {
        shown
            .send(answer.map(types::NumberStatus::is_open).map_err(pilot_status::Error::kind))
            .unwrap();
    };
    let number = client.number("num_1");
    number.wait_until_open_with(Duration::from_secs(60), show).await.unwrap();
    assert_eq!(seen.iter().collect::<Vec<_>>(), [Ok(false), Err(ErrorKind::Server), Ok(true)]);
}

#[tokio::test]
async fn wait_after_hung_poll_reports_last_state() {
    let server = replies(vec![Reply::json(200, CONNECTING), Reply::Silence]).await;
    let error = client(&server).number("num_1").wait_until_open(Duration::from_millis(1_300)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotOpen, "{error}");
    assert!(error.to_string().ends_with("last state CONNECTING"), "{error}");
}

#[tokio::test]
async fn limit_without_time_for_a_request_is_an_error() {
    let server = always(Reply::json(200, OPEN)).await;
    let number = client(&server).number("num_1");
    let error = number.wait_until_open(Duration::ZERO).await.unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("limit of the wait is 0"));
    let error = number.wait_until_open(Duration::from_nanos(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotOpen, "{error}");
    assert_eq!(server.requests().len(), 0);
}
