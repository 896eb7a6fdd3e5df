//! From the published pages to `openapi.json`: page, merge, overlay, check, downgrade, lenient,
//! each stage in its own file; [`pipeline`] puts them together. The baseline of every
//! comparison is the last commit ([`head`]). A [`report`] has the [`diff`]s, and the [`verdict`] on
//! the Rust interface. Only this file, [`fetch`] and [`head`] touch the disk or the network.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use clap::Args;
use serde_json::Value;

use self::pipeline::{Input, Published};
pub(crate) use self::report::Report;
use self::sources::{Page, Sources, sha256};
use self::verdict::{Effect, Interface};

mod check;
mod client;
mod diff;
mod downgrade;
mod fetch;
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
#[cfg(test)]
#[path = "../../tests/unit/properties.rs"]
mod properties;
mod report;
mod sources;
mod verdict;
mod visit;
mod yaml;

const UPSTREAM: &str = "xtask/upstream";
/// The folder of fetched pages until everything has succeeded. Git ignores it.
const STAGING: &str = "xtask/upstream/.staging";
const SOURCES: &str = "xtask/upstream/sources.toml";
const OVERLAY: &str = "xtask/overlay.yaml";
/// The document that everything else is built from.
const OUTPUT: &str = "openapi.json";

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
    /// The form of the report; one object of JSON, also on an error
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    pub(crate) format: String,
    /// The repository to work on instead of this one, for tests
    #[arg(long, hide = true, default_value_os_t = this_repository())]
    root: PathBuf,
}

/// Returns the repository that cargo runs in. A build may be a copy of another one's.
fn this_repository() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), |dir| Path::new(&dir).join(".."))
}

/// The end of a run that gave a document.
pub(crate) enum State {
    Done(String),
    /// The document, or a stored page, is not what it should be: which, and what to run.
    Drift(String),
}

#[derive(Default)]
struct Pages {
    inputs: Vec<Input>,
    /// The files that fetching changes, with their texts.
    changes: Vec<(String, String)>,
    /// A stored page differs from the fetched one.
    is_edited: bool,
}

/// Makes the document and writes it, or compares it. The report is of use on an error, too.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<State> {
    let before = head::read(&options.root, OUTPUT)?;
    let pages = gather(options, report)?;
    let state = regenerate(options, before, &pages, report);
    let kept = || format!("the fetched pages are kept in {STAGING}");
    if options.fetch { state.with_context(kept) } else { state }
}

fn regenerate(
    options: &Options,
    before: Option<String>,
    pages: &Pages,
    report: &mut Report,
) -> Result<State> {
    let root = &options.root;
    let text = read(root, OVERLAY)?;
    let overlay = Input { url: None, text, file: OVERLAY.to_owned(), from: OVERLAY.to_owned() };
    let published = Published::read(&pages.inputs)?;
    if let Some(before) = known(UPSTREAM, committed(root), report).flatten() {
        (report.page, report.text) = before.diff(&published);
    }
    let built = pipeline::build(published.document, &pages.inputs, &overlay)?;
    report.add_hidden(&built.written);
    if let Some(old) = before.filter(|old| *old != built.text) {
        let (changes, verdict) = match known(OUTPUT, read_document(&old), report) {
            Some((old, interface)) => {
                (diff::diff(&old, &built.document), interface.compare(&built.interface))
            }
            None => (Vec::new(), (Effect::Breaking, Vec::new())),
        };
        // The workspace has one version for all.
        report.add_document(changes, verdict, env!("CARGO_PKG_VERSION"));
    }
    if !options.from.is_empty() {
        return Ok(State::Done("Tried: nothing is written.".to_owned()));
    }
    let is_stored = |file: &str, text: &str| read(root, file).is_ok_and(|stored| stored == text);
    let is_in_sync = is_stored(OUTPUT, &built.text);
    if options.check {
        let is_new = !pages.changes.iter().all(|(file, text)| is_stored(file, text));
        clear_staging(root)?;
        return Ok(match (is_new, pages.is_edited, is_in_sync) {
            (true, _, _) => State::Drift("a page is not as it is stored; run `cargo xtask regen --fetch` and review the change".to_owned()),
            (_, true, _) => State::Drift(format!("{OUTPUT} cannot be made of a stored page that is not as {SOURCES} has it; restore the page with `git checkout`, or run `cargo xtask regen --fetch` and review the change")),
            (.., false) => State::Drift(format!("{OUTPUT} is not what its sources give; run `cargo xtask regen` and review the change")),
            (.., true) => State::Done(format!("{OUTPUT} is in sync")),
        });
    }
    let files = pages.changes.iter().map(|(file, text)| (file.as_str(), text));
    // A needless write would rebuild the crate.
    for (file, text) in files.chain([(OUTPUT, &built.text)]).filter(|(f, t)| !is_stored(f, t)) {
        write(root, file, text)?;
        report.written.push(file.to_owned());
    }
    clear_staging(root)?;
    Ok(State::Done(format!("{OUTPUT} {}", if is_in_sync { "is in sync" } else { "written" })))
}

