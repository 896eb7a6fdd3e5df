//! Lists the numbers that are not ready, worst last:
//! `cargo run -p fleet --bin fleet_health -- [ID…] [--all]`.
//!
//! Without ids it lists all numbers of the key's tenant. It exits with 2 if any number is blocked,
//! otherwise with 1 if any request failed, otherwise with 0.
//!
//! Without ids, and without a credential in the environment, it queries an example server with 20
//! made-up numbers and a rate limit.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, Command};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableComponent, Width, presets};
use console::Term;
use futures_util::StreamExt;
use pilot_status::{
    Client, ReadinessLevel,
    types::{Number, QualityRating},
};

/// Columns of a date with its time, `2026-01-01T00:00:00Z`, and the padding: a date stays on a line.
const WIDEST_DATE: u16 = 22;

type Answer = (String, Result<Number, pilot_status::Error>);

#[tokio::main]
async fn main() -> ExitCode {
    common::end(run()).await
}

fn command() -> Command {
    Command::new("fleet_health")
        .about("Which of my numbers cannot send?")
        .after_help("Without ID it lists all numbers of the tenant.\nExits with 2 if any number is blocked, otherwise with 1 if any request failed, otherwise with 0.")
        .arg(Arg::new("ID").help("The ids of numbers").num_args(0..))
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("Ready numbers too"))
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = command().get_matches();
    let mut ids: Vec<String> = arguments.remove_many("ID").into_iter().flatten().collect();
    let (client, _server) = common::client(&ids).await?;
    if ids.is_empty() {
        ids = client.list_numbers().await?.into_iter().map(|number| number.id).collect();
    }
    let answers = fetch(&client, ids).await;
    let columns = Term::stdout().size_checked().map(|(_, columns)| columns);
    let is_shown = |answer: &&Answer| {
        arguments.get_flag("all") || level(&answer.1) != Some(ReadinessLevel::Ready)
    };
    let table = table(answers.iter().filter(is_shown), columns);
    let table = if table.is_empty() { String::new() } else { table.trim_fmt() + "\n\n" };
    writeln!(io::stdout(), "{table}{}", totals(&answers))?;
    for hint in hints(&answers) {
        eprintln!("hint: {hint}");
    }
    let any = |level| answers.iter().any(|(_, answer)| self::level(answer) == level);
    Ok(match (any(Some(ReadinessLevel::Blocked)), any(None)) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Fetches the numbers, and returns the results, worst last, where the eye is.
async fn fetch(client: &Client, ids: Vec<String>) -> Vec<Answer> {
    let mut answers: Vec<Answer> = client.numbers(ids).get().collect().await;
    answers.sort_by(|(a, x), (b, y)| {
        let worse = rank(x).cmp(&rank(y));
        worse.then_with(|| alphanumeric_sort::compare_str(a, b))
    });
    answers
}

/// Returns the level of a result; `None` if the request failed.
fn level(answer: &Result<Number, pilot_status::Error>) -> Option<ReadinessLevel> {
    answer.as_ref().ok().map(|number| number.readiness().level())
}

/// Returns the place of a result in the table: ready, degraded, blocked, failed.
fn rank(answer: &Result<Number, pilot_status::Error>) -> (bool, Option<ReadinessLevel>) {
    let level = level(answer);
    (level.is_none(), level)
}

/// Returns a summary such as `196 ready, 1 blocked, 3 failed (unauthorized)`.
fn totals(answers: &[Answer]) -> String {
    let mut counts = BTreeMap::new();
    for (_, answer) in answers {
        let name = match answer {
            Ok(number) => number.readiness().level().to_string(),
            Err(error) => format!("failed ({})", error.kind()),
        };
        *counts.entry((rank(answer), name)).or_insert(0) += 1;
    }
    let parts = counts.into_iter().map(|((_, name), count)| format!("{count} {name}"));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "no numbers".to_owned() } else { parts.join(", ") }
}

/// Returns the hints of the errors, each once.
fn hints(answers: &[Answer]) -> BTreeSet<&str> {
    answers.iter().filter_map(|(_, answer)| answer.as_ref().err()?.hint()).collect()
}

/// Returns a table as wide as the terminal, if there is one.
fn table<'a>(answers: impl Iterator<Item = &'a Answer>, columns: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for line in [TableComponent::HeaderLines, TableComponent::MiddleHeaderIntersections] {
        table.set_style(line, '─');
    }
    if let Some(columns) = columns {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    table.set_header(["id", "number", "name", "quality", "readiness", "age"]);
    if let Some(readiness) = table.column_mut(4) {
        readiness.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(WIDEST_DATE)));
    }
    for (id, answer) in answers {
        match answer {
            Ok(number) => table.add_row(row(id, number)),
            Err(error) => table.add_row([id.as_str(), "", "", "", &error.to_string()]),
        };
    }
    table
}

fn row(id: &str, number: &Number) -> [String; 6] {
    let text = |text: Option<&str>| text.unwrap_or("–").to_owned();
    let age = number.snapshot_age(common::now()).map(in_words);
    [
        id.to_owned(),
        text(number.display_phone_number().or(number.number.as_deref())),
        text(number.verified_name().or(number.name.as_deref())),
        text(number.quality().map(QualityRating::as_str)),
        number.readiness().to_string(),
        text(age.as_deref()),
    ]
}

/// Returns an age in its largest unit.
fn in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..10 => "just now".to_owned(),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answers() -> Vec<Answer> {
        let answer = |id: &str| {
            let long = "a text that is longer than any column of the table can be";
            let number = json!({
                "id": id, "name": long, "number": "+5511999999999999", "state": "A_STATE_THAT_IS_NEW",
                "extraChargeUnpaidSince": "2026-01-01T00:00:00Z",
                "health": { "sendable": false, "reason": long, "messagingLimitTier": "TIER_UNLIMITED" },
            });
            (id.to_owned(), Ok(serde_json::from_value(number).unwrap()))
        };
        ["num_1", "num_with_an_id_that_is_longer_than_any_that_was_ever_seen_here"]
            .map(answer)
            .into()
    }

    #[test]
    fn table_with_long_texts_fits_the_terminal() {
        for columns in [80, 110, 200] {
            let text = table(answers().iter(), Some(columns)).to_string();
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.into(), "{widest} of {columns}: {text}");
            assert!(text.contains("blocked") && text.contains("2026-01-01T00:00:00Z"), "{text}");
        }
    }
}
