//! Choices that include null. 3.0 says it as `nullable`, which counts only beside a `type`, so the
//! type is looked up.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::Walk;
use super::schema::{push_all_of, set};

/// The types that both versions know.
pub(super) const JSON_TYPES: [&str; 6] =
    ["string", "number", "integer", "boolean", "object", "array"];
/// How many schemas are looked at to find a type: enough for any document, and an end for circles.
const STEPS: usize = 100;

impl Walk<'_> {
    /// `oneOf` and `anyOf`.
    pub(super) fn alternatives(
        &mut self,
        key: &str,
        value: &Value,
        source: &Map<String, Value>,
        at: &str,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        let list = value.as_array().with_context(|| format!("{at}: expected a list of schemas"))?;
        let mut others = Vec::new();
        for (index, schema) in list.iter().enumerate().filter(|(_, schema)| !is_null(schema)) {
            others.push((schema, self.schema(schema, &format!("{at}/{index}"))?));
        }
        let nullable = others.len() < list.len();
        match others.as_mut_slice() {
            [] => bail!("{at}: 3.0 has no type for null alone; expected another schema beside it"),
            [(schema, converted)] if nullable => {
                let name = self.type_beside_null(schema, at)?;
                only_one(name, converted.take(), source, result);
                return Ok(());
            }
            [(schema, first), ..] if nullable => {
                let name = self.type_beside_null(schema, at)?;
                let mut wrapped = Map::new();
                only_one(name, first.take(), &Map::new(), &mut wrapped);
                *first = wrapped.into();
            }
            _ => {}
        }
        let schemas: Vec<Value> = others.into_iter().map(|(_, converted)| converted).collect();
        set(result, key, schemas);
        Ok(())
    }

    /// The one type of a schema that null stands beside; 3.0 cannot do without.
    fn type_beside_null(&self, schema: &Value, at: &str) -> Result<&'static str> {
        self.type_of(schema, &mut STEPS.clone()).with_context(|| {
            format!(
                "{at}: cannot tell the one type of {schema}, and 3.0 can add null only to a type"
            )
        })
    }

    /// The one type of a schema of the source, null aside.
    fn type_of(&self, schema: &Value, steps: &mut usize) -> Option<&'static str> {
        *steps = steps.checked_sub(1)?;
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(names) = schema.get("type") {
            return known_type(names);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.source.pointer(reference.strip_prefix('#')?)?;
            return self.type_of(target, steps);
        }
        if let Some(schemas) = list("oneOf").or_else(|| list("anyOf")) {
            let others = schemas.iter().filter(|schema| !is_null(schema));
            return common(others.map(|schema| self.type_of(schema, steps)));
        }
        if let Some(schemas) = list("allOf") {
            return schemas.iter().find_map(|schema| self.type_of(schema, steps));
        }
        if let Some(values) = list("enum") {
            return common(values.iter().filter(|value| !value.is_null()).map(type_of_value));
        }
        if let Some(value) = schema.get("const") {
            return type_of_value(value);
        }
        type_of_keywords(schema)
    }
}

/// Writes a schema that may be null as well: in place if it collides with nothing, else as an
/// `allOf`.
fn only_one(
    name: &str,
    schema: Value,
    source: &Map<String, Value>,
    result: &mut Map<String, Value>,
) {
    set(result, "type", name);
    set(result, "nullable", true);
    let fits = |key: &str| {
        matches!(key, "type" | "nullable")
            || !(source.contains_key(key) || result.contains_key(key))
    };
    match schema {
        Value::Object(fields)
            if !fields.contains_key("$ref") && fields.keys().all(|key| fits(key)) =>
        {
            result.extend(fields);
        }
        other => push_all_of(result, other),
    }
}

/// Whether a schema admits null and nothing else.
fn is_null(schema: &Value) -> bool {
    let only_null = json!([null]);
    schema.get("type").is_some_and(|name| name == "null" || *name == json!(["null"]))
        || schema.get("const").is_some_and(Value::is_null)
        || schema.get("enum") == Some(&only_null)
}

/// The type of a value, unless it is null.
pub(super) fn type_of_value(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

/// The type that a `type` keyword names beside null.
fn known_type(names: &Value) -> Option<&'static str> {
    let known = |name: &Value| JSON_TYPES.into_iter().find(|known| name == known);
    match names {
        Value::Array(names) => common(names.iter().filter(|name| *name != "null").map(known)),
        name => known(name),
    }
}

/// The type that a schema without a name for it must mean.
fn type_of_keywords(schema: &Value) -> Option<&'static str> {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
    if has(&["properties", "additionalProperties", "required"]) {
        Some("object")
    } else if has(&["items"]) {
        Some("array")
    } else {
        None
    }
}

/// The type that all agree on.
fn common(mut types: impl Iterator<Item = Option<&'static str>>) -> Option<&'static str> {
    let first = types.next()??;
    types.all(|other| other == Some(first)).then_some(first)
}
