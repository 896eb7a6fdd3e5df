//! What must hold of a document before it is written. One check a file; each says the place and
//! what was expected.

use anyhow::Result;
use serde_json::Value;

mod client;
mod cycles;
mod examples;
mod names;
mod types;
mod unknown;

/// Checks a document. What is doubtful but usual, such as a number's example written as text, is
/// returned as notes.
pub(crate) fn check(document: &Value) -> Result<Vec<String>> {
    names::check(document)?;
    types::check(document)?;
    cycles::check(document)?;
    unknown::check(document)?;
    // The check that takes most memory comes first, so that the next one reuses what it gave back.
    client::check(document)?;
    examples::check(document)
}
