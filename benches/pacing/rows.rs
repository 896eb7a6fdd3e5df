//! Loads that a benchmark with an idle past does not cover: a low past load, overload, processes of
//! different ages, and a proxy that counts rejected requests.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use pilot_status::simulation::{Law, Pacer, Store, TurnRequest};
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
    start: Instant,
    served: Cell<usize>,
    refused: Cell<usize>,
}

impl Server {
    fn new(kind: Kind, limit: Limit) -> Self {
        let limiter = RefCell::new(Limiter::new(kind, limit, 0.0));
        Self { limiter, start: now(), served: Cell::new(0), refused: Cell::new(0) }
    }

    /// Makes a call. Returns true if it was served.
    async fn call(&self, pacer: &Arc<Pacer>, takes: Duration, timeout: Duration) -> bool {
        let (mut ticket, mut rejections) = (None, 0);
        let deadline = now() + timeout;
        for attempt in 1..=MAX_ATTEMPTS {
            let is_last_chance = rejections > 1 && attempt == MAX_ATTEMPTS;
            let request = TurnRequest { now: now(), deadline, is_last_chance, ticket: &mut ticket };
            let Ok(in_flight) = pacer.admit(request).await else { return false };
            sleep(takes).await;
            let time = (now() - self.start).as_secs_f64();
            let admitted = self.limiter.borrow_mut().admit(time).is_ok();
            if admitted {
                in_flight.served(None);
                self.served.set(self.served.get() + 1);
                return now() <= deadline;
            }
            rejections += 1;
            self.refused.set(self.refused.get() + 1);
            let sends_wait = !self.limiter.borrow().counts_refused();
            in_flight.rejected(sends_wait.then_some(Duration::from_secs(1)));
        }
        false
    }

    /// Makes `calls` calls at once. Returns how many were served, and the time that this took.
    async fn drain(&self, pacers: &[Arc<Pacer>], calls: usize) -> (usize, f64) {
        let start = now();
        let calls = (0..calls).map(|n| self.call(&pacers[n % pacers.len()], MS(5), TIMEOUT));
        (count(join_all(calls).await), (now() - start).as_secs_f64())
    }
}

fn alone() -> Vec<Arc<Pacer>> {
    vec![Pacer::new(Law::DEFAULT, DELAYS, None)]
}

fn shared(processes: usize) -> Vec<Arc<Pacer>> {
    let store = Arc::new(Distant::new(Law::DEFAULT, 0.001));
    let one = |_| {
        let store = Store { limit: Arc::<Distant>::clone(&store), name: String::new() };
        Pacer::new(Law::DEFAULT, DELAYS, Some(store))
    };
    (0..processes).map(one).collect()
}

/// Makes `count` calls, one every `every`, each of which takes `takes`.
async fn past(server: &Server, pacer: &Arc<Pacer>, count: u32, every: Duration, takes: Duration) {
    let start = now();
    let calls = (0..count).map(|n| async move {
        sleep_until(start + every * n).await;
        server.call(pacer, takes, TIMEOUT).await
    });
    join_all(calls).await;
}

/// Returns the rows as a table.
pub(crate) fn rows() -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let Ok(runtime) = runtime.enable_time().start_paused(true).build() else {
        return String::new();
    };
    fastrand::seed(1);
    let mut text = "| load | served | seconds | refused |\n|---|---|---|---|\n".to_owned();
    let mut line = |name: &str, server: &Server, (served, seconds): (usize, f64)| {
        text += &format!("| {name} | {served} | {seconds:.1} | {} |\n", server.refused.get());
    };
    runtime.block_on(async {
        for (name, pacers) in [("100 calls", alone()), ("100 calls, a store", shared(1))] {
            let server = Server::new(Kind::TokenBucket, BUCKET);
            line(name, &server, server.drain(&pacers, 100).await);
        }
        let (server, pacers) = (Server::new(Kind::TokenBucket, BUCKET), alone());
        let (result, ()) = tokio::join!(
            async {
                sleep(MS(60_000)).await;
                server.drain(&pacers, 100).await
            },
            past(&server, &pacers[0], 12, MS(5_000), MS(6_000)),
        );
        line("two slow calls for a minute, then 100", &server, result);
        let (server, pacers) = (Server::new(Kind::TokenBucket, BUCKET), alone());
        let (result, ()) = tokio::join!(
            async {
                sleep(MS(60_000)).await;
                server.drain(&pacers, 200).await
            },
            past(&server, &pacers[0], 160, MS(500), MS(1_000)),
        );
        line("a watch of 120 a minute, then 200", &server, result);
        let (server, pacers) = (Server::new(Kind::TokenBucket, BUCKET), shared(1));
        server.call(&pacers[0], MS(5), TIMEOUT).await;
        sleep(MS(60_000)).await;
        line(
            "a store: one request, 60 s idle, then 100",
            &server,
            server.drain(&pacers, 100).await,
        );
        let (server, pacers) = (Server::new(Kind::TokenBucket, BUCKET), shared(2));
        past(&server, &pacers[0], 5_000, MS(120), MS(5)).await;
        line(
            "a store: 5,000 calls served by one process, then 100 by it and a new one",
            &server,
            server.drain(&pacers, 100).await,
        );
        for (name, pacers) in
            [("30 a second for 40 s, timeout 3 s", alone()), ("the same, a store", shared(1))]
        {
            let server = Server::new(Kind::TokenBucket, BUCKET);
            let result = overload(&server, &pacers[0]).await;
            line(name, &server, result);
        }
        for (name, pacers) in
            [("429 at all times, timeout 15 s", alone()), ("the same, a store", shared(1))]
        {
            let server =
                Server::new(Kind::TokenBucket, Limit { count: 1e-9, per: 1.0, burst: 0.0 });
            let start = now();
            server.call(&pacers[0], MS(5), MS(15_000)).await;
            line(name, &server, (0, (now() - start).as_secs_f64()));
        }
        let haproxy = Limit { count: 100.0, per: 10.0, burst: 0.0 };
        let (server, pacers) = (Server::new(Kind::RequestRate, haproxy), alone());
        let tasks = (0..64).map(|task| {
            let (server, pacer) = (&server, &pacers[0]);
            async move {
                for _ in 0..400 / 64 + usize::from(task < 400 % 64) {
                    server.call(pacer, MS(5), TIMEOUT).await;
                }
            }
        });
        let start = now();
        join_all(tasks).await;
        let result = (server.served.get(), (now() - start).as_secs_f64());
        line("HAProxy's `http_req_rate(10s) gt 100`, 400 calls of 64 tasks", &server, result);
    });
    text
}

async fn overload(server: &Server, pacer: &Arc<Pacer>) -> (usize, f64) {
    let start = now();
    let calls = (0..1_200).map(|n| async move {
        sleep_until(start + MS(n * 1_000 / 30)).await;
        server.call(pacer, MS(5), MS(3_000)).await
    });
    (count(join_all(calls).await), (now() - start).as_secs_f64())
}

fn count(served: Vec<bool>) -> usize {
    served.into_iter().filter(|is_served| *is_served).count()
}
