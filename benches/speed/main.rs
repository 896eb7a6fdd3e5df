//! Compares this client with others in one run. Each command writes its part of
//! `docs/measured/performance.md`: `cargo run --release --package speed -- --decode`, `--request`,
//! `--counts`. `--check` compares the counts with `benches/speed/counts.json`.

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "to measure is all that this is for, and its figures are small"
)]

mod contenders;
mod counts;
mod decode;
mod hand_written;
mod measure;
mod page;
mod request;
mod server;

use std::{env, error::Error};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--decode"] => decode::run(),
        ["--request"] => request::run(),
        ["--counts"] => counts::write(),
        ["--check"] => counts::check(),
        // `--counts` starts this as a process, and measures it.
        ["--calls", way, times, url] => counts::calls(way, times.parse()?, url),
        [] => decode::run().and_then(|()| request::run()).and_then(|()| counts::write()),
        _ => Err(format!("no command {arguments:?}: see the top of benches/speed/main.rs").into()),
    }
}
