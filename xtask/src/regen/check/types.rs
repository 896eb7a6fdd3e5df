//! What public linters refuse and progenitor passes over: `nullable` without a type, and references
//! that lead nowhere.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::objects::Kind;
use super::super::pointer::resolve;
use super::super::visit;

/// Checks every schema and every reference.
pub(super) fn check(document: &Value) -> Result<()> {
    for object in visit::objects(document) {
        let value = object.value;
        if object.kind == Kind::Schema {
            let typed = value.get("type").is_some() || value.get("nullable").is_none();
            ensure!(typed, "{}: expected a type beside `nullable`", object.at);
        }
        if let Some(reference) = value.get("$ref") {
            ensure!(
                resolve(document, value).is_some(),
                "{}: expected a reference inside this document that leads somewhere, found {reference}",
                object.at
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn a_null_without_a_type_and_a_lost_reference_are_errors_with_their_place() {
        let table = [
            (json!({ "nullable": true }), "#/components/schemas/A: expected a type beside"),
            (json!({ "items": { "$ref": "#/x" } }), "#/components/schemas/A/items: expected a ref"),
            (json!({ "$ref": "other.json" }), "found \"other.json\""),
            (json!({ "$ref": "#/components/schemas/A" }), "#/components/schemas/A: expected a ref"),
        ];
        for (schema, expected) in table {
            let document = json!({ "components": { "schemas": { "A": schema } } });
            let error = check(&document).expect_err(expected).to_string();
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
        let fine = json!({ "properties": { "nullable": {}, "$ref": { "type": "string", "nullable": true } } });
        assert!(check(&json!({ "components": { "schemas": { "A": fine } } })).is_ok());
    }
}
