//! `docs/performance.md`, part by part.

use std::{
    fs,
    ops::RangeBounds,
    path::{Path, PathBuf},
};

use crate::Outcome;

pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Puts a table where the page has the marks of its part, and prints it.
pub(crate) fn write(part: &str, table: &str) -> Outcome {
    print!("{table}");
    let file = docs().join("performance.md");
    let page = fs::read_to_string(&file)?;
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->"));
    let (before, rest) = page.split_once(&begin).ok_or("the page has no such part")?;
    let (_, after) = rest.split_once(&end).ok_or("the part has no end")?;
    fs::write(file, format!("{before}{begin}{table}{end}{after}"))?;
    Ok(())
}

/// A figure, with a mark where it misses its goal.
pub(crate) fn goal(figure: f64, goal: impl RangeBounds<f64>) -> String {
    let mark = if goal.contains(&figure) { "" } else { " **missed**" };
    format!("{figure:.3}{mark}")
}
