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

/// An example of a body, and the schema that it must fit.
struct Example<'a> {
    at: String,
    schema: &'a Value,
    value: &'a Value,
}

pub(super) fn check(document: &Value, problems: &mut Problems) {
    let examples: Vec<Example> = visit::operations(document)
        .flat_map(|operation| operation.responses().collect::<Vec<_>>())
        .flat_map(|(_, response)| visit::bodies(&response))
        .flat_map(|body| examples(&body))
        .collect();
    if let Some(misfits) = problems.catch(misfits(document, &examples)) {
        for misfit in misfits {
            problems.add(misfit);
        }
    }
    for Example { at, schema, value } in &examples {
        Walk { document, at }.value(schema, value, "", problems);
    }
}

/// Returns the one example of a body, or the named ones.
fn examples<'a>(body: &Found<'a>) -> Vec<Example<'a>> {
    let Some(schema) = body.value.get("schema") else { return Vec::new() };
    let named = body.value.get("examples").and_then(Value::as_object).into_iter().flatten();
    let named = named.filter_map(|(_, example)| example.get("value"));
    let all = body.value.get("example").into_iter().chain(named);
    all.map(|value| Example { at: body.at.clone(), schema, value }).collect()
}

/// Returns the examples that do not fit, each with the first reason. All are checked as one list by
/// one schema, since compiling one for each would compile what they share again and again.
fn misfits(document: &Value, examples: &[Example]) -> Result<Vec<String>> {
    let schemas: Vec<Value> = examples.iter().map(|e| without_choices(e.schema)).collect();
    let values: Vec<&Value> = examples.iter().map(|example| example.value).collect();
    let components = document.get("components").map(without_choices);
    let root = json!({ "prefixItems": schemas, "components": components });
    let compiled = jsonschema::draft202012::new(&root).map_err(|error| anyhow!("{error}"));
    let compiled = compiled.context("#: expected schemas that examples can be checked against")?;
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for error in compiled.iter_errors(&json!(values)) {
        let place = error.instance_path().to_string();
        let place = place.trim_start_matches('/');
        let (index, inside) = place.split_once('/').unwrap_or((place, ""));
        let index: usize = index.parse()?;
        let at = examples.get(index).map_or("#", |example| &example.at);
        let reason = error.masked();
        let problem = format!("{at}: the example does not fit its schema at /{inside}: {reason}");
        found.entry(index).or_insert(problem);
    }
    Ok(found.into_values().collect())
}

/// Replaces each choice of one schema and null by a condition. Of a choice, a message would only
/// report that nothing fits.
fn without_choices(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match choice(value) {
            Some(other) => {
                json!({ "if": { "not": { "type": "null" } }, "then": without_choices(other) })
            }
            None => fields.iter().map(|(key, v)| (key.clone(), without_choices(v))).collect(),
        },
        Value::Array(items) => items.iter().map(without_choices).collect(),
        other => other.clone(),
    }
}

/// Returns the other schema of a choice that has null.
fn choice(schema: &Value) -> Option<&Value> {
    let choice = schema.get("oneOf").or(schema.get("anyOf"))?.as_array()?;
    let is_null = |schema: &&Value| **schema == json!({ "type": "null" });
    choice.iter().find(|schema| !is_null(schema)).filter(|_| choice.iter().any(|s| is_null(&s)))
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
        resolve(self.document, choice(schema).unwrap_or(schema))
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
