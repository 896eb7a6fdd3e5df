//! An example fits its schema, has no field that the schema does not know, and no value that an
//! open enum does not list: users would never see the one, and the other would be `Other`.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Map, Value, json};

use super::super::{
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
    let bodies = visit::response_bodies(document);
    let examples: Vec<Example> = bodies.flat_map(|body| examples(&body)).collect();
    let root = schema(document, &examples);
    match jsonschema::draft202012::new(&root) {
        Ok(schema) => {
            let values: Value = examples.iter().map(|example| example.value.clone()).collect();
            let errors = schema.iter_errors(&values);
            errors.for_each(|error| problems.add(misfit(&error, &examples)));
        }
        Err(error) => problems
            .add(format!("#: expected schemas that examples can be checked against: {error}")),
    }
}

fn examples<'a>(body: &Found<'a>) -> Vec<Example<'a>> {
    let Some(schema) = body.value.get("schema") else { return Vec::new() };
    let named = body.value["examples"].as_object().into_iter().flatten();
    let named = named.filter_map(|(_, example)| example.get("value"));
    let all = body.value.get("example").into_iter().chain(named);
    all.map(|value| Example { at: body.at.clone(), schema, value }).collect()
}

/// Returns the schema of a list of all examples. One for each would compile what they share again
/// and again.
fn schema(document: &Value, examples: &[Example]) -> Value {
    let schemas: Vec<Value> = examples.iter().map(|example| strict(example.schema)).collect();
    json!({ "prefixItems": schemas, "components": document.get("components").map(strict) })
}

/// Describes where an example does not fit.
fn misfit(error: &ValidationError, examples: &[Example]) -> String {
    let place = error.instance_path().to_string();
    let (index, inside) = place[1..].split_once('/').unwrap_or((&place[1..], ""));
    let at = index.parse().ok().and_then(|index: usize| examples.get(index));
    let at = at.map_or("#", |example| &example.at);
    let inside = if inside.is_empty() { String::new() } else { format!("/{inside}") };
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
