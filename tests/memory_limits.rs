//! Memory stays within the limits for every response. A separate test binary, because it measures
//! the memory of the whole process.
#![cfg(target_os = "linux")]

use futures_util::future;
use pilot_status::{Client, RetryPolicy};
use support::{
    hostile::{Hostile, Protocol, Script, Step},
    process::{MB, forget_peak, memory},
};

const LIMIT: usize = 4 * 1024 * 1024;
const CALLS: usize = 16;
const TRIES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn response_memory_stays_within_twice_limit_per_call() {
    for (name, script) in answers() {
        let most = 2 * (LIMIT * CALLS) as u64;
        // Other activity in the process only adds memory, so the smallest growth counts.
        let mut growths = Vec::new();
        while growths.len() < TRIES && growths.last().is_none_or(|growth| *growth > most) {
            growths.push(growth(name, &script).await);
        }
        let least = growths.iter().min().copied().unwrap_or(u64::MAX);
        assert!(least <= most, "{name}: {} MB, more than {}", least / MB, most / MB);
    }
}

/// Returns the peak growth of memory during the calls.
async fn growth(name: &str, script: &Script) -> u64 {
    let before = forget_peak();
    let script = script.clone();
    let server = Hostile::start(Protocol::Http1, move |_, _| script.clone()).unwrap();
    let client = Client::builder()
        .api_key("ps_1")
        .base_url(format!("http://{}", server.address))
        .retry(RetryPolicy::none())
        .max_response_bytes(LIMIT)
        .build()
        .unwrap();
    let number = client.number("1");
    // All responses stay in memory until the last one arrives.
    let answers = future::join_all((0..CALLS).map(|_| number.get())).await;
    let succeeded = answers.iter().filter(|a| a.is_ok()).count();
    let growth = memory("VmHWM").saturating_sub(before);
    println!("{name}: {succeeded} of {CALLS} succeeded, {} MB", growth / MB);
    growth
}

/// Returns responses at the size limit or beyond it.
fn answers() -> Vec<(&'static str, Script)> {
    const OK: &str = "200 OK\r\n\r\n";
    const ARRAY: &str = "200 OK\r\n\r\n{\"id\":\"1\",\"x\":[";
    let forever = usize::MAX;
    let full = |piece: &str| (LIMIT - 100) / (piece.len() * 1_000);
    let cases = [
        ("a text", "200 OK\r\n\r\n{\"id\":\"1\",\"x\":\"", "x", full("x"), "\"}"),
        ("a text with an escape", "200 OK\r\n\r\n{\"id\":\"1\",\"x\":\"\\n", "x", full("x"), "\"}"),
        ("empty arrays", ARRAY, "[],", full("[],"), "0]}"),
        ("objects", ARRAY, "{\"a\":0},", full("{\"a\":0},"), "0]}"),
        ("a long sentence with an escape", "400 -\r\n\r\n{\"error\":\"\\n", "x", full("x"), "\"}"),
        ("objects in an error", "400 -\r\n\r\n{\"x\":[", "{\"a\":0},", full("{\"a\":0},"), "0]}"),
        ("no end", OK, " ", forever, ""),
        ("no end of an error", "404 -\r\n\r\n", " ", forever, ""),
        ("no end of the head", "200 OK\r\n", "x: 1\r\n", forever, ""),
    ];
    let script = |(name, head, piece, times, end): (_, &str, &str, _, &str)| {
        let head = Step::Send(format!("HTTP/1.1 {head}").into());
        let pieces = Step::Repeat(piece.repeat(1_000).into(), times);
        (name, vec![Step::Read, head, pieces, Step::Send(end.into()), Step::Close])
    };
    cases.into_iter().map(script).collect()
}
