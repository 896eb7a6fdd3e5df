//! Calls against a hostile server, network or proxy have the outcomes of docs/measured/trust.md. A
//! separate test binary, because it opens many connections.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

#[cfg(feature = "like-an-application")]
mod compression;
mod page;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use pilot_status::{Client, Error, RetryPolicy};
use support::{
    KEY, Request, example,
    faults::{self, Fault, Time, answer},
    hostile::{Hostile, Protocol, Script, Step},
    outcome::{Outcome, printed},
};

use crate::page::Part;

/// The id of the requested number, as in the faults' responses.
const ID: &str = "1";
/// A sample of personal data in a response.
const PHONE: &str = "5511999999999";

const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(400);
const TIMEOUT: Duration = Duration::from_secs(1);
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The longest duration of a call without waits, including delays of a busy machine. It is shorter
/// than any wait, so that a wait shows.
const WORK: Duration = Duration::from_millis(300);
/// Response bytes that sockets and hyper buffer beyond the body limit.
const BUFFERS: u64 = 2 * 1024 * 1024;
/// The number of measurements: a busy machine delays some of them.
const TRIES: u32 = 10;
/// The number of cells measured at once; most of them only wait.
const AT_ONCE: usize = 6;

/// The measured calls. A refresh sends the same request as a get, with a parameter.
const CALLS: [&str; 3] = ["get", "status", "delete"];

