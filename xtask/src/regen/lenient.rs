//! The types of responses as the client decodes them: every object is open, only a text can be
//! required, and nothing narrows a value. What the page says beyond that is retained as an
//! extension, such as `x-format`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::pointer::{find, find_mut, resolve};
use super::visit;

/// Keywords that decide the type of a field.
const TYPE: [&str; 10] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "description",
    "items",
    "nullable",
    "properties",
    "required",
    "title",
    "type",
];
/// Other keywords without effect on the generated code.
const HARMLESS: [&str; 3] = ["deprecated", "example", "externalDocs"];

/// Relaxes the schemas of a document of OpenAPI 3.0 that responses have.
pub(crate) fn relax(mut document: Value) -> Value {
    let original = document.clone();
    for at in of_responses(&original) {
        if let Some(schema) = find_mut(&mut document, &at) {
            relax_schema(schema, &original);
        }
    }
    document
}

/// The places of the schemas of responses: those inside the bodies, and the components.
fn of_responses(document: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for operation in visit::operations(document) {
        for (_, response) in operation.responses() {
            for body in visit::bodies(&response) {
                reach(document, format!("{}/schema", body.at), &mut places);
            }
        }
    }
    // Inner schemas are relaxed with the outer one.
    places
}

fn reach(document: &Value, at: String, places: &mut BTreeSet<String>) {
    let Some(schema) = find(document, &at) else { return };
    if !places.insert(at) {
        return;
    }
    for object in visit::objects(schema) {
        if let Some(reference) = object.value.get("$ref").and_then(Value::as_str) {
            reach(document, reference.to_owned(), places);
        }
    }
}

fn relax_schema(schema: &mut Value, document: &Value) {
    let Some(source) = schema.as_object_mut() else { return };
    let is_object =
        source.get("type").is_some_and(|kind| kind == "object") && source.get("allOf").is_none();
    let texts: BTreeSet<String> = texts(source, document);
    let mut relaxed = Map::new();
    for (key, mut value) in std::mem::take(source) {
        let is_known = TYPE.contains(&&*key) || HARMLESS.contains(&&*key) || key.starts_with("x-");
        match &*key {
            "properties" => {
                for (name, property) in value.as_object_mut().into_iter().flatten() {
                    relax_schema(property, document);
                    if !texts.contains(name) {
                        make_nullable(property, document);
                    }
                }
            }
            "items" => relax_schema(&mut value, document),
            "additionalProperties" => {
                let is_typed = value.as_object().is_some_and(|schema| !schema.is_empty());
                let typed = std::mem::replace(&mut value, json!({}));
                relaxed.extend(is_typed.then(|| ("x-additionalProperties".to_owned(), typed)));
            }
            "allOf" => {
                for part in value.as_array_mut().into_iter().flatten() {
                    relax_schema(part, document);
                }
            }
            "required" => {
                let names = value.as_array_mut();
                names.map(|names| names.retain(|n| n.as_str().is_some_and(|n| texts.contains(n))));
                if value == json!([]) {
                    continue;
                }
            }
            _ => {}
        }
        relaxed.insert(if is_known { key } else { format!("x-{key}") }, value);
    }
    if is_object && !relaxed.contains_key("additionalProperties") {
        relaxed.insert("additionalProperties".to_owned(), json!({}));
    }
    *source = relaxed;
}

/// The required properties that are texts, and never null.
fn texts(schema: &Map<String, Value>, document: &Value) -> BTreeSet<String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let is_text = |name: &&str| {
        let property = schema.get("properties").and_then(|properties| properties.get(name));
        let property = property.and_then(|property| resolve(document, property));
        property.is_some_and(|p| {
            p["type"] == "string" && p["nullable"] != true && p.get("x-extensible-enum").is_none()
        })
    };
    required.filter_map(Value::as_str).filter(is_text).map(str::to_owned).collect()
}

/// Makes a property optional, in the form of 3.0, where `nullable` counts only beside a type.
fn make_nullable(property: &mut Value, document: &Value) {
    let kind = resolve(document, property).and_then(|schema| schema.get("type")).cloned();
    let (Some(kind), Some(schema)) = (kind, property.as_object_mut()) else { return };
    if let Some(reference) = schema.shift_remove("$ref") {
        schema.insert("type".to_owned(), kind);
        schema.insert("nullable".to_owned(), true.into());
        schema.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    } else if schema.get("type").is_some() && schema.get("nullable") != Some(&json!(true)) {
        schema.insert("nullable".to_owned(), true.into());
    }
}
