//! An example fits its schema, has no field that the schema does not know, and no value that an
//! open enum does not list: users would never see the one, and the other would be `Other`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use super::super::{
    pointer::{child, resolve},
    problems::Problems,
    visit::{self, Found},
};

pub(super) fn check(document: &Value, problems: &mut Problems) {
    let bodies: Vec<Found> = visit::operations(document)
        .flat_map(|operation| operation.responses().collect::<Vec<_>>())
        .flat_map(|(_, response)| visit::bodies(&response))
        .filter(|body| body.value.get("schema").is_some() && body.value.get("example").is_some())
        .collect();
    if let Some(misfits) = problems.catch(misfits(document, &bodies)) {
        for misfit in misfits {
            problems.add(misfit);
        }
    }
    for body in &bodies {
        let walk = Walk { document, at: &body.at };
        walk.value(&body.value["schema"], &body.value["example"], "", problems);
    }
}

/// The examples that do not fit, each with the first reason. All are checked as one list by one
/// schema, since compiling one for each would compile what they share again and again.
fn misfits(document: &Value, bodies: &[Found]) -> Result<Vec<String>> {
    let schemas: Vec<Value> = bodies.iter().map(|body| told_apart(&body.value["schema"])).collect();
    let examples: Vec<&Value> = bodies.iter().map(|body| &body.value["example"]).collect();
    let components = document.get("components").map(told_apart);
    let root = json!({ "prefixItems": schemas, "components": components });
    let compiled = jsonschema::draft202012::new(&root).map_err(|error| anyhow!("{error}"));
    let compiled = compiled.context("#: expected schemas that examples can be checked against")?;
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for error in compiled.iter_errors(&json!(examples)) {
        let place = error.instance_path().to_string();
        let place = place.trim_start_matches('/');
        let (index, inside) = place.split_once('/').unwrap_or((place, ""));
        let index: usize = index.parse()?;
        let at = bodies.get(index).map_or("#", |body| &body.at);
        let reason = error.masked();
        let problem = format!("{at}: the example does not fit its schema at /{inside}: {reason}");
        found.entry(index).or_insert(problem);
    }
    Ok(found.into_values().collect())
}

/// The schemas of a value, where a choice of one and null asks first whether it is null: of a choice
/// it would only be said that nothing fits.
fn told_apart(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("oneOf").and_then(|choice| choice.get(0)) {
            Some(other) => {
                json!({ "if": { "not": { "type": "null" } }, "then": told_apart(other) })
            }
            None => fields.iter().map(|(key, value)| (key.clone(), told_apart(value))).collect(),
        },
        Value::Array(items) => items.iter().map(told_apart).collect(),
        other => other.clone(),
    }
}

/// One walk through an example beside its schema.
struct Walk<'a> {
    document: &'a Value,
    /// Where the example is.
    at: &'a str,
}

impl Walk<'_> {
    /// `place` is the pointer of the value within the example.
    fn value(&self, schema: &Value, value: &Value, place: &str, problems: &mut Problems) {
        let Some(schema) = self.schema(schema) else { return };
        match value {
            Value::Object(fields) => {
                let Some(properties) = schema.get("properties") else { return };
                for (name, value) in fields {
                    let place = child(place, name);
                    match properties.get(name) {
                        Some(schema) => self.value(schema, value, &place, problems),
                        None => problems.add(format!(
                            "{}: the example has {place}, which its schema does not know",
                            self.at
                        )),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&schema["items"], item, &format!("{place}/{index}"), problems);
                }
            }
            value => {
                let known = schema.get("x-extensible-enum").and_then(Value::as_array);
                if let Some(known) =
                    known.filter(|known| !value.is_null() && !known.contains(value))
                {
                    problems.add(format!(
                        "{}: the example shows {value} at {place}, which is not in the open enum {}: add it there",
                        self.at,
                        json!(known)
                    ));
                }
            }
        }
    }

    /// The schema that a reference leads to, or a choice of one and null.
    fn schema<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        let choice = schema.get("oneOf").and_then(|choice| choice.get(0));
        resolve(self.document, choice.unwrap_or(schema))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::problems::Problems;

    fn check(example: &Value) -> String {
        let media = json!({ "schema": { "$ref": "#/components/schemas/A" }, "example": example });
        let document = json!({
            "paths": { "/a": { "get": { "responses": { "200": { "content": { "application/json": media } } } } } },
            "components": { "schemas": {
                "A": { "type": "object", "required": ["id"], "properties": {
                    "id": { "type": "string" },
                    "n": { "type": ["integer", "null"] },
                    "e": { "oneOf": [{ "$ref": "#/components/schemas/E" }, { "type": "null" }] },
                    "l": { "type": "array", "items": { "$ref": "#/components/schemas/A" } },
                    "m": { "type": "object", "additionalProperties": {} },
                } },
                "E": { "type": "string", "x-extensible-enum": ["ONE"] },
            } },
        });
        let mut problems = Problems::default();
        super::check(&document, &mut problems);
        problems.end().map_or_else(|error| error.to_string(), |()| "sound".to_owned())
    }

    #[test]
    fn an_example_fits_and_holds_nothing_that_is_not_known() {
        let table = [
            (json!({ "id": "1", "n": null, "e": null, "l": [], "m": { "any": 1 } }), "sound"),
            (json!({ "id": "1", "n": 1, "e": "ONE" }), "sound"),
            (json!({ "id": 1 }), "does not fit its schema at /id"),
            (json!({}), "does not fit its schema at /"),
            (json!({ "id": "1", "n": "x" }), "does not fit its schema at /n"),
            (
                json!({ "id": "1", "new": 1 }),
                "the example has /new, which its schema does not know",
            ),
            (
                json!({ "id": "1", "l": [{ "id": "2", "new": 1 }] }),
                "the example has /l/0/new, which",
            ),
            (
                json!({ "id": "1", "e": "TWO" }),
                "the example shows \"TWO\" at /e, which is not in the open enum [\"ONE\"]",
            ),
        ];
        for (example, expected) in table {
            assert!(check(&example).contains(expected), "{example}: {}", check(&example));
        }
    }
}
