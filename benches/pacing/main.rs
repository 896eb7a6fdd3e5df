//! Shared pacing against six limiters, and what tasks do alone: `cargo bench --package pacing`
//! writes `docs/pacing.md`, `docs/pacing.csv` and `docs/pacing.svg`; `-- --sockets` plays it on
//! loopback and prints it beside the simulation; `-- --ablation` writes what comes of other values
//! of the pacer's constants; `-- --scenarios` prints hard cases on loopback; `-- --cost` measures
//! what pacing costs before the first 429; `-- --shared` simulates processes that share a store.

mod ablation;
mod answer;
mod best;
mod copy;
mod cost;
mod csv;
mod doc;
mod figures;
mod goals;
#[path = "../../src/ext/pacing/hold.rs"]
mod hold;
mod kept;
mod limiter;
mod outcome;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/pacer.rs"]
mod pacer;
mod plot;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/queue.rs"]
mod queue;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/quota.rs"]
mod quota;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/rate.rs"]
mod rate;
mod row;
mod scenarios;
mod setting;
mod shared;
mod sim;
mod sockets;
mod table;
#[allow(dead_code, reason = "the simulation needs less of it than the client")]
#[path = "../../src/ext/pacing/under_way.rs"]
mod under_way;

use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    for argument in std::env::args() {
        match argument.as_str() {
            "--sockets" => return sockets::compare(),
            "--ablation" => return ablation::measure(),
            "--scenarios" => return scenarios::play(),
            "--shared" => {
                shared::play();
                return Ok(());
            }
            "--cost" => return cost::compare(),
            _ => {}
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let rows = row::play(&setting::all());
    let text = doc::text(&rows);
    print!("{text}");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("pacing.md"), text)?;
    fs::write(docs.join("pacing.csv"), csv::csv(&rows))?;
    plot::draw(&docs.join("pacing.svg"))
}
