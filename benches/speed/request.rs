//! Whole requests over warm connections.

use std::fmt::Write as _;

use futures_util::{StreamExt, stream};
use tokio::runtime::Runtime;

use crate::{Outcome, contenders::Contender, measure::Rounds, page, server};

/// Number of requests that are timed together.
const TIMES: usize = 256;
const ROUNDS: usize = 201;

pub(crate) fn run() -> Outcome {
    let url = server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let contenders = Contender::NAMES.map(|name| Contender::new(name, &url));
    let mut table =
        String::from("| at once | ours | bare reqwest | ours over bare |\n|---|---|---|---|\n");
    for at_once in [1, 64] {
        let times = Rounds::run(ROUNDS, contenders.len(), |contender| {
            calls(&runtime, &contenders[contender], TIMES, at_once);
        });
        let micros = |contender| times.median(contender).as_secs_f64() * 1e6 / TIMES as f64;
        let [ours, bare, ratio] = [micros(0), micros(1), times.ratio(0, 1)];
        writeln!(table, "| {at_once} | {ours:.1} µs | {bare:.1} µs | {ratio:.3} |")?;
    }
    page::write("request", &table)
}

/// Makes `times` calls, at most `at_once` at a time.
pub(crate) fn calls(runtime: &Runtime, contender: &Contender, times: usize, at_once: usize) {
    let calls = stream::iter(0..times).map(|_| contender.get("num_1"));
    let answered = runtime
        .block_on(calls.buffer_unordered(at_once).filter(|ok| std::future::ready(*ok)).count());
    assert_eq!(answered, times, "every call is answered");
}
