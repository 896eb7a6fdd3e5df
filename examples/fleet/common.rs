//! Code that the examples share: the exit with an error, and a client of the API, or of an example
//! server if there is no credential.

use std::{env, error::Error, io, process::ExitCode};

use chrono::{DateTime, SecondsFormat, Utc};
use pilot_status::Client;
use serde_json::{Value, json};
use support::{Reply, Request, Server};

/// Number of numbers that the example server knows.
const MADE_UP: usize = 20;

/// Runs an example. Prints its error, and a hint on what to do about it.
pub(crate) async fn end(run: impl Future<Output = Result<ExitCode, Box<dyn Error>>>) -> ExitCode {
    match run.await {
        Ok(code) => code,
        // The reader of the output has read enough and closed the pipe, such as `head`.
        Err(error) if is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.downcast_ref().and_then(pilot_status::Error::hint) {
                eprintln!("hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Returns true if the environment has a credential.
fn has_credential() -> bool {
    let credentials = ["PILOT_STATUS_API_KEY", "PILOT_STATUS_API_KEY_ID"];
    credentials.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Returns a client of the API, with the credential of the environment. Without a credential it
/// returns a client of a new server with made-up numbers, and that server, which the caller keeps
/// alive. The server knows only its own ids, so with `ids` the API is used.
pub(crate) async fn client(ids: &[String]) -> Result<(Client, Option<Server>), Box<dyn Error>> {
    // Without a credential this returns an error that names the missing variable.
    if has_credential() || !ids.is_empty() {
        return Ok((Client::from_env()?, None));
    }
    let example = number();
    let server = Server::start(move |n, request| made_up(n, request, &example)).await?;
    eprintln!("PILOT_STATUS_API_KEY is not set: using an example server, {}", server.url());
    let client = Client::builder().api_key("ps_example").base_url(server.url()).build()?;
    Ok((client, Some(server)))
}

/// Returns the documented example, with a snapshot from now.
fn number() -> Value {
    let mut number = support::example();
    number["meta"]["fetchedAt"] = now().to_rfc3339_opts(SecondsFormat::Millis, true).into();
    number
}

#[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Returns the response of the example server: numbers that change from round to round, one that
/// fails, one that is deleted, one that comes and goes in the list, and an occasional 429.
fn made_up(request: usize, line: &Request, example: &Value) -> Reply {
    if request % 50 == 49 {
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "1");
    }
    let round = request / (MADE_UP + 1);
    if line.line.ends_with("/v1/numbers") {
        let count = MADE_UP - usize::from(round % 12 > 7);
        return Reply::json(200, list(count).to_string());
    }
    let id = line.line.rsplit('/').next().unwrap_or_default();
    let n: usize = id.trim_start_matches("num_").parse().unwrap_or_default();
    let mut json = example.clone();
    json["id"] = id.into();
    match (n, (round + n) % 8) {
        (2, _) if round % 24 > 3 && round % 24 < 12 => {
            return Reply::json(500, r#"{"error":"Internal error"}"#);
        }
        (6, _) if round % 20 > 2 && round % 20 < 8 => {
            return Reply::json(404, r#"{"error":"Number not found"}"#);
        }
        (3 | 8 | 13 | 17, 5..) => json["health"]["qualityRating"] = "RED".into(),
        (5 | 15, 6..) => json["state"] = "CLOSE".into(),
        (11, 4..) => json["health"]["portfolioMessagingLimitTier"] = "TIER_10K".into(),
        _ => {}
    }
    Reply::json(200, json.to_string())
}

fn list(count: usize) -> Value {
    (0..count).map(|n| json!({ "id": format!("num_{n}") })).collect()
}
