//! Lists the numbers that are not ready, worst last:
//! `cargo run -p fleet --bin fleet_health -- [ID…] [--all] [--json]`.
//!
//! Without ids it reads them from standard input, one a line, unless that is a terminal. If there
//! are none either, it lists all numbers of the key's tenant. It exits with 2 if any number is
//! blocked, otherwise with 1 if any request failed, otherwise with 0.
//!
//! Without ids, and without a credential in the environment, it queries an example server with 200
//! made-up numbers and a rate limit.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, Command};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableComponent, Width, presets};
use console::Term;
use futures_util::StreamExt;
use indicatif::ProgressBar;
use pilot_status::{
    Client, ReadinessLevel,
    types::{Number, QualityRating},
};
use serde_json::{Value, json};
use support::{Reply, Request};

/// Number of numbers that the example server knows.
const MADE_UP: usize = 200;

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
        .after_help("Without ID it reads the ids from standard input, one a line. Without any it lists all numbers of the tenant.\nExits with 2 if any number is blocked, otherwise with 1 if any request failed, otherwise with 0.")
        .arg(Arg::new("ID").help("The ids of numbers").num_args(0..))
        .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("Ready numbers too"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object a line"))
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = command().get_matches();
    let mut ids: Vec<String> = arguments.remove_many("ID").into_iter().flatten().collect();
    if ids.is_empty() && common::has_credential() && !io::stdin().is_terminal() {
        let lines = io::stdin().lines().collect::<Result<Vec<_>, _>>()?;
        ids = lines.iter().map(|line| line.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    }
    let example = common::number();
    let (client, _server) =
        common::client(&ids, move |n, request| made_up(n, request, &example)).await?;
    if ids.is_empty() {
        ids = client.list_numbers().await?.into_iter().map(|number| number.id).collect();
    }
    let answers = fetch(&client, ids).await;
    let text = if arguments.get_flag("json") {
        json_lines(&answers)?
    } else {
        let columns = Term::stdout().size_checked().map(|(_, columns)| columns);
        let is_shown = |answer: &&Answer| {
            arguments.get_flag("all") || level(&answer.1) != Some(ReadinessLevel::Ready)
        };
        let table = table(answers.iter().filter(is_shown), columns);
        let table = if table.is_empty() { String::new() } else { table.trim_fmt() + "\n\n" };
        format!("{table}{}\n", totals(&answers))
    };
    io::stdout().write_all(text.as_bytes())?;
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
    let bar = ProgressBar::new(ids.len() as u64);
    let mut answers: Vec<Answer> =
        client.numbers(ids).get().inspect(|_| bar.inc(1)).collect().await;
    bar.finish_and_clear();
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

fn json_lines(answers: &[Answer]) -> Result<String, serde_json::Error> {
    let mut lines = String::new();
    for (id, answer) in answers {
        let line = match answer {
            Ok(number) => {
                json!({ "id": id, "readiness": number.readiness(), "number": number })
            }
            Err(error) => {
                json!({ "id": id, "error": error.to_string(), "kind": error.kind().as_str() })
            }
        };
        lines += &(serde_json::to_string(&line)? + "\n");
    }
    Ok(lines)
}

/// Returns the response of the example server: numbers of all kinds, and an occasional 429.
fn made_up(request: usize, line: &Request, example: &Value) -> Reply {
    if request % 70 == 69 {
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "0.5");
    }
    if line.line.ends_with("/v1/numbers") {
        let list = (0..MADE_UP).map(|n| json!({ "id": format!("num_{n}") }));
        return Reply::json(200, list.collect::<Value>().to_string());
    }
    let id = line.line.rsplit('/').next().unwrap_or_default();
    let n: usize = id.trim_start_matches("num_").parse().unwrap_or_default();
    let mut json = example.clone();
    json["id"] = id.into();
    json["meta"]["phone"]["displayPhoneNumber"] = format!("+55 11 9{n:04}-0000").into();
    match n % 25 {
        3 => json["health"]["metaStatus"] = "BANNED".into(),
        7 => json["extraChargeUnpaidSince"] = "2026-01-01T00:00:00Z".into(),
        11 | 12 => json["health"]["qualityRating"] = "YELLOW".into(),
        15 => json["state"] = "CLOSE".into(),
        19 => json["meta"] = Value::Null,
        _ => {}
    }
    Reply::json(200, json.to_string())
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn totals_count_the_results() {
        assert_eq!(totals(&answers()), "2 blocked");
        assert_eq!(totals(&[]), "no numbers");
    }
}
