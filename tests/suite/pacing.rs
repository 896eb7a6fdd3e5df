//! All calls of a client honour a 429 that one of them received, and a reported quota. Retries do
//! not multiply the load of an outage.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use pilot_status::{Pacing, PacingStats, RetryPolicy};
use support::{Reply, always, builder, client, ok, refusing, serve};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[tokio::test]
async fn calls_before_first_429_do_not_wait() {
    let server = always(ok()).await;
    let client = client(&server);
    let calls =
        (0..64).map(|_| client.clone()).map(|c| async move { c.number("num_1").get().await });
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(client.pacing_stats(), PacingStats::default());
}

#[tokio::test]
async fn calls_share_retry_after_and_keep_order() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let server = serve(move |n, _| {
        log.lock().unwrap().push(Instant::now());
        if n == 0 { Reply::json(429, "{}").with("retry-after", "0.5") } else { ok() }
    })
    .await;
    let client = client(&server);
    let calls = (0..5).map(|n| {
        let client = client.clone();
        async move {
            if n > 0 {
                while client.stats().rejected == 0 {
                    tokio::time::sleep(MS(1)).await;
                }
                tokio::time::sleep(MS(20 * n)).await;
            }
            client.number(format!("num_{n}")).get().await
        }
    });
    for result in futures_util::future::join_all(calls).await {
        assert!(result.is_ok(), "{result:?}");
    }
    let arrivals = arrivals.lock().unwrap().clone();
    assert!(arrivals[1] - arrivals[0] >= MS(500), "{:?}", arrivals[1] - arrivals[0]);
    let ids: Vec<_> = server
        .requests()
        .iter()
        .map(|r| r.line.split('_').next_back().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["0", "0", "1", "2", "3", "4"]);
    let stats = client.pacing_stats();
    assert_eq!((stats.rejected, stats.queued), (1, 0));
    // No request succeeded before the 429, so the rate is unknown.
    assert!(stats.waited >= MS(500) && stats.rate.is_none(), "{stats:?}");
}

#[tokio::test]
async fn call_that_would_miss_deadline_fails_immediately() {
    let server = refusing(0, "20").await;
    let client = builder(&server).timeout(MS(5_000)).build().unwrap();
    assert!(client.number("num_1").get().await.unwrap_err().is_rate_limited());
    let start = Instant::now();
    let error = client.number("num_1").get().await.unwrap_err();
    assert!(start.elapsed() < MS(2_000));
    assert!(error.is_rate_limited() && error.is_retryable(), "{error}");
    assert_eq!((error.attempts(), error.status()), (0, None));
    let wait = error.retry_after().unwrap();
    assert!(wait > MS(15_000) && wait < MS(21_000), "{wait:?}");
    assert!(
        error.to_string().starts_with("number num_1: not sent: rate limited; the next slot is in "),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("retry later"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn call_without_pacing_ignores_other_calls() {
    let server = refusing(0, "20").await;
    let client = builder(&server).pacing(Pacing::Off).retry(RetryPolicy::none()).build().unwrap();
    assert!(client.number("num_1").get().await.is_err());
    assert!(client.number("num_1").get().await.is_ok());
    assert_eq!(client.pacing_stats(), PacingStats::default());
}

#[tokio::test]
async fn retry_budget_limits_5xx_but_not_429() {
    let retry = RetryPolicy::default().base_delay(Duration::ZERO);
    // The timeout is too short for the client to reserve a last attempt near its end.
    let timeout = MS(900);
    for (status, requests) in [(503, 40 + 100), (429, 40 * 5)] {
        let server = always(Reply::json(status, "{}")).await;
        let client = builder(&server).retry(retry.clone()).timeout(timeout).build().unwrap();
        let mut last = None;
        for _ in 0..40 {
            last = client.number("num_1").get().await.err();
        }
        assert_eq!(server.requests().len(), requests, "{status}");
        let text = last.unwrap().to_string();
        assert_eq!(text.contains("the retry budget is spent"), status == 503, "{text}");
    }
}

#[tokio::test]
async fn call_retries_429_until_its_deadline() {
    // The server recovers only after four backoffs.
    let start = Instant::now();
    let answer = move |_, _: &_| {
        if start.elapsed() < MS(600) { Reply::json(429, "{}") } else { ok() }
    };
    let server = serve(answer).await;
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
    let server = serve(answer).await;
    let client = client(&server);
    for n in 0..9 {
        assert!(client.number(format!("num_{n}")).get().await.is_ok());
    }
    assert_eq!((client.stats().rejected, server.requests().len()), (0, 9));
}
