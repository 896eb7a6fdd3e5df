//! Ten minutes against a server with random faults. `SOAK_SECONDS` overrides the duration:
//!
//! `cargo test --release -p pilot-status-tests --features like-an-application --test soak --
//! --ignored --nocapture`
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

use std::{
    env,
    time::{Duration, Instant},
};

use pilot_status::{Client, Error, Pacing, RetryPolicy};
use support::{
    faults,
    hostile::{Hostile, Protocol, Step},
    outcome::Outcome,
    process::{MB, files, memory},
};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{sleep, timeout},
};

const TASKS: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_DELAY: Duration = Duration::from_millis(100);
/// The id in faults.
const ID_OF_FAULTS: &str = "1";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn soak_under_faults_leaks_nothing() {
    let seconds = env::var("SOAK_SECONDS").map_or(600, |seconds| seconds.parse().unwrap());
    let time = Duration::from_secs(seconds);
    let before = files_and_tasks();
    let server = server();
    let clients = [Pacing::Adaptive, Pacing::Off].map(|pacing| client(&server, pacing));
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for client in clients.iter().cycle().take(TASKS).cloned() {
        tasks.spawn(work(client, end));
    }
    // Pools and buffers have reached their size after this time.
    sleep(time / 5).await;
    let early = memory("VmRSS");
    let successes: u64 = tasks.join_all().await.into_iter().sum();
    let late = memory("VmRSS");
    println!("{:?}", server.seen());
    println!("{successes} successes; memory {} MB early, {} MB late", early / MB, late / MB);
    drop((clients, server));
    assert!(successes > 0);
    assert!(late < early + 16 * MB, "memory grew by 16 MB or more");
    for _ in 0..50 {
        if files_and_tasks() != before {
            sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(files_and_tasks(), before, "no open file and no task is left over");
}

fn files_and_tasks() -> (usize, usize) {
    (files(), Handle::current().metrics().num_alive_tasks())
}

/// Makes one call after the other until `end`, and returns the number of successes.
async fn work(client: Client, end: Instant) -> u64 {
    let mut successes = 0;
    while Instant::now() < end {
        // Few ids, so that refreshes are shared.
        let id = format!("num_{}", fastrand::u32(..32));
        let is_dropped = fastrand::u8(..) < 8;
        let patience = Duration::from_millis(fastrand::u64(..50));
        let patience = if is_dropped { patience } else { TIMEOUT * 2 };
        let Ok(result) = timeout(patience, call(&client, &id)).await else {
            assert!(is_dropped, "a call to {id} exceeded its timeout");
            continue;
        };
        match Outcome::of(&result, 1).what {
            "success" => successes += 1,
            // Wait as a caller would, instead of retrying immediately.
            "not sent" => sleep(MAX_DELAY).await,
            _ => {}
        }
    }
    successes
}

/// Makes one call and checks that it did not receive another call's response.
async fn call(client: &Client, id: &str) -> Result<(), Error> {
    let number = client.number(id);
    let answered = match fastrand::u8(..8) {
        0 => return number.status().await.map(drop),
        1 => return number.delete().await.map(drop),
        2 | 3 => number.refresh().await?,
        _ => number.get().await?,
    };
    assert!([id, ID_OF_FAULTS].contains(&&*answered.id), "{} for {id}", answered.id);
    Ok(())
}

fn client(server: &Hostile, pacing: Pacing) -> Client {
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
        .build()
        .unwrap()
}

/// Starts a server that plays a random fault for one in four requests.
fn server() -> Hostile {
    let good = |id: &str| format!(r#"{{"id":"{id}","state":"OPEN","ok":true}}"#);
    let faults = faults::all(&good(ID_OF_FAULTS));
    Hostile::start(Protocol::Http1, move |number, request| {
        // The same for both calls of one number.
        let mut random = fastrand::Rng::with_seed(number as u64);
        if random.u8(..) < 64 {
            return faults[random.usize(..faults.len())].script.clone();
        }
        let id = request.line.split(['/', '?']).find(|part| part.starts_with("num_"));
        let answer = id.map(|id| Step::Send(faults::answer("200 OK", "", &good(id)).into()));
        [Step::Read].into_iter().chain(answer).collect()
    })
    .unwrap()
}