/// The attempts in which a fault occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    First,
    All,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_matches_trust_page() {
    run("HTTP/1.1", faults::all(&good())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg(feature = "like-an-application")]
async fn http2_and_compression_faults_match_trust_page() {
    let good = good();
    let faults = [faults::http2::all(&good), compression::all(&good)];
    run("HTTP/2 and compression", faults.into_iter().flatten().collect()).await;
}

/// Plays these faults and compares the results with a part of the page.
async fn run(part: &str, faults: Vec<Fault>) {
    let part = Arc::new(Part::read(part));
    let faults: Vec<_> = faults.into_iter().map(Arc::new).collect();
    let jobs = faults.iter().flat_map(|fault| CALLS.map(|call| (Arc::clone(fault), call)));
    let cell = |(fault, call): (Arc<Fault>, &'static str)| {
        let part = Arc::clone(&part);
        let cell = async move { measure(&fault, call, part.cell(fault.name, call)).await };
        async { tokio::spawn(cell).await.unwrap() }
    };
    let cells: Vec<_> = stream::iter(jobs).map(cell).buffered(AT_ONCE).collect().await;
    part.compare(&faults, &cells);
}

/// Returns a body that is correct for every operation: the documented example plus the field of a
/// delete response.
fn good() -> String {
    let mut good = example();
    good["id"] = ID.into();
    good["ok"] = true.into();
    good.to_string()
}

/// Measures one cell and repeats the measurement until it is the expected one, because a busy
/// machine is sometimes late.
async fn measure(fault: &Fault, call: &str, expected: Option<&str>) -> String {
    for _ in 1..TRIES {
        match cell(fault, call).await {
            Ok(found) if expected.is_none_or(|expected| expected == found) => return found,
            other => eprintln!("again: {}, {call}: {other:?}", fault.name),
        }
    }
    cell(fault, call).await.unwrap_or_else(|late| panic!("{}, {call}: {late}", fault.name))
}

/// Returns the outcome of a call whose attempts all meet the fault, and before it `retried` if a
/// call succeeds whose first attempt meets the fault.
async fn cell(fault: &Fault, call: &str) -> Result<String, String> {
    let first = outcome(fault, When::First, call).await?;
    let all = outcome(fault, When::All, call).await?;
    match (first.what, first.attempts, all.attempts) {
        _ if first == all && all.attempts == 1 => Ok(all.what.to_owned()),
        ("success", 2, 3) => Ok(format!("retried, {}", all.what)),
        ("success", 1, _) => Ok(format!("success, or {} if it recurs", all.what)),
        _ => Err(format!("{first:?}, then {all:?}")),
    }
}

/// Makes a call and returns its outcome. Fails if it was too early or too late, or if an attempt
/// did not reach the server.
async fn outcome(fault: &Fault, when: When, operation: &str) -> Result<Outcome, String> {
    let server = Hostile::start(fault.protocol, script(fault, when)).unwrap();
    let client = client(&server, fault.protocol);
    if fault.before.is_some() {
        call(&client, "get").await.map_err(|error| format!("the call before: {error}"))?;
        // Wait until the client, even on a busy machine, has read the bytes after the response.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let before = server.seen();
    let start = Instant::now();
    let result = call(&client, operation).await;
    let elapsed = start.elapsed();
    let seen = server.seen();
    if let Err(error) = &result {
        let printed = printed(error);
        assert!(!printed.contains(KEY) && !printed.contains(PHONE), "{printed}");
    }
    let attempts = seen.attempts - before.attempts;
    let outcome = Outcome::of(&result, attempts);
    if outcome.attempts != attempts {
        return Err(format!("{outcome:?}, but the server saw {seen:?}"));
    }
    let (least, most) = bounds(fault.time, when, &outcome);
    if !(least..=most).contains(&elapsed) {
        return Err(format!("{elapsed:?}, not {least:?} to {most:?}"));
    }
    if fault.endless && fault.time == Time::Prompt {
        let most = (MAX_RESPONSE_BYTES as u64 + BUFFERS) * attempts as u64;
        if seen.bytes > most {
            return Err(format!("{} bytes, over {most}", seen.bytes));
        }
    }
    Ok(outcome)
}

/// Returns the shortest and the longest duration of a call.
fn bounds(time: Time, when: When, outcome: &Outcome) -> (Duration, Duration) {
    let retries = u32::try_from(outcome.attempts).unwrap().saturating_sub(1);
    let failed = retries + u32::from(outcome.what != "success");
    let (least, work) = match time {
        Time::Prompt => (Duration::ZERO, WORK),
        Time::AttemptTimeout if when == When::All && retries > 0 => (TIMEOUT, Duration::ZERO),
        Time::AttemptTimeout => (ATTEMPT_TIMEOUT, WORK * retries),
        // The client pings after a quarter of `attempt_timeout` and waits a quarter for the answer.
        Time::PingTimeout => (ATTEMPT_TIMEOUT / 2 * failed, WORK),
    };
    (least, least + (least / 10 + work).max(WORK / 3))
}

/// Returns the function that selects the server's scripts.
fn script(fault: &Fault, when: When) -> impl Fn(usize, &Request) -> Script + use<> {
    let good = match fault.protocol {
        Protocol::Http1 => vec![Step::Read, Step::Send(answer("200 OK", "", &good()).into())],
        Protocol::Http2 => faults::http2::answer(&good()),
    };
    let (before, script) = (fault.before.clone(), fault.script.clone());
    let from = usize::from(before.is_some());
    move |n, _| match &before {
        Some(before) if n == 0 => before.clone(),
        _ if when == When::First && n > from => good.clone(),
        _ => script.clone(),
    }
}

async fn call(client: &Client, operation: &str) -> Result<(), Error> {
    let number = client.number(ID);
    match operation {
        "get" => number.get().await.map(drop),
        "status" => number.status().await.map(drop),
        "delete" => number.delete().await.map(drop),
        _ => panic!("no operation {operation}"),
    }
}

fn client(server: &Hostile, protocol: Protocol) -> Client {
    let retry = RetryPolicy::default()
        .max_attempts(3)
        .base_delay(Duration::from_millis(4))
        .max_delay(Duration::from_millis(500))
        .without_budget();
    Client::builder()
        .api_key(KEY)
        .base_url(format!("http://{}", server.address))
        .retry(retry)
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .timeout(TIMEOUT)
        .max_response_bytes(MAX_RESPONSE_BYTES)
        .configure_http(move |http| match protocol {
            #[cfg(feature = "like-an-application")]
            Protocol::Http2 => http.http2_prior_knowledge(),
            _ => http,
        })
        .build()
        .unwrap()
}
