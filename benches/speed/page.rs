//! Writes `docs/measured/performance.md`, part by part.

use std::{error::Error, fs, process::Command};

use crate::Outcome;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/measured/performance.md");
const LOCK: &str = include_str!("../../Cargo.lock");
/// The crates that determine the figures.
const CRATES: [&str; 6] = ["pilot-status", "reqwest", "hyper", "tokio", "serde", "serde_json"];

/// Writes a table between the marks of its part in the page, and prints it.
pub(crate) fn write(part: &str, table: &str) -> Outcome {
    print!("{table}");
    put(part, table)?;
    put("versions", &versions()?)
}

fn put(part: &str, table: &str) -> Outcome {
    let page = fs::read_to_string(PAGE)?;
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->"));
    let (before, rest) = page.split_once(&begin).ok_or("the page has no such part")?;
    let (_, after) = rest.split_once(&end).ok_or("the part has no end")?;
    fs::write(PAGE, format!("{before}{begin}{table}{end}{after}"))?;
    Ok(())
}

/// Returns the measured versions: the crates in the lock file, and the compiler.
fn versions() -> Result<String, Box<dyn Error>> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let rustc = String::from_utf8(rustc.stdout)?;
    let locked = |name: &str| {
        let (_, entry) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", entry.split_once('"')?.0))
    };
    let crates: Vec<_> = CRATES.iter().filter_map(|name| locked(name)).collect();
    Ok(format!("  {}, {}\n  ", rustc.trim(), crates.join(", ")))
}

/// Formats a figure, with a mark if it is above its goal.
pub(crate) fn goal(figure: f64, most: f64) -> String {
    let mark = if figure <= most { "" } else { " **missed**" };
    format!("{figure:.3}{mark}")
}
