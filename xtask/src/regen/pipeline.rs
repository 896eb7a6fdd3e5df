//! The stages in their order, as one pure function from the texts of the sources to the text of the
//! document.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::merge::{self, Named};
use super::overlay::Overlay;
use super::provenance::{self, Source};
use super::{check, downgrade, hoist_schemas, infer, json, page, unify_responses, yaml};

/// The text of a source and where it is from.
pub(crate) struct Input {
    /// How messages call it.
    pub(crate) name: String,
    /// Where it is published, if that is known.
    pub(crate) url: Option<String>,
    /// The file that holds it, if one does.
    pub(crate) file: Option<String>,
    /// What it holds.
    pub(crate) text: String,
}

impl Input {
    /// Its entry in the record of what the document was made of.
    fn source(&self) -> Source {
        Source::new(self.url.as_deref(), self.file.as_deref(), &self.text)
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Built {
    /// The document.
    pub(crate) document: Value,
    /// The bytes that belong into the file.
    pub(crate) text: String,
    /// What a maintainer should know, though it stops nothing.
    pub(crate) notes: Vec<String>,
}

/// Makes the document.
pub(crate) fn build(inputs: &[Input], overlay: Option<&Input>) -> Result<Built> {
    let mut notes = Vec::new();
    let mut documents = Vec::new();
    for input in inputs {
        documents.extend(documents_of(input).with_context(|| input.name.clone())?);
    }
    let mut document = merge::merge(documents)?;
    if let Some(input) = overlay {
        let overlay = Overlay::parse(&input.text).with_context(|| input.name.clone())?;
        let (result, needless) = overlay.apply(document).with_context(|| input.name.clone())?;
        notes.extend(needless.into_iter().map(|action| {
            format!("{}: action `{action}` changes nothing: it is no longer needed", input.name)
        }));
        document = result;
    }
    let document = convert(&document, &mut notes).with_context(|| origin(inputs, overlay))?;
    let sources: Vec<Source> = inputs.iter().map(Input::source).collect();
    let document = provenance::record(document, &sources, overlay.map(Input::source).as_ref());
    Ok(Built { text: format!("{document:#}\n"), document, notes })
}

/// The stages that need no judgement: what the overlay left open is inferred, after it has spoken.
fn convert(document: &Value, notes: &mut Vec<String>) -> Result<Value> {
    let document = downgrade::downgrade(document)?;
    let document = infer::infer(document);
    let document = unify_responses::unify(document)?;
    let document = hoist_schemas::hoist(document);
    notes.extend(check::check(&document)?);
    Ok(document)
}

/// The documents that a source holds.
fn documents_of(input: &Input) -> Result<Vec<Named>> {
    let path = input.name.split(['?', '#']).next().unwrap_or_default();
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    if !matches!(extension, Some("md" | "markdown")) {
        let is_json = extension == Some("json");
        let document = if is_json { json::parse(&input.text)? } else { yaml::parse(&input.text)? };
        return Ok(vec![Named { name: input.name.clone(), document }]);
    }
    let documents = page::extract(&input.text)?;
    let several = documents.len() > 1;
    let name = |line: usize| {
        if several { format!("{}, line {line}", input.name) } else { input.name.clone() }
    };
    Ok(documents
        .into_iter()
        .map(|found| Named { name: name(found.line), document: found.value })
        .collect())
}

/// What the document at hand came from, for messages.
fn origin(inputs: &[Input], overlay: Option<&Input>) -> String {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let overlay = overlay.map(|input| format!(" with {} applied", input.name));
    names.join(" and ") + &overlay.unwrap_or_default()
}
