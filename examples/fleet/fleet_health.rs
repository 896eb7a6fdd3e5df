//! Lists the numbers that are not ready, worst last:
//! `cargo run -p fleet --bin fleet_health -- [ID…] [--all]`.
//!
//! Without ids it lists all numbers of the key's tenant. It exits with 2 if any number is blocked,
//! otherwise with 1 if any request failed, otherwise with 0.
//!
//! Without ids, and without a key in the environment, it queries an example server.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    io::{self, Write},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use futures_util::StreamExt;
use pilot_status::{ReadinessLevel, types::Number};

type Answer = Result<Number, pilot_status::Error>;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (shows_all, mut ids) = common::arguments("--all")?;
    let (client, _server) = common::client(&ids).await?;
    if ids.is_empty() {
        ids = client.list_numbers().await?.into_iter().map(|number| number.id).collect();
    }
    let mut answers: Vec<_> = client.numbers(ids).ordered().get().collect().await;
    answers.sort_by_key(|(_, answer)| rank(answer));
    #[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
    let now = SystemTime::now().into();
    let (mut counts, mut hints) = (BTreeMap::new(), BTreeSet::new());
    for (id, answer) in &answers {
        let verdict = match answer {
            Ok(number) => {
                let phone = number.display_phone_number().or(number.number.as_deref());
                let age = number.snapshot_age(now).map(in_words);
                let age = age.map_or(String::new(), |age| format!(" (snapshot {age})"));
                format!("{:<20}  {}{age}", phone.unwrap_or("–"), number.readiness())
            }
            Err(error) => error.to_string(),
        };
        if shows_all || rank(answer) != (false, Some(ReadinessLevel::Ready)) {
            writeln!(io::stdout(), "{id:<12}  {verdict}")?;
        }
        let name = match answer {
            Ok(number) => number.readiness().level().to_string(),
            Err(error) => format!("failed ({})", error.kind()),
        };
        *counts.entry((rank(answer), name)).or_insert(0) += 1;
        hints.extend(answer.as_ref().err().and_then(pilot_status::Error::hint));
    }
    let totals: Vec<_> = counts.iter().map(|((_, name), n)| format!("{n} {name}")).collect();
    writeln!(io::stdout(), "{} numbers: {}", answers.len(), totals.join(", "))?;
    for hint in hints {
        eprintln!("hint: {hint}");
    }
    let any = |level| answers.iter().any(|(_, answer)| rank(answer).1 == level);
    Ok(match (any(Some(ReadinessLevel::Blocked)), any(None)) {
        (true, _) => ExitCode::from(2),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Returns the place of a result in the list: ready, unknown, degraded, blocked, failed.
fn rank(answer: &Answer) -> (bool, Option<ReadinessLevel>) {
    let level = answer.as_ref().ok().map(|number| number.readiness().level());
    (level.is_none(), level)
}

/// Returns an age in its largest unit.
fn in_words(age: Duration) -> String {
    match age.as_secs() {
        0..10 => "just now".to_owned(),
        seconds @ 10..120 => format!("{seconds} s ago"),
        seconds @ 120..7200 => format!("{} min ago", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}
