//! Shared pacing against six limiters, and what tasks do alone: `cargo bench --bench pacing` writes `docs/pacing.md` and
//! `docs/pacing.svg`; `cargo bench --bench pacing -- --sockets` plays it on loopback and prints it beside the simulation;
//! `-- --cost` measures what pacing costs before the first 429.

mod cost;
mod limiter;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/pacer.rs"]
mod pacer;
mod plot;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/rate.rs"]
mod rate;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../examples/support/server.rs"]
mod server;
mod sim;
mod sockets;
mod table;

use std::{error::Error, fs, path::Path};

const INTRODUCTION: &str = "\
# Shared pacing, measured

Written by `cargo bench --bench pacing`, which plays the crate's own state machine (`src/ext/pacing`) in virtual time: 64 tasks drain
600 requests, one after the other each, with a round trip of 50 ms; the mean of 20 seeds, which also decide where in its window a
fixed window starts. `Retry-After` is in whole seconds and at least 1. With several processes the tasks and requests are shared out
evenly, and each process has a pacer of its own.

*Rejected* is 429s per completed request (goal: 0.15 with one process, 0.35 with eight). *Time* is the drain time over the best
possible for that limiter and 64 tasks (1.10 with Retry-After, 1.25 without; 1.30 with eight), *worst* the worst seed's (2 with
eight). *Spread* is the longest over the median time of a request that began after the first 429 (2; 4 with eight). *Attempts* is the
most that one request needed, and *over 5* how many of the 600 needed more than the default policy's 5: there the simulation goes on,
and the client would give them up (`max_attempts` raises it; *lost* counts what never came through). *Step* is what the limit is multiplied by at half the best time.
";

fn main() -> Result<(), Box<dyn Error>> {
    for argument in std::env::args() {
        match argument.as_str() {
            "--sockets" => return sockets::compare(),
            "--cost" => return cost::compare(),
            _ => {}
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let text = format!(
        "{INTRODUCTION}\n## Beside what tasks do alone\n\n60 a minute, burst 10.\n\n{}\n## Every setting\n\n{}",
        table::baselines(),
        table::goals()
    );
    print!("{text}");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("pacing.md"), text)?;
    plot::draw(&docs.join("pacing.svg"))
}
