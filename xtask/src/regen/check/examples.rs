//! Every example must fit its schema. Those of parameters and properties are only noted, for the
//! vendor writes them as text whatever the type: '1' or 'true'.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use jsonschema::Draft;
use serde_json::{Map, Value, json};

use super::super::infer;
use super::super::objects::Kind;
use super::super::visit::{self, Object};

/// An example and the schema that it belongs to.
struct Sample<'a> {
    at: String,
    schema: &'a Value,
    value: &'a Value,
    /// Whether a misfit is an error.
    binding: bool,
}

/// Checks all examples; returns the misfits that are only worth a note.
pub(super) fn check(document: &Value) -> Result<Vec<String>> {
    let samples: Vec<Sample> =
        visit::objects(document).iter().flat_map(|object| samples(document, object)).collect();
    let mut notes = Vec::new();
    for (sample, misfit) in misfits(document, &samples)? {
        let line = format!("{}: the example does not fit its schema{misfit}", sample.at);
        if sample.binding {
            bail!("{line}");
        }
        notes.push(line);
    }
    Ok(notes)
}

/// The examples that an object of the document holds.
fn samples<'a>(document: &'a Value, object: &Object<'a>) -> Vec<Sample<'a>> {
    let value = object.value;
    let (schema, values) = match object.kind {
        Kind::MediaType | Kind::Parameter | Kind::Header => {
            (value.get("schema"), infer::samples(document, value))
        }
        Kind::Schema => (Some(value), value.get("example").into_iter().collect()),
        _ => (None, Vec::new()),
    };
    let binding = object.kind == Kind::MediaType;
    let sample = |value| Some(Sample { at: object.at.clone(), schema: schema?, value, binding });
    values.into_iter().filter_map(sample).collect()
}

/// The samples that do not fit, with the first reason. All are checked as one list by one schema,
/// because compiling a schema for each would compile what they share again and again.
fn misfits<'a>(document: &Value, samples: &'a [Sample]) -> Result<Vec<(&'a Sample<'a>, String)>> {
    let schemas: Vec<Value> = samples.iter().map(|sample| json_schema(sample.schema)).collect();
    let values: Vec<&Value> = samples.iter().map(|sample| sample.value).collect();
    let named = document.pointer("/components/schemas").and_then(Value::as_object);
    let named: Map<String, Value> = named
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), json_schema(schema)))
        .collect();
    let root = json!({ "items": schemas, "components": { "schemas": named } });
    // The draft that the dialect of OpenAPI 3.0 was made from.
    let options = jsonschema::options().with_draft(Draft::Draft4);
    let compiled = options.build(&root).map_err(|error| anyhow!("{error}"));
    let compiled = compiled.context("#: expected schemas that examples can be checked against")?;
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for error in compiled.iter_errors(&json!(values)) {
        let place = error.instance_path().to_string();
        let place = place.trim_start_matches('/');
        let (index, inside) = place.split_once('/').unwrap_or((place, ""));
        let inside = if inside.is_empty() { String::new() } else { format!(" at /{inside}") };
        let reason = format!("{inside}: {}", error.masked());
        found.entry(index.parse()?).or_insert(reason);
    }
    Ok(found.into_iter().filter_map(|(index, why)| Some((samples.get(index)?, why))).collect())
}

/// A schema of OpenAPI 3.0 in the words of JSON Schema: only `nullable` is unlike.
fn json_schema(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut result = Map::new();
    for (key, value) in fields {
        let converted = match (key.as_str(), value) {
            ("nullable" | "example", _) => continue,
            ("properties", Value::Object(named)) => {
                let named = named.iter().map(|(name, schema)| (name.clone(), json_schema(schema)));
                Value::Object(named.collect())
            }
            ("items" | "not" | "additionalProperties", _) => json_schema(value),
            ("allOf" | "oneOf" | "anyOf", Value::Array(list)) => {
                list.iter().map(json_schema).collect()
            }
            _ => value.clone(),
        };
        result.insert(key.clone(), converted);
    }
    if fields.get("nullable").is_some_and(|flag| flag == true) {
        return json!({ "anyOf": [{ "enum": [null] }, result] });
    }
    result.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn document(schema: &Value, example: &Value) -> Value {
        json!({
            "components": {
                "responses": { "R": { "content": { "application/json": { "schema": schema, "example": example } } } },
                "schemas": { "A": { "type": "object", "properties": { "a": { "type": "integer" } } } },
            },
        })
    }

    #[test]
    fn the_example_of_a_body_must_fit() {
        let a = json!({ "$ref": "#/components/schemas/A" });
        let nullable = json!({ "type": "object", "nullable": true, "allOf": [a] });
        let open = json!({ "minimum": 1, "exclusiveMinimum": true });
        let table = [
            (a.clone(), json!({ "a": 1 }), None),
            (a.clone(), json!({ "a": "1" }), Some("at /a")),
            (a.clone(), json!(null), Some("schema: ")),
            (nullable.clone(), json!(null), None),
            (nullable, json!({ "a": true }), Some("does not fit")),
            (json!({ "type": "string", "format": "date-time" }), json!("soon"), Some("date-time")),
            (open.clone(), json!(1), Some("does not fit")),
            (open, json!(2), None),
            (json!({ "enum": ["a"], "type": "string", "nullable": true }), json!(null), None),
        ];
        for (schema, example, expected) in table {
            let error = check(&document(&schema, &example)).err().map(|error| error.to_string());
            match (&error, expected) {
                (None, None) => {}
                (Some(error), Some(expected)) => {
                    assert!(
                        error.starts_with("#/components/responses/R/content/application~1json: "),
                        "{error}"
                    );
                    assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
                }
                _ => panic!("{schema} with {example}: {error:?}"),
            }
        }
    }

    #[test]
    fn the_examples_of_parameters_and_properties_are_only_noted() {
        let flag = json!({ "type": "boolean", "example": "true" });
        let parameter =
            json!({ "name": "p", "in": "query", "schema": { "type": "integer" }, "example": "1" });
        let document = json!({ "components": {
            "schemas": { "S": { "properties": { "flag": flag } } },
            "parameters": { "P": parameter },
        } });
        let notes = check(&document).unwrap();
        let expected = ["#/components/schemas/S/properties/flag: ", "#/components/parameters/P: "];
        assert_eq!(notes.len(), expected.len(), "{notes:?}");
        for (note, expected) in notes.iter().zip(expected) {
            assert!(note.starts_with(expected), "{note}");
        }
    }
}
