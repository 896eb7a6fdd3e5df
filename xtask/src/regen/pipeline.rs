//! The stages in their order, as pure functions from the texts of the sources to the document.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    check, downgrade,
    merge::{self, Named},
    overlay::{Overlay, Written},
    page,
    provenance::{self, Source},
};

/// The text of a source and where it is from.
pub(crate) struct Input {
    /// Where it is published, if it is.
    pub(crate) url: Option<String>,
    /// The file that holds it, which messages name.
    pub(crate) file: String,
    pub(crate) text: String,
}

impl Input {
    /// Its entry in the record of what the document was made of.
    fn source(&self) -> Source {
        Source::new(self.url.as_deref(), Some(&self.file), &self.text)
    }
}

/// What came of a run.
pub(crate) struct Built {
    pub(crate) document: Value,
    /// The bytes that belong into the file.
    pub(crate) text: String,
    /// What the overlay wrote.
    pub(crate) written: Vec<Written>,
}

/// What the pages say, as one document of OpenAPI 3.1.
pub(crate) fn published(pages: &[Input]) -> Result<Value> {
    let mut documents = Vec::new();
    for Input { file, text, .. } in pages {
        let document = page::extract(text).with_context(|| file.clone())?;
        documents.push(Named { name: file.clone(), document });
    }
    merge::merge(documents)
}

/// Makes `openapi.json` of it.
pub(crate) fn build(published: Value, pages: &[Input], overlay: &Input) -> Result<Built> {
    let applied = Overlay::parse(&overlay.text).and_then(|overlay| overlay.apply(published));
    let (document, written) = applied.with_context(|| overlay.file.clone())?;
    let names: Vec<&str> = pages.iter().map(|page| page.file.as_str()).collect();
    let document = convert(&document)
        .with_context(|| format!("{} with {} applied", names.join(" and "), overlay.file))?;
    let sources: Vec<Source> = pages.iter().map(Input::source).collect();
    let document = provenance::record(document, &sources, &overlay.source());
    Ok(Built { text: format!("{document:#}\n"), document, written })
}

/// The stages that need no judgement.
fn convert(document: &Value) -> Result<Value> {
    check::check(document)?;
    let document = downgrade::downgrade(document)?;
    check::check_client(&document)?;
    Ok(document)
}
