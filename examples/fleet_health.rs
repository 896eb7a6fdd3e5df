//! Which of my numbers can send? `cargo run --example fleet_health -- [ID…] [--json]`, or the ids
//! on standard input, one a line.
//!
//! Exits with 2 if any number is blocked, else with 1 if any could not be asked for, else with 0.
//! Without a credential in the environment it asks a small server of its own about 200 made-up
//! numbers, under a rate limit.

mod common;

use std::{
    cmp::Reverse,
    env,
    error::Error,
    io::{self, IsTerminal},
    process::ExitCode,
};

use chrono::Utc;
use comfy_table::{ContentArrangement, Table, presets};
use futures_util::StreamExt;
use indicatif::ProgressBar;
use pilot_status::{
    Readiness,
    types::{ConnectionState, Number, QualityRating},
};
use support::{Reply, Request};

/// How wide the table may be.
const COLUMNS: u16 = 100;
/// How many numbers the example's own server knows.
const MADE_UP: usize = 200;

type Answer = (String, Result<Number, pilot_status::Error>);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut ids: Vec<String> = env::args().skip(1).collect();
    let json = ids.iter().position(|a| a == "--json").map(|i| ids.remove(i)).is_some();
    if ids.iter().any(|id| id.starts_with("--")) {
        return Err("usage: fleet_health [ID…] [--json], or ids on standard input".into());
    }
    let example = support::example();
    let (client, server) = common::client(move |n, request| made_up(n, request, &example)).await?;
    if ids.is_empty() && server.is_some() {
        ids = (0..MADE_UP).map(|n| format!("num_{n}")).collect();
    } else if ids.is_empty() && !io::stdin().is_terminal() {
        ids = io::stdin().lines().collect::<Result<_, _>>()?;
        ids.retain(|id| !id.trim().is_empty());
    }
    if ids.is_empty() {
        return Err("name the ids of numbers, or give them on standard input, one a line".into());
    }

    let bar = ProgressBar::new(ids.len() as u64);
    let mut answers: Vec<Answer> =
        client.numbers(ids).get().inspect(|_| bar.inc(1)).collect().await;
    bar.finish_and_clear();
    answers.sort_by_key(|(id, answer)| (Reverse(badness(answer)), id.clone()));
    if json {
        print_json(&answers)?;
    } else {
        println!("{}", table(&answers));
    }
    let any = |badness_of: u8| answers.iter().any(|(_, answer)| badness(answer) == badness_of);
    Ok(match (any(3), any(4)) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// From ready to not even asked for.
fn badness(answer: &Result<Number, pilot_status::Error>) -> u8 {
    match answer.as_ref().map(Number::readiness) {
        Ok(Readiness::Ready) => 0,
        Ok(Readiness::Unknown) => 1,
        Ok(Readiness::Degraded(_)) => 2,
        Ok(Readiness::Blocked(_)) => 3,
        Err(_) => 4,
    }
}

fn table(answers: &[Answer]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_width(COLUMNS);
    table.set_content_arrangement(ContentArrangement::Dynamic);
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
    #[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
    let age = number.snapshot_age(Utc::now()).map(|age| format!("{} h", age.as_secs() / 3600));
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

fn print_json(answers: &[Answer]) -> Result<(), serde_json::Error> {
    for (id, answer) in answers {
        let line = match answer {
            Ok(number) => serde_json::json!({
                "id": id, "readiness": number.readiness().to_string(), "number": number,
            }),
            Err(error) => serde_json::json!({ "id": id, "error": error.to_string() }),
        };
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(())
}

/// What the example's own server answers: numbers of all kinds, and a 429 now and then.
fn made_up(request: usize, line: &Request, example: &serde_json::Value) -> Reply {
    if request % 70 == 69 {
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "0.5");
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
        19 => json["meta"] = serde_json::Value::Null,
        _ => {}
    }
    Reply::json(200, json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_100_columns_whatever_is_in_it() {
        let mut answers = Vec::new();
        for id in ["num_1", "num_with_an_id_that_is_longer_than_any_that_was_ever_seen_here"] {
            let long = "a text that nobody would expect to be as long as this one is";
            let number = serde_json::json!({
                "id": id, "name": long, "number": "+5511999999999999", "state": "A_STATE_THAT_IS_NEW",
                "health": { "sendable": false, "reason": long, "messagingLimitTier": "TIER_UNLIMITED" },
            });
            answers.push((id.to_owned(), Ok(serde_json::from_value(number).unwrap())));
        }
        let text = table(&answers).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("blocked"));
    }
}
