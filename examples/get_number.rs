//! Prints a number: `cargo run --example get_number -- [ID] [--refresh] [--json]`.
//!
//! Given an id, it queries the API with the key in `PILOT_STATUS_API_KEY`. Without one it queries a
//! small server on loopback, which responds with a 429 and then with the documented example.

mod demo;

use std::{
    env,
    error::Error,
    io::{self, Write},
};

use pilot_status::{
    Client,
    types::{Number, QualityRating},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (flags, ids): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|a| a.starts_with("--"));
    if let Some(flag) = flags.iter().find(|flag| !["--refresh", "--json"].contains(&&***flag)) {
        return Err(format!("{flag} is none of --refresh, --json").into());
    }
    let has = |name| flags.iter().any(|flag| flag == name);

    let number = if let Some(id) = ids.into_iter().next() {
        Client::from_env()?.number(id)
    } else {
        let client = Client::builder().api_key("ps_example").base_url(demo::start()?);
        client.build()?.number("num_01HZX")
    };
    let number = if has("--refresh") { number.refresh().await? } else { number.get().await? };
    let text =
        if has("--json") { serde_json::to_string_pretty(&number)? + "\n" } else { table(&number) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn table(number: &Number) -> String {
    let phone = number.display_phone_number().or(number.number.as_deref());
    let limit = number.messaging_limit().map(|tier| match tier.recipients() {
        Some(limit) => format!("{tier}, {limit} customers in 24 hours"),
        None => tier.to_string(),
    });
    let lines = [
        ("number", phone),
        ("id", Some(number.id.as_str())),
        ("name", number.verified_name()),
        ("quality", number.quality().map(QualityRating::as_str)),
        ("limit", limit.as_deref()),
    ];
    let lines = lines.map(|(what, value)| format!("{what:<11}{}\n", value.unwrap_or("not given")));
    format!("{}readiness  {}\n", lines.concat(), number.readiness())
}
