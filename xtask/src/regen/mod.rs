//! From the published pages to `openapi.json`: page, merge, overlay, check, downgrade, provenance,
//! each stage in its own file; [`pipeline`] puts them together. What changed is a [`report`] of
//! [`diff`]s with their [`effect`]s. Only this file and its helpers ([`sources`], [`fetch`],
//! [`files`]) touch the disk or the network.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use serde_json::Value;

use self::files::Change;
use self::pipeline::{Built, Input};
use self::report::Report;
use self::sources::{Page, Sources};

mod check;
mod diff;
mod downgrade;
mod effect;
mod fetch;
mod files;
mod merge;
mod overlay;
mod page;
#[cfg(test)]
mod page_changes;
mod pipeline;
mod pointer;
mod problems;
#[cfg(any(test, fuzzing))]
pub mod promises;
#[cfg(test)]
mod properties;
mod provenance;
mod report;
mod sources;
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
    /// Pages to try in place of the stored ones; nothing is written then.
    pub(crate) from: Vec<PathBuf>,
}

/// How a run ended, when it could tell.
pub(crate) struct Outcome {
    pub(crate) state: State,
    pub(crate) report: Report,
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
    /// Nothing was to be written.
    Tried,
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

/// The pages to start from.
struct Pages {
    new: Vec<Input>,
    /// As they were before, as far as that is known.
    old: Vec<Input>,
    /// What fetching changes in the repository.
    changes: Vec<Change>,
    /// The stored pages that are not as they were fetched.
    notes: Vec<String>,
}

/// Makes the document and writes it, or compares it.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let root = &options.root;
    let mut pages = gather(options)?;
    let overlay = Input { url: None, text: read(root, OVERLAY)?, file: OVERLAY.to_owned() };
    let published = pipeline::published(&pages.new)?;
    let Built { document, text, written } =
        pipeline::build(published.clone(), &pages.new, &overlay)?;
    let path = root.join(OUTPUT);
    let old = files::read_if_there(&path)?;
    let drift = drift(old.as_deref(), &text);
    let is_edited = !pages.notes.is_empty();

    let before = known("the pages as they were", pipeline::published(&pages.old), &mut pages.notes);
    let old: Option<Value> = match old.as_deref().map(serde_json::from_slice).transpose() {
        Err(error) if options.check => {
            return Err(error).context("openapi.json: expected JSON in the present file");
        }
        parsed => known(OUTPUT, parsed.map_err(Into::into), &mut pages.notes).flatten(),
    };
    let compared = before.as_ref().map(|before| (before, &published));
    let documents = old.as_ref().map(|old| (old, &document));
    let report = Report::new(compared, documents, &written, drift.is_some());

    let state = if !options.from.is_empty() {
        State::Tried
    } else if options.check {
        drift.or(is_edited.then_some(Drift::Page)).map_or(State::InSync, State::Drift)
    } else {
        write(pages.changes, drift.is_some().then_some(Change { path, text }))?
    };
    Ok(Outcome { state, report, notes: pages.notes })
}

/// What is only compared stops nothing.
fn known<T>(what: &str, value: Result<T>, notes: &mut Vec<String>) -> Option<T> {
    value.map_err(|error| notes.push(format!("{what}: cannot tell what changed: {error:#}"))).ok()
}

/// Writes what differs, so that a needless run rebuilds nothing.
fn write(mut changes: Vec<Change>, document: Option<Change>) -> Result<State> {
    let state = if document.is_some() { State::Written } else { State::InSync };
    changes.extend(document);
    files::replace(&changes)?;
    Ok(state)
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

/// Collects the pages that a run is asked to start from, and as they were before.
fn gather(options: &Options) -> Result<Pages> {
    let root = &options.root;
    let list = Sources::parse(&read(root, SOURCES)?).context(SOURCES)?;
    if options.fetch {
        return fetched(root, list);
    }
    let mut pages = stored(root, &list)?;
    if options.from.is_empty() {
        pages.old = committed(root, &list);
        return Ok(pages);
    }
    pages.old = stored(root, &list)?.new;
    for from in &options.from {
        replace(&mut pages.new, from)?;
    }
    Ok(pages)
}

/// Puts a file in the place of the page of its name, or of the only one.
fn replace(pages: &mut [Input], from: &Path) -> Result<()> {
    let text = files::read(from).with_context(|| from.display().to_string())?;
    let only = pages.len() == 1;
    let name = from.file_name().unwrap_or_default();
    let page =
        pages.iter_mut().find(|page| only || Path::new(&page.file).file_name() == Some(name));
    let page = page
        .with_context(|| format!("{}: expected the name of a page of {SOURCES}", from.display()))?;
    (page.text, page.file) = (text, from.display().to_string());
    Ok(())
}

/// The pages as they are stored.
fn stored(root: &Path, list: &Sources) -> Result<Pages> {
    let mut pages =
        Pages { new: Vec::new(), old: Vec::new(), changes: Vec::new(), notes: Vec::new() };
    for page in &list.pages {
        ensure!(
            !page.sha256.is_empty(),
            "{}: not fetched yet: run `cargo xtask regen --fetch`",
            name(page)
        );
        let input = input(page, read(root, &name(page))?);
        let digest = provenance::sha256(&input.text);
        if digest != page.sha256 {
            pages.notes.push(format!(
                "{}: not as fetched on {}: its sha256 is {digest}, {SOURCES} says otherwise",
                input.file, page.fetched
            ));
        }
        pages.new.push(input);
    }
    Ok(pages)
}

/// The pages as they are published now, and what storing them changes.
fn fetched(root: &Path, mut list: Sources) -> Result<Pages> {
    // A page that was only listed is not stored yet.
    let old = list.pages.iter().filter_map(|page| Some(input(page, read(root, &name(page)).ok()?)));
    let old = old.collect();
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for page in &mut list.pages {
        let text = fetch::fetch(&page.url, fetch::LIMITS)?;
        let digest = provenance::sha256(&text);
        if digest != page.sha256 {
            page.sha256 = digest;
            page.fetched = today();
        }
        changes.push(Change { path: root.join(name(page)), text: text.clone() });
        new.push(input(page, text));
    }
    changes.push(Change { path: root.join(SOURCES), text: list.to_text()? });
    Ok(Pages { new, old, changes, notes: Vec::new() })
}

/// The pages as git has them; where it has none, as they are stored.
fn committed(root: &Path, list: &Sources) -> Vec<Input> {
    let text = |page: &Page| {
        let file = format!("HEAD:./{}", name(page));
        let output = Command::new("git").arg("-C").arg(root).args(["show", &file]).output().ok()?;
        let shown = String::from_utf8(output.stdout).ok().filter(|_| output.status.success());
        shown.or_else(|| read(root, &name(page)).ok())
    };
    list.pages.iter().filter_map(|page| Some(input(page, text(page)?))).collect()
}

fn name(page: &Page) -> String {
    format!("{UPSTREAM}/{}", page.file)
}

fn input(page: &Page, text: String) -> Input {
    Input { url: Some(page.url.clone()), file: name(page), text }
}

fn read(root: &Path, file: &str) -> Result<String> {
    files::read(&root.join(file)).with_context(|| file.to_owned())
}

/// The day, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the clock: the day of a fetch is a record"
)]
fn today() -> String {
    Utc::now().date_naive().to_string()
}
