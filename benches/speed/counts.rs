//! Counts that do not depend on the machine: allocations, and instructions under valgrind.
//! `counts.json` stores the last accepted ones.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{Outcome, contenders::Contender, decode, page, page::goal, request, server};

/// Accepted difference of a count from the stored one, as a part of it.
const TOLERANCE: f64 = 0.03;
/// Numbers of calls of two processes. The difference of their counts leaves out the start of the
/// process.
const CALLS: [usize; 2] = [200, 600];
/// Ratios of instructions, each with the two ways that it compares, and its goal. Compilers change
/// ratios less than counts.
const RATIOS: [(&str, &str, &str, f64); 3] = [
    ("decode over Value", "decode", "decode a Value", 0.85),
    ("decode over hand-written", "decode", "decode by hand", 1.20),
    ("request over bare reqwest", "ours", "bare reqwest", 1.04),
];

/// Counts again, stores the counts, and writes the page.
pub(crate) fn write() -> Outcome {
    let counts = count()?;
    fs::write(file(), format!("{counts:#}\n"))?;
    page::write("counts", &table(&counts)?)
}

/// Counts again, and fails if a count differs by more than the tolerance.
pub(crate) fn check() -> Outcome {
    let stored: Value = serde_json::from_str(&fs::read_to_string(file())?)?;
    let counts = count()?;
    let mut misses = String::new();
    for what in ["allocations", "instructions"] {
        for (name, now) in counts[what].as_object().into_iter().flatten() {
            let (now, then) = (number(now)?, number(&stored[what][name])?);
            let change = (now - then) / then;
            println!("{what}, {name}: {now:.3}, stored {then:.3}, {:+.1} %", change * 100.0);
            if change.abs() > TOLERANCE {
                writeln!(misses, "{what}, {name}: {:+.1} %", change * 100.0)?;
            }
        }
    }
    if misses.is_empty() {
        return Ok(());
    }
    Err(format!(
        "counts that changed (`cargo run --release --package speed -- --counts` updates them):\n{misses}"
    )
    .into())
}

fn number(value: &Value) -> Result<f64, Box<dyn Error>> {
    value.as_f64().ok_or_else(|| "a count is not a number: replace it with --counts".into())
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.json")
}

/// Counts allocations and instructions.
fn count() -> Result<Value, Box<dyn Error>> {
    let mut counts = json!({ "allocations": allocations()?, "instructions": {} });
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: skipped, since valgrind is not installed");
        return Ok(counts);
    }
    let url = server::start()?;
    for (name, of, over, _) in RATIOS {
        let ratio = instructions(of, &url)? / instructions(over, &url)?;
        counts["instructions"][name] = json!((ratio * 1e4).round() / 1e4);
    }
    Ok(counts)
}

/// Counts the allocations of one request, on the thread of the client.
fn allocations() -> Result<Value, Box<dyn Error>> {
    let url = server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut counts = json!({});
    for name in Contender::NAMES {
        let contender = Contender::new(name, &url);
        request::calls(&runtime, &contender, 100, 1);
        let one = || allocation_counter::measure(|| request::calls(&runtime, &contender, 1, 1));
        // A few allocations depend on how the bytes arrive, so the median counts.
        let mut counted: Vec<_> = (0..101).map(|_| one().count_total).collect();
        counted.sort_unstable();
        counts[name] = counted[counted.len() / 2].into();
    }
    Ok(counts)
}

/// Returns the instructions of one call: the difference between many and few calls, divided by
/// their number.
fn instructions(way: &str, url: &str) -> Result<f64, Box<dyn Error>> {
    let [few, many] = CALLS;
    let more = total(way, many, url)? - total(way, few, url)?;
    Ok(more / (many - few) as f64)
}

/// Returns the instructions of a process that makes `times` calls.
fn total(way: &str, times: usize, url: &str) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["--calls", way, &times.to_string(), url])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.ok_or_else(|| format!("valgrind: {text}"))?;
    Ok(collected.trim().parse()?)
}

/// Makes the calls of such a process.
pub(crate) fn calls(way: &str, times: usize, url: &str) -> Outcome {
    let [case, ..] = decode::cases();
    let decode = match way {
        "decode" => case.ways[0],
        "decode a Value" => case.ways[1],
        "decode by hand" => case.ways[2],
        contender => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            request::calls(&runtime, &Contender::new(contender, url), times, 1);
            return Ok(());
        }
    };
    (0..times).for_each(|_| decode(&case.body));
    Ok(())
}

fn table(counts: &Value) -> Result<String, Box<dyn Error>> {
    let allocations = |name: &str| number(&counts["allocations"][name]);
    let (ours, bare) = (allocations("ours")?, allocations("bare reqwest")?);
    let mut table = format!(
        "| | |\n|---|---|\n| allocations of a request: ours, bare reqwest | {ours}, {bare} |\n"
    );
    writeln!(table, "| ours (≤ bare reqwest) | {} |", goal(ours, bare))?;
    for (name, .., most) in RATIOS {
        let ratio = number(&counts["instructions"][name])?;
        writeln!(table, "| instructions, {name} (≤ {most:.2}) | {} |", goal(ratio, most))?;
    }
    Ok(table)
}
