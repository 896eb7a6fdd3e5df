//! Two clients that share one store, and stores that fail, hang or return wrong replies.

use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pilot_status::{
    Client, Pacing, RetryPolicy,
    shared_limit::{InMemory, Reply, SharedLimit, Slot, Step, StepFuture},
};
use support::{Log, Reply as Answer, Server, always, builder, ok, refusing};

fn client(server: &Server, store: impl SharedLimit + 'static) -> Client {
    builder(server).pacing(Pacing::shared(store)).build().unwrap()
}

#[tokio::test]
async fn limit_of_one_client_is_honoured_by_another() {
    let server = refusing(1, "2").await;
    let store = Arc::new(InMemory::default());
    let (one, another) = (client(&server, Arc::clone(&store)), client(&server, store));
    one.number("num_1").get().await.unwrap();
    let start = Instant::now();
    let refused = tokio::spawn(one.number("num_1").get());
    // The background check of its first call runs beside the calls.
    while another.stats().waited.is_zero() && start.elapsed() < Duration::from_secs(10) {
        another.number("num_1").get().await.unwrap();
        if server.requests().len() > 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    refused.await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2), "the rejected client waits for retry-after");
    assert_eq!(another.stats().rejected, 0);
    assert!(!another.stats().waited.is_zero(), "{:?}", another.pacing_stats());
}

/// A store that replies through a function of the number of earlier steps and the step.
#[derive(Clone, Debug)]
struct FakeStore {
    reply: ReplyFn,
    steps: Arc<Mutex<Vec<Step>>>,
}

type ReplyFn = fn(usize, Step) -> StepFuture<'static>;

impl FakeStore {
    fn new(reply: ReplyFn) -> Self {
        Self { reply, steps: Arc::default() }
    }

    /// Returns the number of steps so far for which this holds.
    fn count(&self, holds: impl Fn(&Step) -> bool) -> usize {
        self.steps.lock().unwrap().iter().filter(|step| holds(step)).count()
    }
}

impl SharedLimit for FakeStore {
    fn step<'a>(&'a self, _: &'a str, step: Step) -> StepFuture<'a> {
        let mut steps = self.steps.lock().unwrap();
        steps.push(step);
        (self.reply)(steps.len() - 1, step)
    }
}

fn reply(reply: Reply) -> StepFuture<'static> {
    Box::pin(ready(Ok(reply)))
}

fn wait(time: Duration, turns: u32, rate: f64) -> StepFuture<'static> {
    reply(Reply::Wait { time, slot: Slot { epoch: 7, turns }, rate })
}

fn go(turns: u32, rate: f64, is_probe: bool) -> StepFuture<'static> {
    reply(Reply::Go { epoch: if is_probe { u64::MAX } else { 1 }, is_probe, turns, rate })
}

#[tokio::test]
async fn faulty_store_fails_no_call_and_shortens_no_wait() {
    // The store, the `Retry-After` of the second request, and `max_delay` in milliseconds. A store
    // that admits nothing delays calls by `max_delay` and two seconds.
    let stores: [(&str, ReplyFn, &str, u64); 11] = [
        ("fails", |_, _| Box::pin(ready(Err("out of order".into()))), "0.05", 60_000),
        ("hangs", |_, _| Box::pin(pending()), "0.05", 60_000),
        ("replies free", |_, _| reply(Reply::Free), "0.05", 60_000),
        ("replies limited", |_, _| reply(Reply::Limited), "0.05", 60_000),
        ("replies noted", |_, _| reply(Reply::Noted), "0.05", 60_000),
        ("replies nonsense", |_, _| go(u32::MAX, f64::NAN, true), "0.05", 60_000),
        ("admits at once", |_, _| go(100, 1e9, false), "0.4", 60_000),
        ("has another clock", |_, _| wait(Duration::from_secs(3_600), 1, 0.1), "0.05", 60_000),
        ("never admits", |_, _| wait(Duration::MAX, 0, -1.0), "0.01", 50),
        ("admits nothing", |_, _| wait(Duration::ZERO, 0, 0.0), "0.01", 50),
        ("only reserves", |_, _| wait(Duration::ZERO, 1, 0.0), "0.01", 50),
    ];
    for (name, answer, retry_after, max_delay) in stores {
        let server = refusing(1, retry_after).await;
        let retry = RetryPolicy::default()
            .base_delay(Duration::from_millis(1))
            .max_delay(Duration::from_millis(max_delay));
        let store = FakeStore::new(answer);
        let pacing = Pacing::shared(store.clone());
        let client = builder(&server).retry(retry).pacing(pacing).build().unwrap();
        let start = Instant::now();
        let calls = if max_delay < 60_000 { 4 } else { 20 };
        for n in 0..calls {
            let answer = client.number("num_1").get().await;
            assert!(answer.is_ok(), "{name}, call {n}: {answer:?}");
        }
        let least = Duration::from_secs_f64(retry_after.parse().unwrap());
        let took = start.elapsed();
        assert!(least <= took && took < Duration::from_secs(10), "{name}: {took:?}");
        assert_eq!(server.requests().len(), calls + 1, "{name}");
        assert!(store.count(|_| true) > 0, "{name}: the store receives steps");
    }
}

