//! Prints the changes in a fleet: `cargo run -p fleet --bin watch_fleet -- [ID…] [--json]`.
//!
//! Without ids it watches all numbers of the key's tenant. It prints the state of each number, and
//! then one line for each change, until Ctrl-C or until the API refuses the key. Times are UTC.
//!
//! Without ids, and without a key in the environment, it watches an example server.

mod common;

use std::{
    collections::HashSet,
    error::Error,
    io::{self, Write},
    time::Duration,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (is_json, ids) = common::arguments("--json")?;
    let (client, server) = common::client(&ids).await?;
    let every = Duration::from_secs(if server.is_some() { 2 } else { 60 });
    let mut changes =
        if ids.is_empty() { client.watch_all(every) } else { client.numbers(ids).watch(every) };
    let mut hints = HashSet::new();
    while let Some(change) = changes.next().await {
        if is_json {
            writeln!(io::stdout(), "{}", serde_json::to_string(&change)?)?;
        } else {
            writeln!(io::stdout(), "{}  {change}", change.at.format("%H:%M:%S"))?;
        }
        let Some(error) = change.error else { continue };
        if error.is_unauthorized() {
            return Err(error.into());
        }
        if let Some(hint) = error.hint().filter(|hint| hints.insert((*hint).to_owned())) {
            eprintln!("hint: {hint}");
        }
    }
    Ok(())
}
