//! Responses are limited to the configured time and size.

use std::time::Duration;

use pilot_status::RetryPolicy;
use support::{DOCUMENTED_ID, Reply, always, builder, client, example};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[tokio::test]
async fn body_over_the_limit_is_rejected_with_hint() {
    let body = example().to_string();
    let server = always(Reply::json(200, body.clone())).await;
    let limited = |limit| builder(&server).max_response_bytes(limit).build().unwrap();
    assert!(limited(body.len()).number(DOCUMENTED_ID).get().await.is_ok());
    let limit = body.len() - 1;
    let error = limited(limit).number(DOCUMENTED_ID).get().await.unwrap_err();
    let expected = format!("longer than the limit of {limit} bytes");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.hint().unwrap().contains("max_response_bytes"));
    assert_eq!((error.attempts(), server.requests().len()), (1, 2));
}

#[tokio::test]
async fn repeated_attempt_timeouts_return_timeout_error() {
    let server = always(Reply::Silence).await;
    let retry = RetryPolicy::default().max_attempts(2).base_delay(MS(1));
    let client = builder(&server).attempt_timeout(MS(200)).retry(retry).build().unwrap();
    let error = client.number("num_1").get().await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable() && !error.is_connect(), "{error}");
    assert_eq!(error.attempts(), 2);
    assert!(
        error.to_string().contains(
            "no complete response within 200ms (attempt_timeout); gave up after 2 attempts"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn dropped_call_sends_no_more_requests() {
    let server = always(Reply::json(429, "{}").with("retry-after", "0.2")).await;
    let client = client(&server);
    let call = client.number("num_1");
    let sent = async {
        while server.requests().is_empty() {
            tokio::time::sleep(MS(5)).await;
        }
    };
    tokio::select! {
        answer = call.get() => panic!("{answer:?} before it was dropped"),
        () = sent => {}
    }
    tokio::time::sleep(MS(300)).await;
    assert_eq!(server.requests().len(), 1);
}