#[tokio::test]
async fn unlimited_store_gets_only_background_checks() {
    let server = always(ok()).await;
    let store = FakeStore::new(|_, _| reply(Reply::Free));
    let client = client(&server, store.clone());
    let start = Instant::now();
    for _ in 0..50 {
        client.number("num_1").get().await.unwrap();
    }
    let looks = 1 + usize::try_from(start.elapsed().as_secs()).unwrap();
    let steps = store.count(|_| true);
    assert!((1..=looks).contains(&steps), "{steps} in {:?}", start.elapsed());
}

#[tokio::test]
async fn sharing_loss_and_recovery_are_logged_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // The subscriber is set for this thread, on which the whole test runs.
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = always(ok()).await;
    let store = FakeStore::new(|step, _| match step {
        ..2 => Box::pin(ready(Err("out of order".into()))),
        _ => reply(Reply::Free),
    });
    let client = client(&server, store.clone());
    let start = Instant::now();
    while store.count(|_| true) < 4 && start.elapsed() < Duration::from_secs(20) {
        client.number("num_1").get().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let text = log.text();
    assert_eq!(text.matches("pacing is not shared").count(), 1, "{text}");
    assert!(text.contains(r#"why="out of order""#), "{text}");
    assert_eq!(text.matches("pacing is shared again").count(), 1, "{text}");
}

#[tokio::test]
async fn background_check_slower_than_call_is_honoured() {
    let store = FakeStore::new(|_, step| match step {
        Step::Look => Box::pin(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Reply::Limited)
        }),
        _ => go(1, 1.0, false),
    });
    let server = always(ok()).await;
    let client = client(&server, store.clone());
    let start = Instant::now();
    while store.count(|step| *step != Step::Look) == 0 {
        client.number("num_1").get().await.unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the result of the background check is lost"
        );
    }
}

#[tokio::test]
async fn waiting_calls_share_one_store_request() {
    let server = refusing(0, "0.01").await;
    let store = FakeStore::new(|_, _| wait(Duration::from_millis(1), 0, 0.0));
    let client = client(&server, store.clone());
    let start = Instant::now();
    let call = || tokio::spawn(client.number("num_1").get());
    let refused = call();
    while client.stats().rejected == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let calls: Vec<_> = (0..200).map(|_| call()).collect();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(client.stats().queued, 201);
    refused.abort();
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    let most = 2 + usize::try_from(start.elapsed().as_millis()).unwrap() / 20;
    let steps = store.count(|_| true);
    assert!((2..=most).contains(&steps), "{steps} steps, expected at most {most}");
}

#[tokio::test]
async fn burst_of_429_is_reported_despite_dropped_calls() {
    let store = FakeStore::new(|_, step| match step {
        Step::Rejected(_) => reply(Reply::Noted),
        _ => reply(Reply::Free),
    });
    let reported = || store.count(|step| matches!(step, Step::Rejected(_)));
    let server = always(Answer::json(429, "{}").with("retry-after", "5")).await;
    let client = client(&server, store.clone());
    let calls = (0..50).map(|_| client.number("num_1").get());
    let calls = join_all(calls);
    // The calls wait for 5 s and are dropped before that.
    let _ = tokio::time::timeout(Duration::from_millis(300), calls).await;
    let start = Instant::now();
    while reported() == 0 && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(client.stats().rejected, 50);
    assert!((1..=10).contains(&reported()), "{} reports of 50", reported());
}

#[tokio::test]
async fn permanent_429_fails_near_the_timeout() {
    let server = always(Answer::json(429, "{}")).await;
    let timeout = Duration::from_millis(2_500);
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(10));
    let builder = builder(&server).timeout(timeout).retry(retry);
    let client = builder.pacing(Pacing::shared(InMemory::default())).build().unwrap();
    let start = Instant::now();
    let error = client.number("num_1").get().await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    // The last attempt is sent one second before the timeout.
    assert!(start.elapsed() + Duration::from_millis(1_100) >= timeout, "{:?}", start.elapsed());
}
