//! Maintainers' commands of `pilot-status`: `cargo xtask --help` lists them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::regen::Outcome;

mod regen;

/// The documentation no longer gives the file that is committed.
const DRIFT: u8 = 1;
/// No answer: an input or the file system is at fault.
const FAILURE: u8 = 2;

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
    /// Rewrite openapi.json from the stored documentation page and the overlay
    Regen(RegenArgs),
}

/// The options of `regen`.
#[derive(Args)]
struct RegenArgs {
    /// Write nothing; exit with 1 if openapi.json is not what would be written
    #[arg(long)]
    check: bool,
    /// The repository to work on instead of this one, for tests
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Dispatches, and turns an error into one line.
fn main() -> ExitCode {
    let Command::Regen(args) = Cli::parse().command;
    match regen(args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILURE)
        }
    }
}

/// Runs `regen`, says how it went, and turns that into an exit code.
fn regen(args: RegenArgs) -> Result<ExitCode> {
    let root = args.root.unwrap_or_else(repository);
    let outcome = if args.check { regen::check(&root)? } else { regen::write(&root)? };
    Ok(match outcome {
        Outcome::Written => {
            println!("{} written", regen::OUTPUT);
            ExitCode::SUCCESS
        }
        Outcome::InSync => {
            println!("{} is in sync", regen::OUTPUT);
            ExitCode::SUCCESS
        }
        Outcome::Drift(drift) => {
            eprintln!("{drift}; run `cargo xtask regen` and review the change");
            ExitCode::from(DRIFT)
        }
    })
}

/// The repository that this program was built in.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
