//! The same on real sockets: a loopback server with each limiter, and 64 tasks that share one
//! client.

use std::{
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pilot_status::{Client, RetryPolicy};
use support::{Reply, Server};

use crate::{
    limiter::{Kind, Limit, Limiter},
    outcome::Outcome,
    setting::{LIMITERS, Scenario, Setting, X1, setting},
    sim, table,
};

/// Tens a second, so that it ends in seconds.
const LIMIT: Limit = Limit { count: 60.0, per: 2.0, burst: 20.0 };
const REQUESTS: usize = 400;
const RUNS: u64 = 3;
/// Seconds that the server takes to answer, so that all tasks have sent before the first is
/// refused.
const ROUND_TRIP: f64 = 0.05;
pub(crate) const NUMBER: &str = r#"{"id":"num_1"}"#;

/// Prints rejections and drain times beside those of the simulation.
pub(crate) fn compare() -> Result<(), Box<dyn Error>> {
    println!("{REQUESTS} requests of 64 tasks, 60 per 2 s (burst 20), the means of {RUNS} seeds");
    println!(
        "| limiter | rejected: sockets, simulation, ratio | seconds: sockets, simulation, ratio |"
    );
    println!("|---|---|---|");
    let runtime = tokio::runtime::Runtime::new()?;
    for (kind, retry_after) in LIMITERS {
        let (rejected, seconds) = runtime.block_on(measured(kind, retry_after))?;
        let (expected, expected_seconds) = simulated(kind, retry_after);
        println!(
            "| {}, {} Retry-After | {rejected:.0}, {expected:.0}, {:.2} | {seconds:.1}, {expected_seconds:.1}, {:.2} |",
            table::name(kind),
            if retry_after { "with" } else { "without" },
            rejected / expected,
            seconds / expected_seconds,
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn simulated(kind: Kind, retry_after: bool) -> (f64, f64) {
    let scenario = Scenario { keeps_last: false, ..X1 };
    let setting = setting(scenario, kind, LIMIT, retry_after);
    let setting = Setting { requests: REQUESTS, round_trip: ROUND_TRIP, ..setting };
    let outcomes: Vec<_> = (0..RUNS).map(|seed| sim::run(Setting { seed, ..setting })).collect();
    let mean = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / RUNS as f64;
    (mean(|o| o.rejected_at.len() as f64), mean(|o| o.drain))
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
async fn measured(kind: Kind, retry_after: bool) -> Result<(f64, f64), Box<dyn Error>> {
    let (mut rejected, mut seconds) = (0.0, 0.0);
    for seed in 0..RUNS {
        let offset = sim::offset(seed, LIMIT);
        let (rejections, time) = drain(kind, retry_after, offset).await?;
        rejected += rejections as f64 / RUNS as f64;
        seconds += time.as_secs_f64() / RUNS as f64;
    }
    Ok((rejected, seconds))
}

async fn drain(
    kind: Kind,
    retry_after: bool,
    offset: f64,
) -> Result<(usize, Duration), Box<dyn Error>> {
    let server = limited(Limiter::new(kind, LIMIT, offset), retry_after).await?;
    // Attempts without end, as in the simulation here: no call is given up.
    let retry = RetryPolicy::default().max_attempts(u32::MAX);
    let client =
        Client::builder().api_key("ps_bench").base_url(server.url()).retry(retry).build()?;
    let left = Arc::new(AtomicUsize::new(REQUESTS));
    let start = now();
    let tasks = (0..64).map(|_| {
        let (client, left) = (client.clone(), Arc::clone(&left));
        tokio::spawn(async move {
            let take = |n: usize| n.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                client.number("num_1").get().await?;
            }
            Ok::<_, pilot_status::Error>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok((server.requests().len() - REQUESTS, now() - start))
}

async fn limited(limiter: Limiter, retry_after: bool) -> std::io::Result<Server> {
    let (limiter, start) = (Mutex::new(limiter), now());
    Server::start(move |_, _| {
        let time = (now() - start).as_secs_f64();
        let verdict = limiter.lock().map(|mut limiter| limiter.admit(time));
        let reply = match verdict {
            Ok(Ok(())) => Reply::json(200, NUMBER),
            Ok(Err(next)) if retry_after => {
                let seconds = (next - time).ceil().max(1.0);
                Reply::json(429, "{}").with("retry-after", seconds.to_string())
            }
            _ => Reply::json(429, "{}"),
        };
        Reply::Late(Duration::from_secs_f64(ROUND_TRIP), Box::new(reply))
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is where the time comes in")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
