//! Prints a number: `cargo run --example get_number -- [ID] [--refresh] [--json]`.
//!
//! With `PILOT_STATUS_API_KEY` or `PILOT_STATUS_API_KEY_ID` set it asks the API (or
//! `PILOT_STATUS_BASE_URL`); without, a small server of its own on loopback, which answers with the
//! documented example after one 429.

mod common;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Arg, ArgAction, Command};
use pilot_status::types::{Number, QualityRating};
use support::{Reply, Request};

#[tokio::main]
async fn main() -> ExitCode {
    common::end(run()).await
}

fn command() -> Command {
    let flag = |name| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new("get_number")
        .about("Prints a number")
        .after_help("Without PILOT_STATUS_API_KEY or PILOT_STATUS_API_KEY_ID, and without ID, it asks a server of its own.")
        .arg(Arg::new("ID").help("The id of a number, such as num_01HZX"))
        .arg(flag("refresh").help("Let the API ask Meta first"))
        .arg(flag("json").help("Print all that the API sent"))
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = command().get_matches();
    let ids: Vec<String> = arguments.remove_one("ID").into_iter().collect();
    let example = common::number().to_string();
    let (client, server) =
        common::client(&ids, move |n, request| refuse_first(n, request, &example)).await?;
    let made_up = server.is_some().then(|| "num_01HZX".to_owned());
    let id = ids.into_iter().next().or(made_up);
    let number = client.number(id.ok_or("name the id of a number: get_number ID")?);
    let number =
        if arguments.get_flag("refresh") { number.refresh().await? } else { number.get().await? };
    let text = if arguments.get_flag("json") {
        serde_json::to_string_pretty(&number)? + "\n"
    } else {
        table(&number)
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_first(n: usize, request: &Request, example: &str) -> Reply {
    if n == 0 {
        eprintln!("{} -> 429, Retry-After: 1", request.line);
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "1");
    }
    eprintln!("{} -> 200", request.line);
    Reply::json(200, example)
}

fn table(number: &Number) -> String {
    let said = |text: Option<&str>| text.unwrap_or("not given").to_owned();
    let phone = number.display_phone_number().or(number.number.as_deref());
    let limit = number.messaging_limit().map(|tier| match tier.recipients() {
        Some(limit) => format!("{tier}, {limit} customers in 24 hours"),
        None => tier.to_string(),
    });
    let age = number.snapshot_age(common::now());
    let age = age.map(|age| format!("{} hours old", age.as_secs() / 3600));
    [
        format!("number     {} ({})\n", said(phone), number.id),
        format!("name       {}\n", said(number.verified_name())),
        format!("quality    {}\n", said(number.quality().map(QualityRating::as_str))),
        format!("limit      {}\n", said(limit.as_deref())),
        format!("readiness  {}\n", number.readiness()),
        format!("snapshot   {}\n", said(age.as_deref())),
    ]
    .concat()
}
