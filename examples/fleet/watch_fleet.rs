//! Prints the changes in a fleet:
//! `cargo run -p fleet --bin watch_fleet -- [ID…] [--every SECONDS] [--json]`.
//!
//! Without ids it watches all numbers of the key's tenant. It prints the state of each number, and
//! then one line for each change. It ends with Ctrl-C, when its reader closes the pipe, or when the API refuses the key. Times are UTC.
//!
//! Without ids, and without a credential in the environment, it watches 20 made-up numbers of an
//! example server, which change often.

mod common;

use std::{
    collections::HashSet,
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use console::Style;
use pilot_status::{Change, ChangeSource, ReadinessLevel, Seen};
use tokio::{runtime::Runtime, signal::ctrl_c, task::spawn_blocking};

fn main() -> io::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let code = runtime.block_on(common::end(run()));
    // The program ends without waiting for a host look-up or a write in progress.
    runtime.shutdown_background();
    Ok(code)
}

fn command() -> Command {
    Command::new("watch_fleet")
        .about("What changes in my fleet? Ends with Ctrl-C.")
        .after_help("Without ID it watches all numbers of the tenant.\nWithout PILOT_STATUS_API_KEY or PILOT_STATUS_API_KEY_ID, and without ID, it watches an example server.")
        .arg(Arg::new("ID").help("The ids of numbers").num_args(0..))
        .arg(
            Arg::new("every")
                .long("every")
                .value_name("SECONDS")
                .value_parser(seconds)
                .allow_negative_numbers(true)
                .help("Time between two requests for the same number [default: 60, or 2 with the example server]"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object a line"))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or("give a whole number of seconds, 1 or more")
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = command().get_matches();
    tokio::select! {
        pressed = ctrl_c() => pressed?,
        result = watch(arguments) => result?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn watch(mut arguments: ArgMatches) -> Result<(), Box<dyn Error>> {
    let ids: Vec<String> = arguments.remove_many("ID").into_iter().flatten().collect();
    let (client, server) = common::client(&ids).await?;
    let default = Duration::from_secs(if server.is_some() { 2 } else { 60 });
    let every = arguments.remove_one("every").unwrap_or(default);
    let mut changes =
        if ids.is_empty() { client.watch_all(every) } else { client.numbers(ids).watch(every) };
    let mut hints = HashSet::new();
    while let Some(change) = changes.next().await {
        let line = if arguments.get_flag("json") {
            serde_json::to_string(&change)? + "\n"
        } else {
            text_line(&change)
        };
        // A slow reader of the output does not delay Ctrl-C.
        spawn_blocking(move || io::stdout().write_all(line.as_bytes())).await??;
        if let Some(error) = change.error.as_ref().filter(|error| error.is_unauthorized()) {
            return Err(error.clone().into());
        }
        let hint = change.error.as_ref().and_then(pilot_status::Error::hint);
        if let Some(hint) = hint.filter(|hint| hints.insert(*hint)) {
            eprintln!("hint: {hint}");
        }
    }
    Ok(())
}

/// Returns a line such as `12:03:41  num_17  ready → degraded: quality RED`, coloured on a
/// terminal.
fn text_line(change: &Change) -> String {
    let time = change.at.format("%H:%M:%S");
    format!("{time}  {}\n", style_of(change).apply_to(change))
}

fn style_of(change: &Change) -> Style {
    let level = |seen: &Seen| seen.level;
    let (before, after) = (change.before.as_ref().and_then(level), change.after.level);
    match (change.source, after) {
        (ChangeSource::Failed, _) => Style::new().red(),
        (ChangeSource::Unlisted, _) => Style::new().yellow(),
        (ChangeSource::List, _) => Style::new().green(),
        _ if before > after => Style::new().green(),
        (_, Some(ReadinessLevel::Ready)) => Style::new().green(),
        (_, Some(ReadinessLevel::Degraded)) => Style::new().yellow(),
        (_, Some(ReadinessLevel::Blocked)) => Style::new().red(),
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use support::{Reply, Server};

    use super::*;

    #[tokio::test]
    async fn change_with_control_characters_is_one_line() {
        console::set_colors_enabled(false);
        let number =
            json!({ "id": support::DOCUMENTED_ID, "state": "A\n\u{1b}[31m\u{9b}\r\u{202e}" });
        let server = Server::start(move |_, _| Reply::json(200, number.to_string())).await.unwrap();
        let client = support::client(&server);
        for id in ["num_1", "num\n\u{1b}[2J", "num\u{2028}\u{202e}1"] {
            let mut changes = client.numbers([id]).watch(Duration::from_secs(60));
            let change = changes.next().await.unwrap();
            let line = text_line(&change);
            let is_plain = |c: char| c.is_ascii_graphic() || c == ' ' || c == '→';
            assert!(line.trim_end_matches('\n').chars().all(is_plain), "{line:?}");
            let line = serde_json::to_string(&change).unwrap();
            assert_eq!(line.lines().count(), 1);
            let json: Value = serde_json::from_str(&line).unwrap();
            // The invalid id is named by its error.
            assert!(json["id"] == id || (json["id"].is_null() && change.error.is_some()), "{json}");
        }
    }

    #[test]
    fn interval_is_a_whole_number_of_seconds() {
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        for text in ["0", "-1", "1.5", "", "soon", "99999999999999999999"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
