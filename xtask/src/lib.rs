//! Maintainers' commands of `pilot-status`: `cargo xtask --help` lists them.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;

use crate::regen::{OUTPUT, Options, Outcome, State};

mod regen;
#[cfg(test)]
#[doc(hidden)]
pub use regen::promises;

/// The file that is there is not what the sources give.
const DRIFT: u8 = 1;
/// There is no result: an input, git or the file system is at fault.
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
    /// changed since the last commit
    Regen {
        #[command(flatten)]
        options: Options,
        /// The format of the report
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

/// The format of a report.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Markdown, for people
    Text,
    /// JSON, for machines
    Json,
}

/// Runs the command of the command line.
#[must_use]
pub fn run() -> ExitCode {
    let Command::Regen { options, format } = Cli::parse().command;
    let outcome = regen::run(&options);
    match format {
        Format::Text => print_text(&outcome),
        Format::Json => println!("{:#}", to_json(&outcome)),
    }
    match outcome.map(|outcome| outcome.state) {
        Ok(State::Written | State::InSync | State::Tried) => ExitCode::SUCCESS,
        Ok(State::Drift(_)) => ExitCode::from(DRIFT),
        Ok(State::Stopped(_)) | Err(_) => ExitCode::from(FAILURE),
    }
}

/// Prints the outcome for people: the report, then what went wrong.
fn print_text(outcome: &Result<Outcome>) {
    let Outcome { state, report, notes } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return eprintln!("error: {error:#}"),
    };
    if let State::Stopped(error) = state {
        print!("{}", report.differences());
        return eprintln!("error: {error:#}");
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    match state {
        State::Tried => println!("Tried: nothing is written."),
        State::Written => println!("{OUTPUT} written"),
        State::InSync => println!("{OUTPUT} is in sync"),
        _ => {}
    }
    if !matches!(state, State::InSync) || !report.is_empty() {
        print!("{}", report.to_text(VERSION));
    }
    if let State::Drift(drift) = state {
        eprintln!("{drift}");
    }
}

/// Returns the outcome for machines.
fn to_json(outcome: &Result<Outcome>) -> serde_json::Value {
    let Outcome { state, report, notes } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            return json!({ "file": OUTPUT, "state": "stopped", "message": format!("{error:#}") });
        }
    };
    let (name, message) = match state {
        State::Written => ("written", None),
        State::InSync => ("in sync", None),
        State::Tried => ("tried", None),
        State::Drift(drift) => ("drift", Some(drift.clone())),
        State::Stopped(error) => ("stopped", Some(format!("{error:#}"))),
    };
    let mut report = report.to_json(VERSION);
    if let State::Stopped(_) = state {
        // There is no document to judge.
        for judgement in ["verdict", "step", "next"] {
            report[judgement] = serde_json::Value::Null;
        }
    }
    json!({ "file": OUTPUT, "state": name, "message": message, "report": report, "notes": notes })
}
