//! From the published pages to `openapi.json`: page → merge → overlay → downgrade → infer → answers
//! → place → check → provenance, each stage in its own file; [`pipeline`] puts them together, and
//! only this file and its helpers ([`sources`], [`fetch`], [`files`]) touch the disk or the
//! network.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::Utc;
use serde_json::Value;

use self::files::Change;
use self::pipeline::{Built, Input};
use self::report::Report;
use self::sources::{Page, Sources};

mod changes;
mod check;
mod downgrade;
mod fetch;
mod files;
mod hoist_schemas;
mod infer;
mod json;
mod merge;
mod objects;
mod overlay;
mod page;
pub(crate) mod pipeline;
mod pointer;
#[cfg(any(test, fuzzing))]
pub mod promises;
#[cfg(test)]
mod properties;
mod provenance;
pub(crate) mod report;
mod sources;
mod surface;
mod unify_responses;
mod visit;
mod yaml;

/// Where the pages are stored.
const UPSTREAM: &str = "xtask/upstream";
/// The list of the pages.
const SOURCES: &str = "xtask/upstream/sources.toml";
/// Our judgements about the pages.
const OVERLAY: &str = "xtask/overlay.yaml";
/// The document that everything else is built from.
pub(crate) const OUTPUT: &str = "openapi.json";

/// What a run is asked to do.
pub(crate) struct Options {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Whether to write nothing and only compare.
    pub(crate) check: bool,
    /// Whether to fetch the pages first.
    pub(crate) fetch: bool,
    /// Other sources, in place of the stored pages and their overlay.
    pub(crate) from: Vec<String>,
    /// Another overlay.
    pub(crate) overlay: Option<PathBuf>,
    /// Another file to write.
    pub(crate) out: Option<PathBuf>,
}

/// How a run ended, when it could tell.
pub(crate) struct Outcome {
    /// The file that is, or would be, written.
    pub(crate) out: String,
    /// What became of it.
    pub(crate) state: State,
    /// What changed since the file that was there; nothing where there was none.
    pub(crate) report: Option<Report>,
    /// What a maintainer should know, though it stops nothing.
    pub(crate) notes: Vec<String>,
}

/// What became of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was rewritten.
    Written,
    /// It already is what would be written.
    InSync,
    /// It, or a stored page, is not what would be written.
    Drift(Drift),
}

/// Where a file departs from what would be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// There is no file.
    Missing,
    /// The number of the first line that differs.
    Line(usize),
    /// A stored page is not as it was fetched.
    Page,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "is missing"),
            Self::Line(line) => write!(f, "is not what its sources give, first at line {line}"),
            Self::Page => write!(f, "is made of a stored page that is not as {SOURCES} says"),
        }
    }
}

/// The texts to start from.
struct Gathered {
    inputs: Vec<Input>,
    overlay: Option<Input>,
    /// What fetching changes in the repository.
    changes: Vec<Change>,
    /// The stored pages that are not as they were fetched.
    notes: Vec<String>,
}

/// Makes the document and writes it, or compares it.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let gathered = gather(options)?;
    let Built { document, text, notes } =
        pipeline::build(&gathered.inputs, gathered.overlay.as_ref())?;
    let path = options.out.clone().unwrap_or_else(|| options.root.join(OUTPUT));
    let out = options.out.as_ref().map_or(OUTPUT.to_owned(), |out| out.display().to_string());
    let old = files::read_if_there(&path)?;
    let drift = drift(old.as_deref(), &text);
    let edited = !gathered.notes.is_empty();
    let mut notes = [gathered.notes, notes].concat();
    let report = match compare(old.as_deref(), &document, drift.is_some()) {
        Ok(report) => report,
        Err(error) if options.check => return Err(error).context(out),
        Err(error) => {
            notes.push(format!("{out}: cannot tell what changed: {error:#}"));
            None
        }
    };
    let state = if options.check {
        drift.or(edited.then_some(Drift::Page)).map_or(State::InSync, State::Drift)
    } else {
        write(gathered.changes, drift.is_some().then_some(Change { path, text }))?
    };
    Ok(Outcome { out, state, report, notes })
}

/// Writes what differs, so that a needless run rebuilds nothing.
fn write(mut changes: Vec<Change>, document: Option<Change>) -> Result<State> {
    let state = if document.is_some() { State::Written } else { State::InSync };
    changes.extend(document);
    files::replace(&changes)?;
    Ok(state)
}

