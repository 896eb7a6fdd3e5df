//! Isolation between calls: one that is dropped, hangs or is never polled delays the client's other
//! calls only briefly.

use std::{
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::join_all};
use pilot_status::{Client, RetryPolicy};
use support::{Reply, Server, builder, client, ok};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Starts a server that rejects the first request, never answers the next `hung`, and serves the
/// rest.
async fn server(hung: usize) -> Server {
    let answer = move |n, _: &_| match n {
        0 => Reply::json(429, "{}").with("retry-after", "0.3"),
        n if n <= hung => Reply::Silence,
        _ => ok(),
    };
    Server::start(answer).await.unwrap()
}

/// Polls a call until it is rejected, and then drops it.
async fn refused(client: &Client) {
    let number = client.number("first");
    let mut call = pin!(number.get());
    while client.stats().rejected == 0 {
        assert!(call.as_mut().now_or_never().is_none());
        tokio::time::sleep(MS(1)).await;
    }
}

#[tokio::test]
async fn unpolled_call_does_not_block_others() {
    let server = server(0).await;
    let client = builder(&server).timeout(MS(20_000)).build().unwrap();
    refused(&client).await;
    let handles: Vec<_> = (0..20).map(|n| client.number(format!("kept_{n}"))).collect();
    let mut kept: Vec<_> = handles.iter().map(|handle| Box::pin(handle.get())).collect();
    for call in &mut kept {
        assert!(call.as_mut().now_or_never().is_none());
    }
    assert_eq!(client.stats().queued, 20);
    drop(kept.pop());
    assert_eq!(client.stats().queued, 19, "a dropped call leaves the queue");
    let calls = (0..10).map(|n| client.number(format!("num_{n}")));
    let calls = calls.map(|number| async move { number.get().await });
    for result in join_all(calls).await {
        assert!(result.is_ok(), "{result:?}");
    }
    // A call that missed its turn queues again when it is polled.
    for result in join_all(kept).await {
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(client.stats().queued, 0);
}

#[tokio::test]
async fn unanswered_probe_delays_only_one_call() {
    let server = server(1).await;
    let attempt = MS(3_000);
    let client = builder(&server).attempt_timeout(attempt).timeout(MS(20_000)).build().unwrap();
    refused(&client).await;
    let start = Instant::now();
    let slow = AtomicUsize::new(0);
    let calls = (0..20).map(|n| client.number(format!("num_{n}")));
    let calls = calls.map(|number| async {
        let number = number;
        assert!(number.get().await.is_ok());
        // A call this slow waited for the hung probe to time out.
        slow.fetch_add(usize::from(start.elapsed() >= attempt), Ordering::Relaxed);
    });
    join_all(calls).await;
    assert_eq!(slow.into_inner(), 1);
}

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
