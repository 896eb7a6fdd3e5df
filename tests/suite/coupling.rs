//! Calls of one client: they honour a limit that is reported, and share a refresh without depending on
//! each other.

use std::{
    pin::pin,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use pilot_status::RetryPolicy;
use support::{Reply, Server, builder, client, ok};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[tokio::test]
async fn call_retries_429_until_its_deadline() {
    // The server recovers only after four backoffs.
    let start = Instant::now();
    let answer = move |_, _: &_| {
        if start.elapsed() < MS(600) { Reply::json(429, "{}") } else { ok() }
    };
    let server = Server::start(answer).await.unwrap();
    let client = builder(&server).timeout(MS(2_000)).build().unwrap();
    assert!(client.number("num_1").get().await.is_ok());
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn remaining_quota_is_honoured_from_first_response() {
    // The server admits three requests per half second and reports the rest.
    let start = Instant::now();
    let used = Mutex::new((0, 0));
    let answer = move |_, _: &_| {
        let mut used = used.lock().unwrap();
        let window = start.elapsed().as_millis() / 500;
        *used = if used.0 == window { (window, used.1 + 1) } else { (window, 1) };
        let reply = if used.1 > 3 { Reply::json(429, "{}") } else { ok() };
        let left = 3_usize.saturating_sub(used.1).to_string();
        reply.with("x-ratelimit-remaining", left).with("x-ratelimit-reset", "0.5")
    };
    let server = Server::start(answer).await.unwrap();
    let client = client(&server);
    for n in 0..9 {
        assert!(client.number(format!("num_{n}")).get().await.is_ok());
    }
    assert_eq!((client.stats().rejected, server.requests().len()), (0, 9));
}

#[tokio::test]
async fn joined_refresh_keeps_its_own_deadline() {
    let answer = |n, _: &_| if n == 0 { Reply::Silence } else { ok() };
    let server = Server::start(answer).await.unwrap();
    let client = builder(&server).retry(RetryPolicy::none()).timeout(MS(1_500)).build().unwrap();
    let number = client.number("num_1");
    let second = async {
        tokio::time::sleep(MS(700)).await;
        number.refresh().await
    };
    let (first, second) = tokio::join!(number.refresh(), second);
    assert!(first.unwrap_err().is_timeout());
    assert!(second.is_ok(), "{second:?}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn unpolled_refresh_is_driven_by_joining_caller() {
    let answer = |_, _: &_| Reply::Late(MS(50), Box::new(ok()));
    let server = Server::start(answer).await.unwrap();
    let client = client(&server);
    let number = client.number("num_1");
    let mut kept = pin!(number.refresh());
    assert!(kept.as_mut().now_or_never().is_none());
    assert!(number.refresh().await.is_ok());
    assert_eq!(server.requests().len(), 1);
}
