//! Memory and requests of many numbers. A separate test binary, because it measures the
//! memory of the whole process.
//!
//! The run of ten minutes, whose duration `WATCH_SECONDS` overrides: `cargo test --release -p
//! pilot-status-tests --test watch -- --ignored --nocapture`.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

use std::{
    env,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, future::ready};
use pilot_status::{Changed, Watch};
use serde_json::json;
use support::{Reply, Request, Server, always, client, ok, process};

const IDS: usize = 500;
const EVERY: Duration = Duration::from_secs(10);
/// The interval between changes across the fleet.
const CHANGES: Duration = Duration::from_secs(2);
const WINDOW: Duration = Duration::from_millis(100);

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("num_{n}"))
}

#[tokio::test]
async fn ten_thousand_ids_use_under_60_mb() {
    let server = always(ok()).await;
    let client = client(&server);
    let answered = client.numbers(ids(10_000)).get().filter(|(_, a)| ready(a.is_ok())).count();
    assert_eq!(answered.await, 10_000);
    let peak = process::memory("VmHWM");
    assert!(peak < 50 * process::MB, "{} MB", peak / process::MB);
    let mut watch = client.numbers(ids(10_000)).watch(Duration::from_secs(4));
    for _ in 0..10_000 {
        let change = watch.next().await.unwrap();
        assert_eq!(change.changed, [Changed::First]);
    }
    let peak = process::memory("VmHWM");
    println!("{} MB, with the server", peak / process::MB);
    assert!(peak < 60 * process::MB, "{} MB", peak / process::MB);
}

/// A server with a rate limit, whose numbers change one after the other.
struct Limited {
    start: Instant,
    a_second: f64,
    tokens: f64,
    last: Instant,
    /// The arrival time of each request, and true if it was rejected.
    seen: Vec<(Duration, bool)>,
}

impl Limited {
    const BURST: f64 = 20.0;

    fn new(a_second: f64) -> Self {
        let start = Instant::now();
        Self { start, a_second, tokens: Self::BURST, last: start, seen: Vec::new() }
    }

    fn answer(&mut self, request: &Request) -> Reply {
        let now = Instant::now();
        let passed = now.duration_since(self.last).as_secs_f64();
        self.tokens = (self.tokens + passed * self.a_second).min(Self::BURST);
        self.last = now;
        let refused = self.tokens < 1.0;
        let at = now.duration_since(self.start);
        self.seen.push((at, refused));
        if refused {
            return Reply::json(429, "{}").with("retry-after", "1");
        }
        self.tokens -= 1.0;
        let id = request.line.rsplit('/').next().unwrap_or_default();
        let n: u128 = id.trim_start_matches("num_").parse().unwrap();
        // The number of changes of this number so far.
        let changed = (at.as_millis() / CHANGES.as_millis() + IDS as u128 - n) / IDS as u128;
        let quality = if changed % 2 == 1 { "RED" } else { "GREEN" };
        Reply::json(200, json!({ "id": id, "health": { "qualityRating": quality } }).to_string())
    }

    /// Returns the maximum number of requests in any window of this length.
    fn most_in(&self, window: Duration) -> usize {
        let until = |end: Duration| self.seen.partition_point(|(at, _)| *at < end);
        let from = |n: usize| until(self.seen[n].0 + window) - n;
        (0..self.seen.len()).map(from).max().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes for each limit"]
async fn watch_of_500_ids_for_ten_minutes() {
    let seconds = env::var("WATCH_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(600);
    println!("{IDS} ids every {EVERY:?}, {seconds} s");
    println!(
        "| limit a second | requests a second | most in 100 ms, over the mean | refused | changes reported | interval at the end | memory |\n|---|---|---|---|---|---|---|"
    );
    for limit in [60.0, 40.0] {
        let limited = Arc::new(Mutex::new(Limited::new(limit)));
        let answer = Arc::clone(&limited);
        let server = Server::start(move |_, request| answer.lock().unwrap().answer(request));
        let server = server.await.unwrap();
        let mut watch = client(&server).numbers(ids(IDS)).watch(EVERY);
        let changes = run(&mut watch, Duration::from_secs(seconds)).await;
        let limited = limited.lock().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let [requests, most] = [limited.seen.len() as f64, limited.most_in(WINDOW) as f64];
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let mean = requests / seconds as f64;
        println!(
            "| {limit} | {mean:.1} | {:.2} | {} | {changes} | {:.1} s | {} MB |",
            most / (mean * WINDOW.as_secs_f64()),
            limited.seen.iter().filter(|(_, refused)| *refused).count(),
            watch.interval().as_secs_f64(),
            process::memory("VmRSS") / process::MB,
        );
    }
}

/// Returns the number of changes within this time, except the first of each number.
async fn run(watch: &mut Watch, time: Duration) -> usize {
    let mut changes = 0;
    let end = tokio::time::sleep(time);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return changes,
            Some(change) = watch.next() => {
                assert!(change.error.is_none(), "{change}");
                changes += usize::from(!change.has(Changed::First));
            }
        }
    }
}
