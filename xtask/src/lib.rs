//! Maintainers' commands of `pilot-status`: `cargo xtask --help` lists them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;

use crate::regen::{Options, Outcome, State};

mod bench;
mod build_cost;
mod regen;
mod seeds;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use regen::promises;

/// The documentation no longer gives the file that is committed.
const DRIFT: u8 = 1;
/// No answer: an input or the file system is at fault.
const FAILURE: u8 = 2;
/// The version that users have; the workspace has one for all.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The command line.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "Maintainers' commands of pilot-status")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant a command.
#[derive(Subcommand)]
enum Command {
    /// Rewrite openapi.json from the stored documentation pages and the overlay, and report what
    /// changed
    Regen(RegenArgs),
    /// Measure the time and the memory of regen, on the stored pages and on a large synthetic
    /// document
    BenchRegen,
    /// Measure what a user's build costs, beside the same program by hand; writes a part of
    /// docs/performance.md
    BuildCost,
    /// Write the inputs that fuzzing starts from to fuzz/corpus
    FuzzSeeds,
}

/// The options of `regen`.
#[derive(Args)]
struct RegenArgs {
    /// Write nothing; exit with 1 if openapi.json is not what would be written, with 2 if that
    /// cannot be told
    #[arg(long)]
    check: bool,
    /// Fetch the pages of xtask/upstream/sources.toml first; nothing is written unless everything
    /// succeeds
    #[arg(long, conflicts_with = "from")]
    fetch: bool,
    /// Take these pages (.md), YAML or JSON documents instead, without the overlay unless --overlay
    /// is given
    #[arg(long, num_args = 1.., value_name = "FILE_OR_URL")]
    from: Vec<String>,
    /// Apply this overlay
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Write here instead of openapi.json
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How to report what changed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The repository to work on instead of this one, for tests
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// How reports are written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people, as Markdown
    Text,
    /// For machines
    Json,
}

/// Runs the command of the command line, and turns an error into one line.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Regen(args) => regen(args),
        Command::BenchRegen => bench::run(&repository()),
        Command::BuildCost => build_cost::run(&repository()),
        Command::FuzzSeeds => seeds::write(&repository()),
    };
    result.unwrap_or_else(|error| {
        let line = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ");
        eprintln!("error: {line}");
        ExitCode::from(FAILURE)
    })
}

/// Runs `regen`, says how it went, and turns that into an exit code.
fn regen(args: RegenArgs) -> Result<ExitCode> {
    let RegenArgs { check, fetch, from, overlay, out, format, root } = args;
    let root = root.unwrap_or_else(repository);
    let outcome = regen::run(&Options { root, check, fetch, from, overlay, out })?;
    for note in &outcome.notes {
        eprintln!("note: {note}");
    }
    match format {
        Format::Text => print_text(&outcome),
        Format::Json => println!("{:#}", to_json(&outcome)),
    }
    Ok(match outcome.state {
        State::Written | State::InSync => ExitCode::SUCCESS,
        State::Drift(_) => ExitCode::from(DRIFT),
    })
}

/// Says how it went, for people.
fn print_text(outcome: &Outcome) {
    let Outcome { out, state, report, .. } = outcome;
    match state {
        State::Written => println!("{out} written"),
        State::InSync => {
            println!("{out} is in sync");
            return;
        }
        State::Drift(drift) => {
            eprintln!("{out} {drift}; run `cargo xtask regen` and review the change");
        }
    }
    if let Some(report) = report {
        print!("{}", report.to_text(VERSION));
    }
}

/// Says how it went, for machines.
fn to_json(outcome: &Outcome) -> serde_json::Value {
    let state = match outcome.state {
        State::Written => "written",
        State::InSync => "in sync",
        State::Drift(_) => "drift",
    };
    let report = outcome.report.as_ref().map(|report| report.to_json(VERSION));
    json!({ "file": outcome.out, "state": state, "report": report, "notes": outcome.notes })
}

/// The repository that this program was built in.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
