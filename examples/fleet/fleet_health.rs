//! Lists which numbers can send: `cargo run -p fleet --bin fleet_health -- [ID…] [--json]`.
//!
//! Without ids it reads them from standard input, one a line, unless that is a terminal. If there
//! are none either, it lists all numbers of the key's tenant. It exits with 2 if any number is
//! blocked, otherwise with 1 if any request failed, otherwise with 0.
//!
//! Without ids, and without a credential in the environment, it queries an example server with 200
//! made-up numbers and a rate limit.

mod common;

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{Arg, ArgAction, Command};
use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use console::Term;
use futures_util::StreamExt;
use indicatif::ProgressBar;
use pilot_status::{
    Client, ReadinessLevel,
    types::{ConnectionState, Number, QualityRating},
};
use serde_json::{Value, json};
use support::{Reply, Request};

/// Number of numbers that the example server knows.
const MADE_UP: usize = 200;

type Answer = (String, Result<Number, pilot_status::Error>);

#[tokio::main]
async fn main() -> ExitCode {
    common::end(run()).await
}

fn command() -> Command {
    Command::new("fleet_health")
        .about("Which of my numbers can send?")
        .after_help("Without ID it asks for the ids on standard input, one a line, else for all numbers of the tenant.\nExits with 2 if any is blocked, else with 1 if any could not be asked for, else with 0.")
        .arg(Arg::new("ID").help("The ids of numbers").num_args(0..))
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
    let answers = ask(&client, ids).await;
    let text = if arguments.get_flag("json") {
        json_lines(&answers)?
    } else {
        let columns = Term::stdout().size_checked().map(|(_, columns)| columns);
        format!("{}\n\n{}\n", table(&answers, columns).trim_fmt(), totals(&answers))
    };
    io::stdout().write_all(text.as_bytes())?;
    let any = |level| answers.iter().any(|(_, answer)| self::level(answer) == level);
    Ok(match (any(Some(ReadinessLevel::Blocked)), any(None)) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Fetches the numbers, and returns the results, worst first.
async fn ask(client: &Client, ids: Vec<String>) -> Vec<Answer> {
    let bar = ProgressBar::new(ids.len() as u64);
    let mut answers: Vec<Answer> =
        client.numbers(ids).get().inspect(|_| bar.inc(1)).collect().await;
    bar.finish_and_clear();
    answers.sort_by(|(a, x), (b, y)| {
        let worse = (level(y).is_none(), level(y)).cmp(&(level(x).is_none(), level(x)));
        worse.then_with(|| alphanumeric_sort::compare_str(a, b))
    });
    answers
}

/// Returns the level of a result; `None` if the request failed.
fn level(answer: &Result<Number, pilot_status::Error>) -> Option<ReadinessLevel> {
    answer.as_ref().ok().map(|number| number.readiness().level())
}

/// Returns a summary such as `197 ready, 2 degraded, 1 blocked`.
fn totals(answers: &[Answer]) -> String {
    let mut counts = BTreeMap::new();
    for (_, answer) in answers {
        let level = level(answer);
        *counts.entry((level.is_none(), level)).or_insert(0) += 1;
    }
    let parts = counts.into_iter().map(|((_, level), count)| {
        format!("{count} {}", level.map_or("not asked for", ReadinessLevel::as_str))
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "no numbers".to_owned() } else { parts.join(", ") }
}

/// Returns a table as wide as the terminal, if there is one.
fn table(answers: &[Answer], columns: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for line in [TableComponent::HeaderLines, TableComponent::MiddleHeaderIntersections] {
        table.set_style(line, '─');
    }
    if let Some(columns) = columns {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    table.set_header(["id", "number", "name", "quality", "tier", "state", "readiness", "age"]);
    for (id, answer) in answers {
        match answer {
            Ok(number) => table.add_row(row(id, number)),
            Err(error) => table.add_row([id.as_str(), "", "", "", "", "", &error.to_string()]),
        };
    }
    table
}

fn row(id: &str, number: &Number) -> [String; 8] {
    let text = |text: Option<&str>| text.unwrap_or("–").to_owned();
    let age = number.snapshot_age(common::now()).map(|age| format!("{} h", age.as_secs() / 3600));
    [
        id.to_owned(),
        text(number.display_phone_number().or(number.number.as_deref())),
        text(number.verified_name().or(number.name.as_deref())),
        text(number.quality().map(QualityRating::as_str)),
        text(number.messaging_limit().map(|t| t.as_str().trim_start_matches("TIER_"))),
        text(number.state.as_ref().map(ConnectionState::as_str)),
        number.readiness().to_string(),
        text(age.as_deref()),
    ]
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
            let text = table(&answers(), Some(columns)).to_string();
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.into(), "{widest} of {columns}: {text}");
            assert!(text.contains("blocked"));
        }
    }

    #[test]
    fn totals_count_the_results() {
        assert_eq!(totals(&answers()), "2 blocked");
        assert_eq!(totals(&[]), "no numbers");
    }
}
