//! The types of responses as the client decodes them: every object is open, only a text can be
//! required, and nothing narrows a value. What the page says beyond that is retained as an
//! extension, such as `x-format`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::pointer::{find, find_mut, resolve};
use super::visit;

/// Keywords that decide the type of a field, or nothing. Others narrow a value.
const KEPT: &str = "$ref additionalProperties allOf deprecated description example externalDocs \
    items nullable properties required title type";

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

/// The places of the schemas of responses: those of the bodies, which hold inner ones, and the
/// components that they refer to.
fn of_responses(document: &Value) -> BTreeSet<String> {
    let bodies = visit::response_bodies(document);
    let mut open: Vec<String> = bodies.map(|body| format!("{}/schema", body.at)).collect();
    let mut places = BTreeSet::new();
    while let Some(at) = open.pop() {
        let Some(schema) = find(document, &at) else { continue };
        if places.insert(at) {
            let objects = visit::objects(schema);
            let references = objects.iter().filter_map(|object| object.value.get("$ref")?.as_str());
            open.extend(references.map(str::to_owned));
        }
    }
    places
}

fn relax_schema(schema: &mut Value, document: &Value) {
    let Some(source) = schema.as_object_mut() else { return };
    let is_object =
        source.get("type").is_some_and(|kind| kind == "object") && source.get("allOf").is_none();
    let texts: BTreeSet<String> = texts(source, document);
    let mut relaxed = Map::new();
    for (key, mut value) in std::mem::take(source) {
        let is_kept = key.starts_with("x-") || KEPT.split_whitespace().any(|k| k == key);
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
                value = json!(texts);
                if texts.is_empty() {
                    continue;
                }
            }
            _ => {}
        }
        relaxed.insert(if is_kept { key } else { format!("x-{key}") }, value);
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

/// Makes a schema nullable, in the form of 3.0, where `nullable` counts only beside a type. One
/// without a type stays as it is.
pub(crate) fn make_nullable(schema: &mut Value, document: &Value) {
    let kind = resolve(document, schema).and_then(|schema| schema.get("type")).cloned();
    let (Some(kind), Some(schema)) = (kind, schema.as_object_mut()) else { return };
    if let Some(reference) = schema.shift_remove("$ref") {
        schema.insert("type".to_owned(), kind.get(0).unwrap_or(&kind).clone());
        schema.insert("nullable".to_owned(), true.into());
        schema.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    } else if schema.contains_key("type") {
        schema.insert("nullable".to_owned(), true.into());
    }
}