fn read_document(text: &str) -> Result<(Value, Interface)> {
    let document = serde_json::from_str(text)?;
    let interface = Interface::of(&document)?;
    Ok((document, interface))
}

/// The pages of the last commit, if it has any.
fn committed(root: &Path) -> Result<Option<Published>> {
    let Some(list) = head::read(root, SOURCES)? else { return Ok(None) };
    let mut inputs = Vec::new();
    for page in &Sources::parse(&list)?.pages {
        // A page that was only listed was not stored yet.
        inputs.extend(head::read(root, &name(page))?.map(|text| input(page, text)));
    }
    if inputs.is_empty() { Ok(None) } else { Published::read(&inputs).map(Some) }
}

/// Turns an error of the baseline into a note, since the baseline stops nothing.
fn known<T>(what: &str, value: Result<T>, report: &mut Report) -> Option<T> {
    let note = |error| format!("{what} of the last commit: cannot be compared: {error:#}");
    value.map_err(|error| report.notes.push(note(error))).ok()
}

fn gather(options: &Options, report: &mut Report) -> Result<Pages> {
    let root = &options.root;
    let list = Sources::parse(&read(root, SOURCES)?).context(SOURCES)?;
    if options.fetch {
        return fetched(root, list);
    }
    let mut pages = stored(root, &list, report)?;
    for from in &options.from {
        try_page(&mut pages.inputs, from, report)?;
    }
    Ok(pages)
}

/// Puts a file in the place of the page with its name or an operation of it; another is a page more.
fn try_page(pages: &mut Vec<Input>, from: &Path, report: &mut Report) -> Result<()> {
    let file = from.display().to_string();
    let text = fs::read_to_string(from).with_context(|| file.clone())?;
    let new = Input { url: None, file: file.clone(), from: file, text };
    let operations = pipeline::operations(&new);
    let is_same = |page: &&mut Input| {
        let has_name = Path::new(&page.file).file_name() == from.file_name();
        has_name || pipeline::operations(page).iter().any(|other| operations.contains(other))
    };
    let page = pages.iter_mut().find(is_same);
    let what = page.as_ref().map_or("no stored page, and is added", |page| &page.file);
    report.notes.push(format!("{}: replaces {what}", new.from));
    match page {
        Some(page) => *page = Input { url: page.url.take(), file: page.file.clone(), ..new },
        None => pages.push(new),
    }
    Ok(())
}

fn stored(root: &Path, list: &Sources, report: &mut Report) -> Result<Pages> {
    let mut pages = Pages::default();
    for page in &list.pages {
        ensure!(
            !page.sha256.is_empty(),
            "{}: not fetched yet: run `cargo xtask regen --fetch`, or add its `sha256` and `fetched`",
            name(page)
        );
        let input = input(page, read(root, &name(page))?);
        let digest = sha256(&input.text);
        if digest != page.sha256 {
            pages.is_edited = true;
            report.notes.push(format!(
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
        let text = fetch::fetch(&page.url, fetch::TIMEOUT)?;
        let digest = sha256(&text);
        if digest != page.sha256 {
            page.sha256 = digest;
            page.fetched = today();
        }
        let from = format!("{STAGING}/{}", page.file);
        write(root, &from, &text)?;
        pages.changes.push((name(page), text.clone()));
        pages.inputs.push(Input { from, ..input(page, text) });
    }
    pages.changes.push((SOURCES.to_owned(), list.to_text()?));
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
    fs::read_to_string(root.join(file)).with_context(|| file.to_owned())
}

fn write(root: &Path, file: &str, text: &str) -> Result<()> {
    fs::write(root.join(file), text).with_context(|| file.to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock: the day of a fetch is a record"
)]
fn today() -> String {
    Utc::now().date_naive().to_string()
}
