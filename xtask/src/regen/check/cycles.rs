//! No schema may be made of itself: nothing could be said of its values, and generators follow the
//! circle for ever. A property or an item of its own type is no such circle, for there is a value
//! in between.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use super::super::pointer::last;

/// Checks the named schemas.
pub(super) fn check(document: &Value) -> Result<()> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let parts = schemas.into_iter().flatten().map(|(name, schema)| (name.clone(), parts(schema)));
    let mut open: BTreeMap<String, BTreeSet<String>> = parts.collect();
    loop {
        // Those of which all parts are settled are settled too; what is left at the end is made of
        // itself.
        let names: BTreeSet<String> = open.keys().cloned().collect();
        open.retain(|_, parts| !parts.is_disjoint(&names));
        if open.len() == names.len() {
            break;
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = open.keys().map(String::as_str).collect();
    bail!(
        "#/components/schemas: expected no schema to be made of itself, found {}",
        names.join(", ")
    )
}

/// The named schemas that a schema is made of.
fn parts(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let reference = schema.get("$ref").and_then(Value::as_str);
        found.extend(reference.map(last));
        let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key));
        open.extend(lists.filter_map(Value::as_array).flatten());
        open.extend(schema.get("not"));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn a_schema_made_of_itself_is_an_error_and_one_that_holds_itself_is_not() {
        let (a, b) = (
            json!({ "$ref": "#/components/schemas/A" }),
            json!({ "$ref": "#/components/schemas/B" }),
        );
        let table = [
            (json!({ "A": { "allOf": [{ "title": "T" }, a] } }), Some("found A")),
            (
                json!({ "A": { "oneOf": [{ "anyOf": [b] }] }, "B": { "not": a }, "C": {} }),
                Some("found A, B"),
            ),
            (
                json!({ "A": { "properties": { "a": a }, "items": a, "additionalProperties": a } }),
                None,
            ),
            (json!({ "A": { "allOf": [b] }, "B": {} }), None),
        ];
        for (schemas, expected) in table {
            let error = check(&json!({ "components": { "schemas": schemas } })).err();
            let error = error.map(|error| error.to_string());
            match expected {
                Some(expected) => {
                    assert!(error.is_some_and(|error| error.ends_with(expected)), "{schemas}");
                }
                None => assert_eq!(error, None, "{schemas}"),
            }
        }
    }
}
