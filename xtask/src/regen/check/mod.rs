//! What must hold of the document, before it is converted, so that each place is one of its
//! sources. One check a file.

use anyhow::Result;
use serde_json::Value;

use super::problems::Problems;

mod client;
mod examples;
mod names;
mod references;
mod responses;

/// Checks a document of OpenAPI 3.1; all that is wrong is one error.
pub(crate) fn check(document: &Value) -> Result<()> {
    let mut problems = Problems::default();
    names::check(document, &mut problems);
    references::check(document, &mut problems);
    responses::check(document, &mut problems);
    examples::check(document, &mut problems);
    problems.end()
}

pub(crate) use client::check as check_client;
