//! Keywords of schemas whose spelling 3.1 changed. Each function adds to `result` what 3.0 calls
//! the same.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::null::JSON_TYPES;
use super::schema::{push_all_of, set};

/// The keywords of a schema.
type Fields = Map<String, Value>;

/// `type`: a list with null is `nullable`, a list of several types is a choice.
pub(super) fn types(value: &Value, source: &Fields, at: &str, result: &mut Fields) -> Result<()> {
    let names: Vec<&Value> = value.as_array().map_or(vec![value], |list| list.iter().collect());
    let (nulls, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| *name == "null");
    for name in &names {
        let known = name.as_str().is_some_and(|name| JSON_TYPES.contains(&name));
        ensure!(known, "{at}: expected {} or null, found {name}", JSON_TYPES.join(", "));
    }
    match names.as_slice() {
        [] => bail!(
            "{at}: 3.0 has no type for null alone; name the type that the value has when there is one"
        ),
        [name] => {
            set(result, "type", (*name).clone());
            if !nulls.is_empty() {
                set(result, "nullable", true);
            }
        }
        several => choice(several, !nulls.is_empty(), source, result),
    }
    Ok(())
}

/// One schema a type; the first takes null, since 3.0 allows `nullable` only beside a type.
fn choice(names: &[&Value], nullable: bool, source: &Fields, result: &mut Fields) {
    let mut schemas: Vec<Value> = names.iter().map(|name| json!({ "type": name })).collect();
    for schema in schemas.iter_mut().filter(|schema| schema["type"] == "array") {
        schema["items"] = json!({});
    }
    if nullable && let Some(first) = schemas.first_mut() {
        first["nullable"] = true.into();
    }
    if source.contains_key("anyOf") {
        push_all_of(result, json!({ "anyOf": schemas }));
    } else {
        set(result, "anyOf", schemas);
    }
}

/// `const` is an `enum` of one value, and tells the type where nothing else does.
pub(super) fn constant(
    value: &Value,
    source: &Fields,
    at: &str,
    result: &mut Fields,
) -> Result<()> {
    if !source.contains_key("type") {
        let name = super::null::type_of_value(value)
            .with_context(|| format!("{at}: 3.0 has no type for null alone"))?;
        set(result, "type", name);
    }
    set(result, "enum", json!([value]));
    Ok(())
}

/// `examples`: 3.0 shows one; the whole list is kept as an extension.
pub(super) fn examples(
    value: &Value,
    source: &Fields,
    at: &str,
    result: &mut Fields,
) -> Result<()> {
    let list = value.as_array().with_context(|| format!("{at}: expected a list of examples"))?;
    if let Some(first) = list.first().filter(|_| !source.contains_key("example")) {
        set(result, "example", first.clone());
    }
    if list.len() > 1 {
        set(result, "x-examples", value.clone());
    }
    Ok(())
}

/// `minimum` and `maximum`, unless [`exclusive_bound`] writes them.
pub(super) fn bound(key: &str, value: &Value, source: &Fields, result: &mut Fields) {
    let exclusive = if key == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
    if !source.get(exclusive).is_some_and(Value::is_number) {
        set(result, key, value.clone());
    }
}

/// `exclusiveMinimum` and `exclusiveMaximum`: a number in 3.1, a flag on the inclusive bound in
/// 3.0.
pub(super) fn exclusive_bound(
    key: &str,
    value: &Value,
    source: &Fields,
    at: &str,
    result: &mut Fields,
) -> Result<()> {
    if value.is_boolean() {
        set(result, key, value.clone());
        return Ok(());
    }
    let limit = value.as_f64().with_context(|| format!("{at}: expected a number"))?;
    let inclusive = if key == "exclusiveMinimum" { "minimum" } else { "maximum" };
    let stricter = source.get(inclusive).filter(|other| {
        other
            .as_f64()
            .is_some_and(|other| if inclusive == "minimum" { other > limit } else { other < limit })
    });
    set(result, inclusive, stricter.unwrap_or(value).clone());
    if stricter.is_none() {
        set(result, key, true);
    }
    Ok(())
}

/// `contentEncoding` and `contentMediaType`: a format where 3.0 has one, else an extension.
pub(super) fn content(key: &str, value: &Value, source: &Fields, result: &mut Fields) {
    let format = match (key, value.as_str()) {
        _ if source.contains_key("format") => None,
        ("contentEncoding", Some("base64")) => Some("byte"),
        ("contentMediaType", Some("application/octet-stream"))
            if !source.contains_key("contentEncoding") =>
        {
            Some("binary")
        }
        _ => None,
    };
    match format {
        Some(format) => set(result, "format", format),
        None => set(result, &format!("x-{key}"), value.clone()),
    }
    if !source.contains_key("type") {
        set(result, "type", "string");
    }
}
