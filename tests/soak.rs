//! Ten minutes against a server with random faults. `SOAK_SECONDS` and `SOAK_SEED` override the
//! duration and the seed:
//!
//! `cargo test --release -p pilot-status-tests --features like-an-application --test soak --
//! --ignored --nocapture`
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

use std::{
    collections::BTreeMap,
    env,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use pilot_status::{Client, Error, Pacing, RetryPolicy};
use support::{
    faults::{self, Route},
    hostile::{Hostile, Protocol, Script, Step},
    outcome::Outcome,
    process::{MB, files, memory},
};
use tokio::{
    runtime::{Handle, Runtime},
    task::JoinSet,
    time::{error::Elapsed, sleep, timeout},
};

#[cfg(feature = "like-an-application")]
const PROTOCOLS: &[Protocol] = &[Protocol::Http1, Protocol::Http2];
#[cfg(not(feature = "like-an-application"))]
const PROTOCOLS: &[Protocol] = &[Protocol::Http1];

const TASKS: u64 = 64;
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_DELAY: Duration = Duration::from_millis(100);
/// A placeholder for the requested id, of the same length.
const ANY_ID: &str = "num_00000000";

/// The number of calls per outcome.
type Outcomes = BTreeMap<String, u64>;

#[test]
#[ignore = "takes ten minutes"]
fn soak_under_faults_leaks_nothing() {
    let seconds = setting("SOAK_SECONDS", 600);
    let seed = setting("SOAK_SEED", fastrand::u64(..));
    println!("seed {seed}, {seconds} s");
    Runtime::new().unwrap().block_on(soak(Duration::from_secs(seconds), seed));
}

fn setting<T: FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

async fn soak(time: Duration, seed: u64) {
    let before = (files(), alive());
    let servers: Vec<_> = PROTOCOLS.iter().map(|protocol| server(*protocol, seed)).collect();
    let clients: Vec<_> = PROTOCOLS
        .iter()
        .zip(&servers)
        .flat_map(|(protocol, server)| {
            [Pacing::Adaptive, Pacing::Off]
                .map(|pacing| (client(server, *protocol, pacing), *protocol))
        })
        .collect();
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for (task, (client, protocol)) in (0..TASKS).zip(clients.iter().cycle().cloned()) {
        tasks.spawn(work(client, protocol, Rng::with_seed(seed ^ task), end));
    }
    // Pools and buffers have reached their size after this time.
    sleep(time / 5).await;
    let early = memory("VmRSS");
    let outcomes = join(tasks).await;
    let late = memory("VmRSS");
    let counts: Vec<_> = servers.iter().map(Hostile::seen).collect();
    drop((clients, servers));

    for (outcome, calls) in &outcomes {
        println!("{calls:>9} {outcome}");
    }
    for (protocol, counts) in PROTOCOLS.iter().zip(counts) {
        println!(
            "{protocol:?}: {} requests on {} connections",
            counts.attempts, counts.connections
        );
    }
    println!("memory {} MB early, {} MB late", early / MB, late / MB);
    assert!(late < early + 16 * MB, "memory grew by 16 MB or more");
    settle(before).await;
    println!("no task and no file is left over");
}

/// Waits for all tasks and sums their outcomes.
async fn join(mut tasks: JoinSet<Outcomes>) -> Outcomes {
    let mut all = Outcomes::new();
    while let Some(outcomes) = tasks.join_next().await {
        for (outcome, calls) in outcomes.expect("no task panics") {
            *all.entry(outcome).or_default() += calls;
        }
    }
    all
}

/// Waits until the counts of open files and live tasks are back at their initial values.
async fn settle(before: (usize, usize)) {
    for _ in 0..50 {
        if (files(), alive()) == before {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        (files(), alive()),
        before,
        "open files and live tasks return to their initial counts"
    );
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Makes one call after the other until `end`.
async fn work(client: Client, protocol: Protocol, mut random: Rng, end: Instant) -> Outcomes {
    let mut outcomes = Outcomes::new();
    // Few ids, so that refreshes are shared. The HTTP/2 server does not read paths and knows only
    // one.
    let ids = if protocol == Protocol::Http1 { 32 } else { 1 };
    while Instant::now() < end {
        let id = format!("num_{:08}", random.u32(0..ids));
        let patience =
            if random.u8(..) < 8 { Duration::from_millis(random.u64(..50)) } else { TIMEOUT * 2 };
        let started = Instant::now();
        let outcome = match timeout(patience, call(&client, &id, &mut random)).await {
            Ok(result) => Outcome::of(&result, 1).what,
            Err(Elapsed { .. }) if patience < TIMEOUT => "dropped by the caller".to_owned(),
            Err(Elapsed { .. }) => panic!("a call to {id} exceeded its timeout"),
        };
        assert!(started.elapsed() < TIMEOUT * 2, "{outcome} after {:?}", started.elapsed());
        if outcome == "not sent" {
            // Wait as a caller would, instead of retrying immediately.
            sleep(MAX_DELAY).await;
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

/// Makes one call and checks that it did not receive another call's response.
async fn call(client: &Client, id: &str, random: &mut Rng) -> Result<(), Error> {
    let number = client.number(id);
    let answered = match random.u8(..8) {
        0 => return number.status().await.map(drop),
        1 => return number.delete().await.map(drop),
        2 | 3 => number.refresh().await?,
        _ => number.get().await?,
    };
    // Some faults send a fixed id without this prefix.
    assert!(answered.id == id || !answered.id.starts_with("num_"), "{} for {id}", answered.id);
    Ok(())
}

fn client(server: &Hostile, protocol: Protocol, pacing: Pacing) -> Client {
    let ms = Duration::from_millis;
    let retry = RetryPolicy::default().base_delay(ms(5)).max_delay(MAX_DELAY);
    Client::builder()
        .api_key("ps_1")
        .base_url(format!("http://{}", server.address))
        .retry(retry)
        .pacing(pacing)
        .attempt_timeout(ms(200))
        .timeout(TIMEOUT)
        .max_response_bytes(64 * 1024)
        .configure_http(move |http| match protocol {
            #[cfg(feature = "like-an-application")]
            Protocol::Http2 => http.http2_prior_knowledge(),
            _ => http,
        })
        .build()
        .unwrap()
}

/// Starts a server that plays a fault for one in four requests, chosen by the seed.
fn server(protocol: Protocol, seed: u64) -> Hostile {
    let good = format!(r#"{{"id":"{ANY_ID}","state":"OPEN","ok":true}}"#);
    let (right, faults) = match protocol {
        Protocol::Http1 => (
            vec![Step::Read, Step::Send(faults::answer("200 OK", "", &good).into())],
            faults::all(&good),
        ),
        Protocol::Http2 => (faults::http2::answer(&good), faults::http2::all(&good)),
    };
    let faults: Vec<_> = faults
        .into_iter()
        .filter(|fault| fault.route == Route::Server)
        .map(|fault| fault.scripts)
        .collect();
    let faults = Arc::new(faults);
    Hostile::start_in(protocol, move |number, path| {
        let mut random = Rng::with_seed(seed.wrapping_add(number as u64));
        if random.u8(..) < 192 {
            return about(&right, path);
        }
        let scripts = &faults[random.usize(..faults.len())];
        about(&scripts[random.usize(..scripts.len())], path)
    })
    .unwrap()
}

/// Returns the script with the requested id.
fn about(script: &Script, path: &str) -> Script {
    let id = path.split(['/', '?']).find(|part| part.starts_with("num_")).unwrap_or(ANY_ID);
    let replace = |step: &Step| match step {
        Step::Send(bytes) => {
            let mut bytes = bytes.clone();
            let places = bytes.windows(ANY_ID.len()).enumerate();
            let places: Vec<_> =
                places.filter(|(_, w)| *w == ANY_ID.as_bytes()).map(|(n, _)| n).collect();
            for place in places {
                bytes[place..place + ANY_ID.len()].copy_from_slice(id.as_bytes());
            }
            Step::Send(bytes)
        }
        other => other.clone(),
    };
    script.iter().map(replace).collect()
}
