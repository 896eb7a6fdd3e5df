//! Maintainers' commands of `pilot-status`: `cargo xtask --help` lists them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;

use crate::regen::{OUTPUT, Options, Outcome, State};

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
    /// Measure what a user's build costs, beside the same program by hand; writes a part of
    /// docs/measured/performance.md
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
    /// Try these pages in place of the stored ones, and write nothing
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with = "check")]
    from: Vec<PathBuf>,
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

/// Runs the command of the command line.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Regen(args) => regen(args),
        Command::BuildCost => build_cost::run(&repository()),
        Command::FuzzSeeds => seeds::write(&repository()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(FAILURE)
    })
}

/// Runs `regen`, says how it went, and turns that into an exit code.
fn regen(args: RegenArgs) -> Result<ExitCode> {
    let RegenArgs { check, fetch, from, format, root } = args;
    let root = root.unwrap_or_else(repository);
    let outcome = regen::run(&Options { root, check, fetch, from })?;
    for note in &outcome.notes {
        eprintln!("note: {note}");
    }
    match format {
        Format::Text => print_text(&outcome),
        Format::Json => println!("{:#}", to_json(&outcome)),
    }
    Ok(match outcome.state {
        State::Written | State::InSync | State::Tried => ExitCode::SUCCESS,
        State::Drift(_) => ExitCode::from(DRIFT),
    })
}

/// Says how it went, for people.
fn print_text(Outcome { state, report, .. }: &Outcome) {
    match state {
        State::Written => println!("{OUTPUT} written"),
        State::InSync => println!("{OUTPUT} is in sync"),
        State::Tried => println!("Tried: nothing is written."),
        State::Drift(drift) => {
            eprintln!("{OUTPUT} {drift}; run `cargo xtask regen` and review the change");
        }
    }
    if *state != State::InSync || report.verdict().is_some() {
        print!("{}", report.to_text(VERSION));
    }
}

/// Says how it went, for machines.
fn to_json(Outcome { state, report, notes }: &Outcome) -> serde_json::Value {
    let state = match state {
        State::Written => "written",
        State::InSync => "in sync",
        State::Tried => "tried",
        State::Drift(_) => "drift",
    };
    json!({ "file": OUTPUT, "state": state, "report": report.to_json(VERSION), "notes": notes })
}

/// The repository that this program was built in.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
