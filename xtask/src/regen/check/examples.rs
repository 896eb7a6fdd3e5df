//! An example fits its schema, has no field that the schema does not know, and no value that an
//! open enum does not list: users would never see the one, and the other would be `Other`.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Map, Value, json};

use super::super::visit;

pub(super) fn check(document: &Value, problems: &mut Vec<String>) {
    let components = strict(&document["components"]);
    for body in visit::response_bodies(document) {
        let Some(schema) = body.value.get("schema") else { continue };
        let root = json!({ "allOf": [strict(schema)], "components": components });
        let at = &body.at;
        match jsonschema::draft202012::new(&root) {
            Ok(schema) => {
                let errors = examples(body.value).flat_map(|example| schema.iter_errors(example));
                problems.extend(errors.map(|error| misfit(at, &error)));
            }
            Err(error) => problems.push(format!(
                "{at}: expected a schema that examples can be checked against: {error}"
            )),
        }
    }
}

/// Returns the examples of a body, alone and by their names.
fn examples(body: &Value) -> impl Iterator<Item = &Value> {
    let named = body["examples"].as_object().into_iter().flatten();
    body.get("example").into_iter().chain(named.filter_map(|(_, example)| example.get("value")))
}

/// Describes where an example does not fit.
fn misfit(at: &str, error: &ValidationError) -> String {
    let inside = error.instance_path().to_string();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => format!(
            "{at}: the example has {inside}/{}, which its schema{} does not have: add it there or, if it is the new name of a field, rename that",
            unexpected.join(&format!(", {inside}/")),
            component(error)
        ),
        ValidationErrorKind::Enum { options } => format!(
            "{at}: the example shows {} at {inside}, which is not in the open enum{} {options}: add it there",
            error.instance(),
            component(error)
        ),
        _ => format!(
            "{at}: the example does not fit its schema at {}: {}",
            if inside.is_empty() { "/" } else { &inside },
            error.masked()
        ),
    }
}

/// Returns the place of the schema that an error is about, after a space, if it is a component's.
fn component(error: &ValidationError) -> String {
    let path = error.schema_path().to_string();
    let place = path.rsplit_once('/').map(|(place, _)| place);
    let place = place.filter(|place| place.starts_with("/components/"));
    place.map_or_else(String::new, |place| format!(" `#{place}`"))
}

/// Closes each object with properties and each open enum. Replaces each choice of one schema and
/// null by a condition: of a choice, a message would only report that nothing fits.
fn strict(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        let items = value.as_array().map(|items| items.iter().map(strict).collect());
        return items.unwrap_or_else(|| value.clone());
    };
    if let Some(other) = choice(value) {
        return json!({ "if": { "not": { "type": "null" } }, "then": strict(other) });
    }
    let mut schema: Map<String, Value> =
        fields.iter().map(|(key, value)| (key.clone(), strict(value))).collect();
    if fields.get("properties").is_some_and(Value::is_object) {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(values) = fields.get("x-extensible-enum") {
        schema.insert("enum".to_owned(), values.clone());
    }
    schema.into()
}

/// Returns the other schema of a choice that has null.
fn choice(schema: &Value) -> Option<&Value> {
    let choice = schema.get("oneOf").or(schema.get("anyOf"))?.as_array()?;
    let is_null = |schema: &&Value| **schema == json!({ "type": "null" });
    choice.iter().find(|schema| !is_null(schema)).filter(|_| choice.iter().any(|s| is_null(&s)))
}
