//! From the published pages to `openapi.json`: page, merge, overlay, check, downgrade, lenient,
//! provenance, each stage in its own file; [`pipeline`] puts them together. The baseline of every
//! comparison is the last commit ([`head`]). A [`report`] has the [`diff`]s, and the [`verdict`] on
//! the Rust interface. Only this file and its helpers ([`sources`], [`fetch`], [`files`], [`head`])
//! touch the disk or the network.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, ensure};
use chrono::Utc;
use clap::Args;
use serde_json::Value;

use self::files::Change;
use self::head::Head;
use self::pipeline::{Built, Input, Published};
use self::report::Report;
use self::sources::{Page, Sources};
use self::verdict::{Effect, Interface};

mod check;
mod client;
mod diff;
mod downgrade;
mod fetch;
mod files;
mod head;
mod lenient;
mod merge;
mod overlay;
mod page;
#[cfg(test)]
#[path = "../../tests/unit/page_changes.rs"]
mod page_changes;
mod pipeline;
mod pointer;
mod problems;
#[cfg(any(test, fuzzing))]
#[path = "../../tests/unit/promises.rs"]
pub mod promises;
#[cfg(test)]
#[path = "../../tests/unit/properties.rs"]
mod properties;
mod provenance;
mod report;
mod sources;
mod verdict;
mod visit;
mod yaml;

/// The folder of the stored pages.
const UPSTREAM: &str = "xtask/upstream";
/// The folder of fetched pages until everything has succeeded. Git ignores it.
const STAGING: &str = "xtask/upstream/.staging";
/// The list of the pages.
const SOURCES: &str = "xtask/upstream/sources.toml";
/// The judgements about the pages.
const OVERLAY: &str = "xtask/overlay.yaml";
/// The document that everything else is built from.
pub(crate) const OUTPUT: &str = "openapi.json";

/// The options of a run.
#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing; exit with 1 if openapi.json is not what would be written, with 2 on
    /// an error
    #[arg(long)]
    check: bool,
    /// Fetch the pages of xtask/upstream/sources.toml first; nothing is written unless everything
    /// succeeds
    #[arg(long, conflicts_with = "from")]
    fetch: bool,
    /// Try these pages in place of the stored ones, or beside them, and write nothing
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with = "check")]
    from: Vec<PathBuf>,
    /// The repository to work on instead of this one, for tests
    #[arg(long, hide = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    root: PathBuf,
}

/// The end of a run.
pub(crate) struct Outcome {
    pub(crate) state: State,
    pub(crate) report: Report,
    /// Notes for a maintainer that stop nothing.
    pub(crate) notes: Vec<String>,
}

/// The result for the file.
pub(crate) enum State {
    /// It was rewritten.
    Written,
    /// It already is what would be written.
    InSync,
    /// It, or a stored page, is not what would be written: which, and what to run.
    Drift(String),
    /// Nothing was to be written.
    Tried,
    /// The pages do not give a document.
    Stopped(Error),
}

/// The pages to start from.
#[derive(Default)]
struct Pages {
    inputs: Vec<Input>,
    /// The files that fetching changes.
    changes: Vec<Change>,
    /// A stored page differs from the fetched one.
    is_edited: bool,
}

/// Makes the document and writes it, or compares it.
pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let head = Head::of(&options.root)?;
    let mut notes = Vec::new();
    let pages = gather(options, &mut notes)?;
    let mut report = Report::default();
    let state = regenerate(options, &head, pages, &mut report, &mut notes);
    let kept = format!("the fetched pages are kept in {STAGING}");
    let kept = |error: Error| if options.fetch { error.context(kept) } else { error };
    let state = state.unwrap_or_else(|error| State::Stopped(kept(error)));
    Ok(Outcome { state, report, notes })
}

fn regenerate(
    options: &Options,
    head: &Head,
    pages: Pages,
    report: &mut Report,
    notes: &mut Vec<String>,
) -> Result<State> {
    let root = &options.root;
    let text = read(root, OVERLAY)?;
    let overlay = Input { url: None, text, file: OVERLAY.to_owned(), from: OVERLAY.to_owned() };
    let published = Published::read(&pages.inputs)?;
    let before = known(UPSTREAM, published_at(head), notes).flatten();
    report.add_pages(before.map(|before| before.diff(&published)).unwrap_or_default());
    let built = pipeline::build(published.document, &pages.inputs, &overlay)?;
    report.add_hidden(&built.written);
    if let Some(old) = known(OUTPUT, head.read(OUTPUT), notes).flatten() {
        compare(&old, &built, report, notes);
    }
    let drift = drift(files::read_if_there(&root.join(OUTPUT))?.as_deref(), &built.text);
    if !options.from.is_empty() {
        return Ok(State::Tried);
    }
    if options.check {
        let page = pages.is_edited.then(|| format!("{OUTPUT} is made of a stored page that is not as {SOURCES} has it; restore the page with `git checkout`, or run `cargo xtask regen --fetch` and review the change"));
        let is_stored = |change: &Change| read(root, &change.path).is_ok_and(|t| t == change.text);
        let is_new = !pages.changes.iter().all(is_stored);
        let fetched = is_new.then(|| "a page is not as it is stored; run `cargo xtask regen --fetch` and review the change".to_owned());
        clear_staging(root)?;
        return Ok(fetched.or(drift).or(page).map_or(State::InSync, State::Drift));
    }
    let document = drift.is_some().then_some(Change { path: OUTPUT.to_owned(), text: built.text });
    let state = if document.is_some() { State::Written } else { State::InSync };
    // Only what differs is written, so that a needless run rebuilds nothing.
    let changes: Vec<Change> = pages.changes.into_iter().chain(document).collect();
    files::replace(root, &changes)?;
    clear_staging(root)?;
    Ok(state)
}

