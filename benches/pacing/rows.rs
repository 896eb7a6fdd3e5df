//! Loads of other forms: all calls at once, overload, a server that always rejects, and a proxy that
//! counts rejected requests.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use pilot_status::simulation::{Pacer, Store, TurnRequest};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    limiter::{Kind, Limit, Limiter},
    play::{DELAYS, Distant, MAX_ATTEMPTS, now},
};

const BUCKET: Limit = Limit { count: 10.0, per: 1.0, burst: 20.0 };
const MS: fn(u64) -> Duration = Duration::from_millis;
const TIMEOUT: Duration = Duration::from_secs(90);

/// A server behind a limiter. It sends `Retry-After: 1`, unless it counts rejected requests.
struct Server {
    limiter: RefCell<Limiter>,
    pacer: Arc<Pacer>,
    start: Instant,
    refused: Cell<usize>,
    /// Seconds in which all responses are 429s.
    outage: Range<f64>,
}

impl Server {
    fn new(kind: Kind, limit: Limit, has_store: bool) -> Self {
        let limiter = RefCell::new(Limiter::new(kind, limit, 0.0));
        let store = || Store { limit: Arc::new(Distant::new(0.001)), name: String::new() };
        let pacer = Pacer::new(DELAYS, has_store.then(store));
        Self { limiter, pacer, start: now(), refused: Cell::new(0), outage: 0.0..0.0 }
    }

    /// Makes a call. Returns true if it was served.
    async fn call(&self, timeout: Duration) -> bool {
        let (mut ticket, mut rejections) = (None, 0);
        let deadline = now() + timeout;
        for attempt in 1..=MAX_ATTEMPTS {
            let request = TurnRequest {
                now: now(),
                deadline,
                is_last_chance: rejections > 1 && attempt == MAX_ATTEMPTS,
                ticket: &mut ticket,
            };
            let Ok(in_flight) = self.pacer.admit(request).await else { return false };
            sleep(MS(5)).await;
            let time = (now() - self.start).as_secs_f64();
            let is_outage = self.outage.contains(&time);
            let admitted = !is_outage && self.limiter.borrow_mut().admit(time).is_ok();
            if admitted {
                in_flight.served(None);
                return now() <= deadline;
            }
            rejections += 1;
            self.refused.set(self.refused.get() + 1);
            let sends_wait = !self.limiter.borrow().counts_refused();
            in_flight.rejected(sends_wait.then_some(Duration::from_secs(1)));
        }
        false
    }

    /// Plays a load, and returns its row: the served calls, the time that they took, and the
    /// refused requests.
    async fn row(&self, name: &str, served: impl Future<Output = Vec<bool>>) -> String {
        let served = served.await.into_iter().filter(|is_served| *is_served).count();
        let seconds = (now() - self.start).as_secs_f64();
        format!("| {name} | {served} | {seconds:.1} | {} |\n", self.refused.get())
    }
}

/// Returns the rows as a table.
pub(crate) fn rows() -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let Ok(runtime) = runtime.enable_time().start_paused(true).build() else {
        return String::new();
    };
    fastrand::seed(1);
    let mut text = "| load | served | seconds | refused |\n|---|---|---|---|\n".to_owned();
    runtime.block_on(async {
        let nothing = Limit { count: 1e-9, per: 1.0, burst: 0.0 };
        // The limit, the number of calls, how many of them begin in a second, and the timeout.
        for (name, limit, calls, a_second, timeout) in [
            ("100 calls", BUCKET, 100, u64::MAX, TIMEOUT),
            ("30 a second for 40 s, timeout 3 s", BUCKET, 1_200, 30, MS(3_000)),
            ("429 at all times, timeout 15 s", nothing, 1, u64::MAX, MS(15_000)),
        ] {
            for (name, has_store) in [(name, false), ("the same, a store", true)] {
                let server = &Server::new(Kind::TokenBucket, limit, has_store);
                let calls = (0..calls).map(|n| async move {
                    sleep_until(server.start + MS(n * 1_000 / a_second)).await;
                    server.call(timeout).await
                });
                text += &server.row(name, join_all(calls)).await;
            }
        }
        let mut server = Server::new(Kind::TokenBucket, BUCKET, false);
        server.outage = 20.0..100.0;
        let server = &server;
        let tasks = (0..4).map(|n| async move {
            sleep(MS(1_250 * n)).await;
            let mut outcomes = Vec::new();
            while now() - server.start < MS(160_000) {
                outcomes.push(server.call(TIMEOUT).await);
                sleep(MS(5_000)).await;
            }
            outcomes
        });
        let name = "4 tasks that poll every 5 s for 160 s, 429s from second 20 to 100";
        text += &server.row(name, async { join_all(tasks).await.concat() }).await;
        let haproxy = Limit { count: 100.0, per: 10.0, burst: 0.0 };
        let server = &Server::new(Kind::RequestRate, haproxy, false);
        let tasks = stream::iter((0..400).map(|_| server.call(TIMEOUT)));
        let calls = tasks.buffer_unordered(64).collect();
        let name = "HAProxy's `http_req_rate(10s) gt 100`, 400 calls of 64 tasks";
        text += &server.row(name, calls).await;
    });
    text
}
