//! Whole requests over warm connections.

use std::{fmt::Write as _, fs};

use futures_util::{StreamExt, stream};
use tokio::runtime::Runtime;

use crate::{
    Outcome,
    contenders::Contender,
    measure::Rounds,
    page::{self, goal},
    plot, server,
};

/// Requests that are timed together.
const TIMES: usize = 256;
const ROUNDS: usize = 101;
const AT_ONCE: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

pub(crate) fn run() -> Outcome {
    let url = server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let contenders = Contender::NAMES.map(|name| Contender::new(name, &url));
    let mut table = String::from(
        "| at once | ours | bare reqwest | generated, no hooks | ours over bare: time | throughput |\n|---|---|---|---|---|---|\n",
    );
    let mut points = Vec::new();
    for at_once in AT_ONCE {
        let times = Rounds::run(ROUNDS, contenders.len(), |who| {
            calls(&runtime, &contenders[who], TIMES, at_once);
        });
        let micros = |who| times.median(who).as_secs_f64() * 1e6 / TIMES as f64;
        let time = times.ratio(0, 1);
        let (time, throughput) = match at_once {
            1 => (goal(time, ..=1.03), format!("{:.3}", 1.0 / time)),
            64 => (format!("{time:.3}"), goal(1.0 / time, 0.97..)),
            _ => (format!("{time:.3}"), format!("{:.3}", 1.0 / time)),
        };
        let [ours, bare, generated] = [0, 1, 2].map(micros);
        writeln!(
            table,
            "| {at_once} | {ours:.1} µs | {bare:.1} µs | {generated:.1} µs | {time} | {throughput} |"
        )?;
        points.push((at_once, [ours, bare, generated].map(|micros| 1e6 / micros)));
    }
    fs::create_dir_all(page::docs())?;
    plot::draw(&page::docs().join("performance.svg"), &points)?;
    page::write("request", &table)
}

/// Makes so many calls, so many at a time.
pub(crate) fn calls(runtime: &Runtime, contender: &Contender, times: usize, at_once: usize) {
    let calls = stream::iter(0..times).map(|_| contender.get("num_01HZX"));
    let answered = runtime
        .block_on(calls.buffer_unordered(at_once).filter(|ok| std::future::ready(*ok)).count());
    assert_eq!(answered, times, "every call is answered");
}
