//! From the published page to `openapi.json`: page → overlay → downgrade → provenance, each stage in its own file.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use self::overlay::Overlay;
use self::provenance::Source;

mod downgrade;
mod overlay;
mod page;
mod pointer;
mod provenance;
mod yaml;

/// The page as the vendor published it.
const PAGE: &str = "xtask/upstream/get-number-meta-details.md";
/// Our judgements about the page.
const OVERLAY: &str = "xtask/overlay.yaml";
/// The document that everything else is built from.
pub(crate) const OUTPUT: &str = "openapi.json";

/// How a run ended, when it could tell.
pub(crate) enum Outcome {
    /// The file was rewritten.
    Written,
    /// The file already is what would be written.
    InSync,
    /// The file is not what would be written.
    Drift(Drift),
}

/// Where the file departs from what would be written.
pub(crate) enum Drift {
    /// There is no file.
    Missing,
    /// The number of the first line that differs.
    Line(usize),
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "{OUTPUT} is missing"),
            Self::Line(line) => {
                write!(f, "{OUTPUT} is not what {PAGE} and {OVERLAY} give, first at line {line}")
            }
        }
    }
}

/// Writes the document unless it is there already, so that a needless run rebuilds nothing.
pub(crate) fn write(root: &Path) -> Result<Outcome> {
    let document = generate(root)?;
    if drift(root, &document)?.is_none() {
        return Ok(Outcome::InSync);
    }
    replace(&root.join(OUTPUT), &document).context(OUTPUT)?;
    Ok(Outcome::Written)
}

/// Compares the document with what would be written, and writes nothing.
pub(crate) fn check(root: &Path) -> Result<Outcome> {
    let document = generate(root)?;
    Ok(drift(root, &document)?.map_or(Outcome::InSync, Outcome::Drift))
}

/// The bytes that belong into the file.
fn generate(root: &Path) -> Result<String> {
    let page = read(root, PAGE)?;
    let overlay = read(root, OVERLAY)?;
    let document = page::extract(&page).context(PAGE)?;
    let document =
        Overlay::parse(&overlay).and_then(|actions| actions.apply(document)).context(OVERLAY)?;
    let document = downgrade::downgrade(&document)
        .with_context(|| format!("{PAGE} with {OVERLAY} applied"))?;
    let page = Source::new(PAGE, &page);
    let overlay = Source::new(OVERLAY, &overlay);
    let document = provenance::record(document, &[page], &overlay);
    Ok(format!("{document:#}\n"))
}

/// Reads a file of the repository.
fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("{file}: expected a text file"))
}

/// Where the file departs from `expected`, if it does.
fn drift(root: &Path, expected: &str) -> Result<Option<Drift>> {
    let found = match fs::read(root.join(OUTPUT)) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(Drift::Missing)),
        Err(error) => return Err(error).context(OUTPUT),
    };
    let same =
        found.iter().zip(expected.as_bytes()).take_while(|(found, expected)| found == expected);
    let (same, line) = same
        .fold((0, 1), |(count, line), (byte, _)| (count + 1, line + usize::from(*byte == b'\n')));
    let equal = same == found.len() && same == expected.len();
    Ok((!equal).then_some(Drift::Line(line)))
}

/// Swaps the whole file at once: whoever reads it meanwhile sees the old or the new one, never a part.
fn replace(path: &Path, text: &str) -> Result<()> {
    let temporary = path.with_extension(format!("json.{}.tmp", std::process::id()));
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    Ok(written?)
}
