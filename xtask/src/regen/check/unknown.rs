//! No property of an example may be unknown to its schema: an open object would take it, and users
//! would never see it.

use anyhow::{Result, ensure};
use serde_json::{Map, Value};

use super::super::infer::samples;
use super::super::objects::Kind;
use super::super::pointer::{child, resolve};
use super::super::visit;

/// How many schemas one place may be made of: an end for circles.
const PARTS: usize = 200;

/// Checks the examples of all bodies.
pub(super) fn check(document: &Value) -> Result<()> {
    for object in visit::of_kind(document, Kind::MediaType) {
        let Some(schema) = object.value.get("schema") else { continue };
        for sample in samples(document, object.value) {
            let walk = Walk { document, at: &object.at };
            walk.value(&[schema], sample, "")?;
        }
    }
    Ok(())
}

/// One walk through an example beside its schema.
struct Walk<'a> {
    document: &'a Value,
    /// Where the example is.
    at: &'a str,
}

impl<'a> Walk<'a> {
    /// Compares a value with the schemas that it may have; `place` is its pointer inside the
    /// example.
    fn value(&self, schemas: &[&'a Value], value: &Value, place: &str) -> Result<()> {
        let parts = self.parts(schemas);
        match value {
            Value::Object(fields) => self.fields(&parts, fields, place),
            Value::Array(items) => {
                let inner: Vec<&Value> =
                    parts.iter().filter_map(|part| part.get("items")).collect();
                for (index, item) in items.iter().enumerate() {
                    self.value(&inner, item, &format!("{place}/{index}"))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Compares the fields of an object.
    fn fields(&self, parts: &[&'a Value], fields: &Map<String, Value>, place: &str) -> Result<()> {
        let lists: Vec<&Map<String, Value>> =
            parts.iter().filter_map(|part| part.get("properties")?.as_object()).collect();
        let others: Vec<&Value> = parts
            .iter()
            .filter_map(|part| part.get("additionalProperties"))
            .filter(|schema| schema.as_object().is_some_and(|schema| !schema.is_empty()))
            .collect();
        for (name, value) in fields {
            let mut known: Vec<&Value> = lists.iter().filter_map(|list| list.get(name)).collect();
            // Without any property it is a map, whose names are data.
            ensure!(
                !known.is_empty() || !others.is_empty() || lists.is_empty(),
                "{}: the example has {}, which its schema does not know",
                self.at,
                child(place, name)
            );
            if known.is_empty() {
                known.clone_from(&others);
            }
            self.value(&known, value, &child(place, name))?;
        }
        Ok(())
    }

    /// The schemas that together or by choice describe one place.
    fn parts(&self, schemas: &[&'a Value]) -> Vec<&'a Value> {
        let mut parts: Vec<&Value> = Vec::new();
        let mut open = schemas.to_vec();
        while let Some(schema) = open.pop().filter(|_| parts.len() < PARTS) {
            let Some(schema) = resolve(self.document, schema) else { continue };
            let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key));
            open.extend(lists.filter_map(Value::as_array).flatten());
            parts.push(schema);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn document(schema: &Value, example: &Value) -> Value {
        json!({
            "components": {
                "responses": { "R": { "content": { "application/json": { "schema": schema, "example": example } } } },
                "schemas": {
                    "A": { "properties": { "a": {}, "next": { "$ref": "#/components/schemas/A" } }, "additionalProperties": {} },
                    "Loop": { "allOf": [{ "$ref": "#/components/schemas/Loop" }, { "$ref": "#/components/schemas/A" }] },
                },
            },
        })
    }

    #[test]
    fn properties_that_no_part_of_the_schema_knows_are_errors_with_their_place() {
        let a = json!({ "$ref": "#/components/schemas/A" });
        let table = [
            (a.clone(), json!({ "b": 1 }), "has /b, which"),
            (
                a.clone(),
                json!({ "a": 1, "next": { "next": { "x/y": 1 } } }),
                "has /next/next/x~1y, which",
            ),
            (json!({ "type": "array", "items": a }), json!([{}, { "b": 1 }]), "has /1/b, which"),
            (
                json!({ "allOf": [a, { "properties": { "b": {} } }] }),
                json!({ "b": 1, "c": 1 }),
                "has /c, which",
            ),
            (
                json!({ "additionalProperties": a }),
                json!({ "any": { "b": 1 } }),
                "has /any/b, which",
            ),
            (json!({ "$ref": "#/components/schemas/Loop" }), json!({ "b": 1 }), "has /b, which"),
        ];
        for (schema, example, expected) in table {
            let error = check(&document(&schema, &example)).expect_err(expected).to_string();
            assert!(
                error.starts_with("#/components/responses/R/content/application~1json: "),
                "{error}"
            );
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
    }

    #[test]
    fn properties_that_some_part_knows_and_the_names_of_maps_are_fine() {
        let a = json!({ "$ref": "#/components/schemas/A" });
        let table = [
            (a.clone(), json!({ "a": { "anything": 1 } })),
            (json!({ "oneOf": [a, { "properties": { "b": {} } }] }), json!({ "b": 1 })),
            (json!({ "type": "object", "additionalProperties": {} }), json!({ "b": 1 })),
            (json!({ "additionalProperties": a }), json!({ "b": { "a": 1 } })),
            (json!({}), json!({ "b": [{ "c": 1 }] })),
            (a, json!("text")),
        ];
        for (schema, example) in table {
            check(&document(&schema, &example)).unwrap_or_else(|error| panic!("{schema}: {error}"));
        }
    }
}
