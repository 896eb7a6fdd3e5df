//! Maintainers' commands of `pilot-status`: `cargo xtask --help` lists them.

use std::process::ExitCode;

use clap::Parser;

use crate::regen::{Options, Report, State};

mod regen;

/// The file that is there is not what the sources give.
const DRIFT: u8 = 1;
/// There is no result: an input, git or the file system is at fault.
const FAILURE: u8 = 2;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Maintainers' commands of pilot-status")]
enum Command {
    /// Rewrite openapi.json from the stored documentation pages and the overlay, and report what
    /// changed since the last commit
    Regen(Options),
}

fn main() -> ExitCode {
    let Command::Regen(options) = Command::parse();
    let mut report = Report::default();
    let state = regen::run(&options, &mut report);
    let (key, message, code) = match state {
        Ok(State::Done(what)) => ("done", what, 0),
        Ok(State::Drift(drift)) => ("drift", drift, DRIFT),
        Err(error) => ("error", format!("{error:#}"), FAILURE),
    };
    if options.format == "json" {
        let mut json = serde_json::json!(report);
        json[key] = message.into();
        println!("{json:#}");
        return ExitCode::from(code);
    }
    for note in &report.notes {
        eprintln!("note: {note}");
    }
    match code {
        0 => print!("{message}\n{}", report.to_text()),
        DRIFT => {
            print!("{}", report.to_text());
            eprintln!("{message}");
        }
        _ => {
            print!("{}", report.differences());
            eprintln!("error: {message}");
        }
    }
    ExitCode::from(code)
}
