//! Ten thousand ids.

use std::{cell::Cell, error::Error, fmt::Write as _, process::Command};

use futures_util::{StreamExt, stream};
use pilot_status::Client;

use crate::{
    Outcome,
    contenders::Contender,
    measure::Rounds,
    page::{self, goal},
    server::{self, Process},
};

const IDS: usize = 10_000;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 15;

pub(crate) fn run() -> Outcome {
    let url = server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let contenders = ["ours", "bare reqwest"].map(|name| Contender::new(name, &url));
    let times = Rounds::run(ROUNDS, contenders.len(), |who| {
        assert_eq!(runtime.block_on(fleet(&contenders[who])), IDS);
    });
    let server = Process::start()?;
    let memory = |who| memory_of(who, &server.url);
    let (ours, bare) = (memory("ours")?, memory("bare reqwest")?);
    let mut table = String::from("| | ours | bare reqwest | ratio |\n|---|---|---|---|\n");
    let second = |who| IDS as f64 / times.median(who).as_secs_f64();
    writeln!(
        table,
        "| numbers a second | {:.0} | {:.0} | {} |\n| most memory | {:.1} MB | {:.1} MB | {} |",
        second(0),
        second(1),
        goal(1.0 / times.ratio(0, 1), 0.97..),
        ours / 1e6,
        bare / 1e6,
        goal(ours / bare, ..=1.10),
    )?;
    page::write("fleet", &table)
}

/// Asks for all of them; gives how many were answered.
async fn fleet(contender: &Contender) -> usize {
    let ids = (0..IDS).map(|n| format!("num_{n}"));
    match contender {
        Contender::Ours(client) => ours(client, ids).await,
        other => {
            let answered = Cell::new(0);
            let each = async |id: String| {
                if other.get(&id).await {
                    answered.update(|n| n + 1);
                }
            };
            stream::iter(ids).for_each_concurrent(AT_ONCE, each).await;
            answered.get()
        }
    }
}

async fn ours(client: &Client, ids: impl Iterator<Item = String> + Send) -> usize {
    let numbers = client.numbers(ids).concurrency(AT_ONCE).get();
    numbers.filter(|(_, number)| std::future::ready(number.is_ok())).count().await
}

/// The most memory, in bytes, of a process that does it once.
fn memory_of(who: &str, url: &str) -> Result<f64, Box<dyn Error>> {
    let mut peaks = Vec::new();
    for _ in 0..5 {
        let output =
            Command::new(std::env::current_exe()?).args(["--fleet-memory", who, url]).output()?;
        peaks.push(String::from_utf8(output.stdout)?.trim().parse::<f64>()?);
    }
    peaks.sort_by(f64::total_cmp);
    Ok(peaks[peaks.len() / 2])
}

/// That process: does it once, and prints the most memory that it had.
pub(crate) fn memory(who: &str, url: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    assert_eq!(runtime.block_on(fleet(&Contender::new(who, url))), IDS);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    println!("{}", kilobytes * 1024);
    Ok(())
}
