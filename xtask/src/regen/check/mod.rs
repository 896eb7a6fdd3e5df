//! Rules that the document must meet, checked before it is converted, so that each place is one of
//! its sources. One subject a file.

use anyhow::Result;
use serde_json::Value;

use super::problems;

mod examples;
mod operations;
mod schemas;

/// Checks a document of OpenAPI 3.1. The error lists all problems.
pub(crate) fn check(document: &Value) -> Result<()> {
    let mut found = Vec::new();
    schemas::check(document, &mut found);
    operations::check(document, &mut found);
    examples::check(document, &mut found);
    problems::none(&found)
}
