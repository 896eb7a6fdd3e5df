//! Schemas: JSON Schema 2020-12 → the dialect of OpenAPI 3.0, keyword by keyword.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::super::objects::Kind::Schema;
use super::{Walk, child, fields, insert_once, keywords, known_dialect, moved_reference, text};

/// Keywords that mean the same in both versions and hold no schema. `nullable` is here because a
/// source may be 3.0.
const COPIED: &[&str] = &[
    "title",
    "multipleOf",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "enum",
    "format",
    "default",
    "description",
    "nullable",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "example",
    "deprecated",
];

impl Walk<'_> {
    /// Converts one schema.
    pub(super) fn schema(&mut self, value: &Value, at: &str) -> Result<Value> {
        let source = match value {
            // 3.0 knows true and false only as `additionalProperties`.
            Value::Bool(true) => return Ok(json!({})),
            Value::Bool(false) => return Ok(json!({ "not": {} })),
            other => fields(other, at)?,
        };
        let mut result = Map::new();
        for (key, value) in source {
            self.keyword(key, value, source, &child(at, key), &mut result)?;
        }
        if result.get("type").is_some_and(|name| name == "array") {
            // Optional in 3.1, required in 3.0.
            result.entry("items").or_insert_with(|| json!({}));
        }
        Ok(Value::Object(result))
    }

    /// Converts one keyword of the schema `source` and adds what it becomes to `result`.
    fn keyword(
        &mut self,
        key: &str,
        value: &Value,
        source: &Map<String, Value>,
        at: &str,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        match key {
            "properties" => set(result, key, self.properties(value, at)?),
            "additionalProperties" if value.is_boolean() => set(result, key, value.clone()),
            "items" | "not" | "additionalProperties" => set(result, key, self.schema(value, at)?),
            "$ref" => reference(value, source, at, result)?,
            "$defs" => self.move_definitions(value, at)?,
            "$schema" => known_dialect(value, at)?,
            "$comment" => set(result, "x-comment", value.clone()),
            "allOf" => self.all_of(value, at, result)?,
            "oneOf" | "anyOf" => self.alternatives(key, value, source, at, result)?,
            "type" => keywords::types(value, source, at, result)?,
            "const" => keywords::constant(value, source, at, result)?,
            "examples" => keywords::examples(value, source, at, result)?,
            "minimum" | "maximum" => keywords::bound(key, value, source, result),
            "exclusiveMinimum" | "exclusiveMaximum" => {
                keywords::exclusive_bound(key, value, source, at, result)?;
            }
            "contentEncoding" | "contentMediaType" => keywords::content(key, value, source, result),
            _ if COPIED.contains(&key) || key.starts_with("x-") => set(result, key, value.clone()),
            _ => bail!(
                "{at}: `{key}` is not a schema keyword that OpenAPI 3.0 has an equivalent for"
            ),
        }
        Ok(())
    }

    /// Properties: any name is one, `x-…` included.
    fn properties(&mut self, value: &Value, at: &str) -> Result<Value> {
        self.each(Schema, fields(value, at)?, at, super::Extensions::AreNames)
    }

    /// `allOf`, which other keywords may have added to already.
    fn all_of(&mut self, value: &Value, at: &str, result: &mut Map<String, Value>) -> Result<()> {
        for schema in self.list(Schema, value, at)? {
            push_all_of(result, schema);
        }
        Ok(())
    }

    /// Local definitions become named schemas, and [`moved_reference`] follows them.
    fn move_definitions(&mut self, value: &Value, at: &str) -> Result<()> {
        for (name, schema) in fields(value, at)? {
            let converted = self.schema(schema, &child(at, name))?;
            insert_once(&mut self.moved, name, converted)?;
        }
        Ok(())
    }
}

/// 3.0 ignores what stands beside a reference, so that a reference with company goes into an
/// `allOf`.
fn reference(
    value: &Value,
    source: &Map<String, Value>,
    at: &str,
    result: &mut Map<String, Value>,
) -> Result<()> {
    let reference = moved_reference(text(value, at)?);
    if source.len() == 1 {
        set(result, "$ref", reference);
    } else {
        push_all_of(result, json!({ "$ref": reference }));
    }
    Ok(())
}

/// Adds one more schema that must hold as well.
pub(super) fn push_all_of(result: &mut Map<String, Value>, schema: Value) {
    match result.get_mut("allOf") {
        Some(Value::Array(schemas)) => schemas.push(schema),
        _ => {
            result.insert("allOf".to_owned(), json!([schema]));
        }
    }
}

/// Adds a keyword.
pub(super) fn set(result: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    result.insert(key.to_owned(), value.into());
}
