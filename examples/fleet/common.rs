//! Code that both programs share: their arguments, and a client of the API, or of an example server
//! if there is no key.

use std::{env, error::Error};

use pilot_status::Client;
use serde_json::{Value, json};
use support::{Reply, Request, Server};

/// Number of numbers that the example server knows.
const MADE_UP: usize = 20;

/// Returns true if the arguments contain the flag, and the ids.
pub(crate) fn arguments(flag: &str) -> Result<(bool, Vec<String>), String> {
    let (flags, ids): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|a| a.starts_with('-'));
    match flags.iter().find(|other| *other != flag) {
        Some(other) => Err(format!("{other} is not {flag}; the other arguments are ids")),
        None => Ok((!flags.is_empty(), ids)),
    }
}

/// Returns a client with the key of the environment. Without a key and ids it starts an example
/// server, which the caller keeps alive.
pub(crate) async fn client(ids: &[String]) -> Result<(Client, Option<Server>), Box<dyn Error>> {
    let keys = ["PILOT_STATUS_API_KEY", "PILOT_STATUS_API_KEY_ID"];
    if !ids.is_empty() || keys.iter().any(|key| env::var_os(key).is_some_and(|k| !k.is_empty())) {
        return Ok((Client::from_env()?, None));
    }
    let server = Server::start(made_up).await?;
    eprintln!("PILOT_STATUS_API_KEY is not set: using an example server, {}", server.url());
    let client = Client::builder().api_key("ps_example").base_url(server.url()).build()?;
    Ok((client, Some(server)))
}

/// Returns the response of the example server: numbers that change from round to round, one that
/// fails, one that comes and goes, and an occasional 429.
fn made_up(request: usize, Request { line, .. }: &Request) -> Reply {
    let round = request / (MADE_UP + 1);
    if request % 50 == 49 {
        return Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "1");
    }
    if line.ends_with("/v1/numbers") {
        let ids = 0..MADE_UP - usize::from(round % 12 > 7);
        let list: Value = ids.map(|n| json!({ "id": format!("num_{n}") })).collect();
        return Reply::json(200, list.to_string());
    }
    let n: usize = line.rsplit('_').next().and_then(|n| n.parse().ok()).unwrap_or_default();
    let mut number = support::example();
    match (n, (round + n) % 8) {
        (2, _) if round % 24 < 12 => return Reply::json(404, r#"{"error":"Number not found"}"#),
        (3 | 8 | 13 | 17, 5..) => number["health"]["qualityRating"] = "RED".into(),
        (5 | 15, 6..) => number["state"] = "CLOSE".into(),
        (11, 4..) => number["health"]["portfolioMessagingLimitTier"] = "TIER_10K".into(),
        _ => {}
    }
    Reply::json(200, number.to_string())
}
