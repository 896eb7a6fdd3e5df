//! The stages in their order, as pure functions from the texts of the sources to the document.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    check,
    diff::{Change, diff, diff_lines},
    downgrade, lenient, merge,
    overlay::{Overlay, Written},
    page::{self, Page},
    sources,
    verdict::Interface,
    visit,
};

/// The text of a source and where it is from.
pub(crate) struct Input {
    /// The address of a published source.
    pub(crate) url: Option<String>,
    /// The file that belongs to it.
    pub(crate) file: String,
    /// The file that it was read from, which messages name.
    pub(crate) from: String,
    pub(crate) text: String,
}

pub(crate) struct Published {
    /// One document of OpenAPI 3.1, from all pages.
    pub(crate) document: Value,
    /// The text of each page around its document, by its file.
    prose: BTreeMap<String, String>,
}

impl Published {
    pub(crate) fn read(pages: &[Input]) -> Result<Self> {
        let (mut documents, mut prose) = (Vec::new(), BTreeMap::new());
        for Input { file, from, text, .. } in pages {
            let page: Page = page::extract(text).with_context(|| from.clone())?;
            documents.push((from.clone(), page.document));
            prose.insert(file.clone(), page.prose);
        }
        Ok(Self { document: merge::merge(documents)?, prose })
    }

    /// Returns the differences of the documents, and of the text around those that both have.
    pub(crate) fn diff(&self, new: &Self) -> (Vec<Change>, Vec<Change>) {
        let both = self.prose.iter().filter_map(|(f, text)| Some((f, text, new.prose.get(f)?)));
        let lines = both.flat_map(|(file, old, new)| diff_lines(old, new, file));
        (diff(&self.document, &new.document), lines.collect())
    }
}

/// Returns the places of the operations that a page documents; none if it is not a page.
pub(crate) fn operations(page: &Input) -> Vec<String> {
    let page = page::extract(&page.text).ok();
    page.iter().flat_map(|page| visit::operations(&page.document)).map(|of| of.at).collect()
}

pub(crate) struct Built {
    pub(crate) document: Value,
    /// The bytes that belong into the file.
    pub(crate) text: String,
    pub(crate) written: Vec<Written>,
    pub(crate) interface: Interface,
}

/// Makes `openapi.json` of the pages.
pub(crate) fn build(published: Value, pages: &[Input], overlay: &Input) -> Result<Built> {
    let applied = Overlay::parse(&overlay.text).and_then(|overlay| overlay.apply(published));
    let (document, written) = applied.with_context(|| overlay.from.clone())?;
    let names: Vec<&str> = pages.iter().map(|page| page.from.as_str()).collect();
    let at = || format!("{} with {} applied", names.join(" and "), overlay.from);
    check::check(&document).with_context(at)?;
    let mut document = lenient::relax(downgrade::downgrade(&document).with_context(at)?);
    let interface = Interface::of(&document).with_context(at)?;
    let source = |i: &Input| sources::record(i.url.as_deref(), &i.file, &i.text);
    let sources: Vec<Value> = pages.iter().map(source).collect();
    document[sources::RECORD] = json!({ "sources": sources, "overlay": source(overlay) });
    let text = layout("", &document, 0) + "\n";
    Ok(Built { document, text, written, interface })
}

/// Writes a value on one line if that has at most 120 columns, or else one child per line.
fn layout(key: &str, value: &Value, indent: usize) -> String {
    let line = format!("{:indent$}{key}{value}", "");
    let child = |key: String, value| layout(&key, value, indent + 2);
    let (open, close, children): (_, _, Vec<String>) = match value {
        // A comma may follow.
        _ if line.chars().count() < 120 => return line,
        Value::Object(fields) => {
            ('{', '}', fields.iter().map(|(k, v)| child(format!("{}: ", json!(k)), v)).collect())
        }
        Value::Array(items) => ('[', ']', items.iter().map(|i| child(String::new(), i)).collect()),
        _ => return line,
    };
    format!("{0:indent$}{key}{open}\n{1}\n{0:indent$}{close}", "", children.join(",\n"))
}
