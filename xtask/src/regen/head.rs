//! The last commit: the baseline that the pages and `openapi.json` are compared with, however often
//! a run is repeated.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Returns the text of a file, or `None` if the commit does not have it. Fails if git is missing,
/// or has no commit to compare with.
pub(crate) fn read(root: &Path, file: &str) -> Result<Option<String>> {
    if git(root, &["ls-tree", "HEAD", file])?.is_empty() {
        return Ok(None);
    }
    git(root, &["show", &format!("HEAD:./{file}")]).map(Some)
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    const WHY: &str = "the last commit is what changes are compared with";
    let mut command = Command::new("git");
    command.env("LC_ALL", "C").arg("-C").arg(root).args(arguments);
    let output = command.output().with_context(|| format!("git cannot be run, and {WHY}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("no message").trim_start_matches("fatal: ");
        bail!("git {}: {said}: {WHY}", arguments.join(" "));
    }
    String::from_utf8(output.stdout).context("expected text in UTF-8 in git")
}