/// What changed since the document that was there.
fn compare(old: Option<&[u8]>, new: &Value, differs: bool) -> Result<Option<Report>> {
    let Some(old) = old else { return Ok(None) };
    let old: Value = serde_json::from_slice(old).context("expected JSON in the present file")?;
    Ok(Some(Report::new(&old, new, differs)))
}

/// Where the present file departs from `expected`, if it does.
fn drift(found: Option<&[u8]>, expected: &str) -> Option<Drift> {
    let Some(found) = found else { return Some(Drift::Missing) };
    let expected = expected.as_bytes();
    let pairs = found.iter().zip(expected);
    let same = pairs.take_while(|(found, expected)| found == expected).count();
    let line = found[..same].split(|byte| *byte == b'\n').count();
    (found != expected).then_some(Drift::Line(line))
}

/// Collects the sources that a run is asked to start from.
fn gather(options: &Options) -> Result<Gathered> {
    let other = options.overlay.as_ref().map(|path| input(path, &path.display().to_string()));
    if !options.from.is_empty() {
        let inputs: Result<Vec<Input>> =
            options.from.iter().map(|from| other_source(from)).collect();
        let overlay = other.transpose()?;
        return Ok(Gathered { inputs: inputs?, overlay, changes: Vec::new(), notes: Vec::new() });
    }
    let overlay = other.unwrap_or_else(|| input(&options.root.join(OVERLAY), OVERLAY))?;
    let list = files::read(&options.root.join(SOURCES)).context(SOURCES)?;
    let list = Sources::parse(&list).context(SOURCES)?;
    let mut gathered =
        if options.fetch { fetched(&options.root, list)? } else { stored(&options.root, &list)? };
    gathered.overlay = Some(overlay);
    Ok(gathered)
}

/// A file as a source; the record gives its name in the repository, or its bare name where it is
/// outside.
fn input(path: &Path, name: &str) -> Result<Input> {
    let text = files::read(path).with_context(|| name.to_owned())?;
    let bare = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = if path.ends_with(name) && !Path::new(name).is_absolute() {
        Some(name.to_owned())
    } else {
        bare
    };
    Ok(Input { name: name.to_owned(), url: None, file, text })
}

/// A source that the command line names.
fn other_source(from: &str) -> Result<Input> {
    if from.starts_with("https://") || from.starts_with("http://") {
        let text = fetch::fetch(from, fetch::LIMITS)?;
        return Ok(Input { name: from.to_owned(), url: Some(from.to_owned()), file: None, text });
    }
    input(Path::new(from), from)
}

/// The pages as they are stored.
fn stored(root: &Path, list: &Sources) -> Result<Gathered> {
    let (mut inputs, mut notes) = (Vec::new(), Vec::new());
    for page in &list.pages {
        let name = format!("{UPSTREAM}/{}", page.file);
        let text = files::read(&root.join(&name)).with_context(|| name.clone())?;
        let digest = provenance::sha256(&text);
        if digest != page.sha256 {
            notes.push(format!(
                "{name}: not as fetched on {}: its sha256 is {digest}, {SOURCES} says otherwise",
                page.fetched
            ));
        }
        inputs.push(page_input(page, name, text));
    }
    Ok(Gathered { inputs, overlay: None, changes: Vec::new(), notes })
}

/// The pages as they are published now, and what storing them changes.
fn fetched(root: &Path, mut list: Sources) -> Result<Gathered> {
    let (mut inputs, mut changes) = (Vec::new(), Vec::new());
    for page in &mut list.pages {
        let name = format!("{UPSTREAM}/{}", page.file);
        let text = fetch::fetch(&page.url, fetch::LIMITS)?;
        let digest = provenance::sha256(&text);
        if digest != page.sha256 {
            page.sha256 = digest;
            page.fetched = today();
        }
        changes.push(Change { path: root.join(&name), text: text.clone() });
        inputs.push(page_input(page, name, text));
    }
    changes.push(Change { path: root.join(SOURCES), text: list.to_text()? });
    Ok(Gathered { inputs, overlay: None, changes, notes: Vec::new() })
}

/// A listed page as a source.
fn page_input(page: &Page, name: String, text: String) -> Input {
    Input { name: name.clone(), url: Some(page.url.clone()), file: Some(name), text }
}

/// The day, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the clock: the day of a fetch is a record"
)]
fn today() -> String {
    Utc::now().date_naive().to_string()
}
