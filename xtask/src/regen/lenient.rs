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
    let Some(fields) = schema.as_object_mut() else { return };
    for (_, property) in entries(fields, "properties") {
        inline(property, document);
        relax_schema(property, document);
    }
    let texts = texts(fields);
    for (_, property) in entries(fields, "properties").filter(|(name, _)| !texts.contains(*name)) {
        make_nullable(property, document);
    }
    if texts.is_empty() {
        fields.shift_remove("required");
    } else {
        fields.insert("required".to_owned(), json!(texts));
    }
    if let Some(items) = fields.get_mut("items") {
        inline(items, document);
        relax_schema(items, document);
        // A null among the items is a malformed value.
        items.as_object_mut().and_then(|items| items.shift_remove("nullable"));
    }
    if let Some(values) = fields.get_mut("additionalProperties") {
        let values = std::mem::replace(values, json!({}));
        if values.as_object().is_some_and(|schema| !schema.is_empty()) {
            fields.insert("x-additionalProperties".to_owned(), values);
        }
    } else if fields.get("type").is_some_and(|kind| kind == "object")
        && !fields.contains_key("allOf")
    {
        fields.insert("additionalProperties".to_owned(), json!({}));
    }
    let is_kept = |key: &str| key.starts_with("x-") || KEPT.split_whitespace().any(|k| k == key);
    let relaxed = std::mem::take(fields).into_iter();
    let name = |key: String| if is_kept(&key) { key } else { format!("x-{key}") };
    *fields = relaxed.map(|(key, value)| (name(key), value)).collect();
}

fn entries<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    fields.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten()
}

/// Replaces a reference to a type that typify would wrap, and the client could not decode: all but
/// objects with properties and open enums.
fn inline(schema: &mut Value, document: &Value) {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    let target = reference.and_then(|reference| find(document, reference.as_str()?));
    let Some(target) = target.and_then(Value::as_object) else { return };
    if ["properties", "allOf", "x-extensible-enum"].iter().any(|key| target.contains_key(*key)) {
        return;
    }
    let mut fields = target.clone();
    let own = schema.as_object().into_iter().flatten();
    fields.extend(
        own.filter(|(k, _)| *k != "$ref" && *k != "allOf").map(|(k, v)| (k.clone(), v.clone())),
    );
    *schema = fields.into();
}

/// The required properties that are texts, and never null.
fn texts(schema: &Map<String, Value>) -> BTreeSet<String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let is_text = |name: &&str| {
        let property = schema.get("properties").and_then(|p| p.get(name)).unwrap_or(&Value::Null);
        let other = ["allOf", "nullable"].iter().any(|key| property.get(key).is_some());
        !other && property["type"] == "string"
    };
    required.filter_map(Value::as_str).filter(is_text).map(str::to_owned).collect()
}

/// Makes a schema nullable, in the form of 3.0, where `nullable` counts only beside a type. A
/// schema without a type is left unchanged.
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