/// Compares the document with that of the last commit.
fn compare(old: &str, new: &Built, report: &mut Report, notes: &mut Vec<String>) {
    if old == new.text {
        return;
    }
    let before = serde_json::from_str(old).map_err(Error::from);
    let before = before.and_then(|old: Value| Ok((Interface::of(&old)?, old)));
    match known(&format!("{OUTPUT} of the last commit"), before, notes) {
        Some((interface, old)) => {
            let verdict = interface.compare(&new.interface);
            report.add_document(diff::diff(&old, &new.document), verdict);
        }
        None => report.add_document(Vec::new(), (Effect::Breaking, Vec::new())),
    }
}

/// The pages of the last commit, if it has any.
fn published_at(head: &Head) -> Result<Option<Published>> {
    let Some(list) = head.read(SOURCES)? else { return Ok(None) };
    let mut inputs = Vec::new();
    for page in &Sources::parse(&list)?.pages {
        // A page that was only listed was not stored yet.
        inputs.extend(head.read(&name(page))?.map(|text| input(page, text)));
    }
    if inputs.is_empty() { Ok(None) } else { Published::read(&inputs).map(Some) }
}

/// Turns an error of the baseline into a note, since the baseline stops nothing.
fn known<T>(what: &str, value: Result<T>, notes: &mut Vec<String>) -> Option<T> {
    value.map_err(|error| notes.push(format!("{what}: cannot be compared: {error:#}"))).ok()
}

/// Describes where the present file departs from `expected`, if it does.
fn drift(found: Option<&[u8]>, expected: &str) -> Option<String> {
    const RUN: &str = "run `cargo xtask regen` and review the change";
    let Some(found) = found else { return Some(format!("{OUTPUT} is missing; {RUN}")) };
    let expected = expected.as_bytes();
    let pairs = found.iter().zip(expected);
    let same = pairs.take_while(|(found, expected)| found == expected).count();
    let line = found[..same].split(|byte| *byte == b'\n').count();
    (found != expected)
        .then(|| format!("{OUTPUT} is not what its sources give, first at line {line}; {RUN}"))
}

/// Collects the pages to start from.
fn gather(options: &Options, notes: &mut Vec<String>) -> Result<Pages> {
    let root = &options.root;
    let list = Sources::parse(&read(root, SOURCES)?).context(SOURCES)?;
    if options.fetch {
        return fetched(root, list);
    }
    let mut pages = stored(root, &list, notes)?;
    for from in &options.from {
        try_page(&mut pages.inputs, from)?;
    }
    Ok(pages)
}

/// Puts a file in the place of the page with its name or its paths; another is a page more.
fn try_page(pages: &mut Vec<Input>, from: &Path) -> Result<()> {
    let text = files::read(from).with_context(|| from.display().to_string())?;
    let file = from.display().to_string();
    let new = Input { url: None, file: file.clone(), from: file, text };
    let is_same = |page: &&mut Input| {
        let has_name = Path::new(&page.file).file_name() == from.file_name();
        has_name || pipeline::paths(page).is_some_and(|paths| Some(paths) == pipeline::paths(&new))
    };
    match pages.iter_mut().find(is_same) {
        Some(page) => *page = Input { url: page.url.take(), file: page.file.clone(), ..new },
        None => pages.push(new),
    }
    Ok(())
}

/// Returns the stored pages.
fn stored(root: &Path, list: &Sources, notes: &mut Vec<String>) -> Result<Pages> {
    let mut pages = Pages::default();
    for page in &list.pages {
        ensure!(
            !page.sha256.is_empty(),
            "{}: not fetched yet: run `cargo xtask regen --fetch`",
            name(page)
        );
        let input = input(page, read(root, &name(page))?);
        let digest = provenance::sha256(&input.text);
        if digest != page.sha256 {
            pages.is_edited = true;
            notes.push(format!(
                "{}: not as fetched on {}: its sha256 is {digest}, {SOURCES} has another",
                input.file, page.fetched
            ));
        }
        pages.inputs.push(input);
    }
    Ok(pages)
}

/// Fetches the pages, and returns the changes to store them.
fn fetched(root: &Path, mut list: Sources) -> Result<Pages> {
    let mut pages = Pages::default();
    clear_staging(root)?;
    fs::create_dir_all(root.join(STAGING)).context(STAGING)?;
    for page in &mut list.pages {
        let text = fetch::fetch(&page.url, fetch::LIMITS)?;
        let digest = provenance::sha256(&text);
        if digest != page.sha256 {
            page.sha256 = digest;
            page.fetched = today();
        }
        let from = format!("{STAGING}/{}", page.file);
        fs::write(root.join(&from), &text).with_context(|| from.clone())?;
        pages.changes.push(Change { path: name(page), text: text.clone() });
        pages.inputs.push(Input { from, ..input(page, text) });
    }
    pages.changes.push(Change { path: SOURCES.to_owned(), text: list.to_text()? });
    Ok(pages)
}

fn clear_staging(root: &Path) -> Result<()> {
    let path = root.join(STAGING);
    if path.exists() { fs::remove_dir_all(path).context(STAGING) } else { Ok(()) }
}

fn name(page: &Page) -> String {
    format!("{UPSTREAM}/{}", page.file)
}

fn input(page: &Page, text: String) -> Input {
    Input { url: Some(page.url.clone()), file: name(page), from: name(page), text }
}

fn read(root: &Path, file: &str) -> Result<String> {
    files::read(&root.join(file)).with_context(|| file.to_owned())
}

/// The day, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock: the day of a fetch is a record"
)]
fn today() -> String {
    Utc::now().date_naive().to_string()
}
