//! Prints a number: `cargo run --example get_number -- [ID] [--refresh] [--json]`.
//!
//! With `PILOT_STATUS_API_KEY` or `PILOT_STATUS_API_KEY_ID` set it asks the API (or
//! `PILOT_STATUS_BASE_URL`); without, a small server of its own on loopback, which answers with the
//! documented example after one 429.

mod common;

use std::{env, error::Error, process::ExitCode};

use chrono::Utc;

use pilot_status::types::{Number, QualityRating};
use support::{Reply, Request};

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    if let Some(hint) = error.downcast_ref().and_then(pilot_status::Error::hint) {
        eprintln!("hint: {hint}");
    }
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = env::args().skip(1).collect();
    let mut flag = |name| args.iter().position(|a| a == name).map(|i| args.remove(i)).is_some();
    let (refresh, json) = (flag("--refresh"), flag("--json"));
    if args.len() > 1 || args.iter().any(|a| a.starts_with("--")) {
        return Err("usage: get_number [ID] [--refresh] [--json]".into());
    }

    let example = support::example().to_string();
    let (client, server) =
        common::client(move |n, request| refuse_first(n, request, &example)).await?;
    let id = args.pop().or_else(|| server.is_some().then(|| "num_01HZX".to_owned()));
    let number = client.number(id.ok_or("name the id of a number: get_number ID")?);
    let number = if refresh { number.refresh().await? } else { number.get().await? };
    if json {
        println!("{}", serde_json::to_string_pretty(&number)?);
    } else {
        print(&number);
    }
    Ok(())
}

fn refuse_first(n: usize, request: &Request, example: &str) -> Reply {
    if n == 0 {
        eprintln!("{} -> 429, Retry-After: 1", request.line);
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "1");
    }
    eprintln!("{} -> 200", request.line);
    Reply::json(200, example)
}

fn print(number: &Number) {
    let said = |text: Option<&str>| text.unwrap_or("not given").to_owned();
    let phone = number.display_phone_number().or(number.number.as_deref());
    let limit = number.messaging_limit().map(|tier| match tier.recipients() {
        Some(limit) => format!("{tier}, {limit} customers in 24 hours"),
        None => tier.to_string(),
    });
    #[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
    let age = number.snapshot_age(Utc::now());
    let age = age.map(|age| format!("{} hours old", age.as_secs() / 3600));
    println!("number     {} ({})", said(phone), number.id);
    println!("name       {}", said(number.verified_name()));
    println!("quality    {}", said(number.quality().map(QualityRating::as_str)));
    println!("limit      {}", said(limit.as_deref()));
    println!("readiness  {}", number.readiness());
    println!("snapshot   {}", said(age.as_deref()));
}
