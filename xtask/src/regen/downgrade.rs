//! OpenAPI 3.1 to 3.0.3, by a list of what occurs: whatever is not in it is an error, and never
//! dropped.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::lenient::make_nullable;
use super::pointer::child;

const VERSION: &str = "3.0.3";

/// The fields that occur in this vendor's pages, and their neighbours, of each kind of object: with
/// the kind of their value, of the items of a list `[…]`, or of the values of a map `{…}`. A field
/// without a kind means the same in both versions, and holds no schema.
const FIELDS: [(&str, &str); 9] = [
    ("Document", "paths:{PathItem} components:Components info servers tags security"),
    (
        "PathItem",
        "get:Operation put:Operation post:Operation delete:Operation patch:Operation parameters:[Parameter]",
    ),
    (
        "Operation",
        "parameters:[Parameter] requestBody:RequestBody responses:{Response} security tags summary description operationId deprecated",
    ),
    ("Parameter", "name in description required deprecated schema:Schema example examples"),
    ("Header", "description required deprecated schema:Schema example examples"),
    ("MediaType", "schema:Schema example examples"),
    ("RequestBody", "content:{MediaType} description required"),
    ("Response", "headers:{Header} content:{MediaType} description"),
    ("Components", "schemas:{Schema} securitySchemes"),
];

/// Keywords of schemas that 3.0 does not have, and that decide nothing of a type: they become
/// extensions.
const EXTENSIONS: &str =
    "$comment const contentEncoding contentMediaType exclusiveMaximum exclusiveMinimum";

/// Keywords of schemas that mean the same in both versions, and hold no schema.
const SAME: &str = "$ref default deprecated description enum example externalDocs format maxItems \
    maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf nullable \
    pattern readOnly required title uniqueItems writeOnly";

/// Returns the kind of a field's value, which is empty if it means the same in both versions.
fn kind_of(kind: &str, field: &str) -> Option<&'static str> {
    let (_, fields) = FIELDS.iter().find(|(name, _)| *name == kind)?;
    let mut fields = fields.split(' ').map(|field| field.split_once(':').unwrap_or((field, "")));
    fields.find(|(name, _)| *name == field).map(|(_, kind)| kind)
}

fn has(list: &str, keyword: &str) -> bool {
    list.split_whitespace().any(|other| other == keyword)
}

/// Converts a document. A document of 3.0 is returned unchanged.
pub(crate) fn downgrade(document: &Value) -> Result<Value> {
    let version = &document["openapi"];
    let is_known = |version: &str| version.starts_with("3.1.") || version.starts_with("3.0.");
    ensure!(
        version.as_str().is_some_and(is_known),
        "#/openapi: expected a version of three numbers such as `3.1.0` or `3.0.3`, found {version}"
    );
    convert(document, "Document", document, "#")
}

/// Converts a value of a kind. `at` is its JSON pointer; `document` is for references.
fn convert(document: &Value, kind: &str, value: &Value, at: &str) -> Result<Value> {
    let inner = |open, close| kind.strip_prefix(open).and_then(|k| k.strip_suffix(close));
    match (inner('[', ']'), inner('{', '}')) {
        (Some(kind), _) => {
            let items = value.as_array().with_context(|| format!("{at}: expected a list"))?;
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| convert(document, kind, item, &format!("{at}/{index}")))
                .collect()
        }
        (_, Some(kind)) => each_field(value, at, |_, value, at| convert(document, kind, value, at)),
        _ if kind.is_empty() => Ok(value.clone()),
        _ if kind == "Schema" => schema(document, value, at),
        _ => each_field(value, at, |key, value, at| match kind_of(kind, key) {
            _ if kind == "Document" && key == "openapi" => Ok(VERSION.into()),
            _ if key.starts_with("x-") => Ok(value.clone()),
            Some(kind) => convert(document, kind, value, at),
            None => bail!(
                "{at}: `{key}` is not a field of {kind} that is converted to OpenAPI 3.0; if it means the same there, add it in downgrade.rs"
            ),
        }),
    }
}

fn schema(document: &Value, value: &Value, at: &str) -> Result<Value> {
    let source = fields(value, at)?;
    let mut converted: Vec<(String, Value)> = Vec::new();
    for (key, value) in source {
        let at = child(at, key);
        let (key, value) = match key.as_str() {
            "type" | "oneOf" | "anyOf" => {
                converted.extend(nullable(document, key, value, &at)?);
                continue;
            }
            "const" if type_of(value).is_some() && source.get("type").is_none() => {
                converted.push(("type".to_owned(), type_of(value).into()));
                ("x-const", value.clone())
            }
            key if has(EXTENSIONS, key) => (&*format!("x-{key}"), value.clone()),
            "examples" => ("example", value.get(0).cloned().unwrap_or_default()),
            "allOf" => (&**key, convert(document, "[Schema]", value, &at)?),
            "properties" => (&**key, convert(document, "{Schema}", value, &at)?),
            "additionalProperties" if value.is_boolean() => (&**key, value.clone()),
            "items" | "additionalProperties" => (&**key, schema(document, value, &at)?),
            _ if has(SAME, key) || key.starts_with("x-") => (&**key, value.clone()),
            _ => bail!(
                "{at}: `{key}` is not a schema keyword that is converted to OpenAPI 3.0; if it means the same there, add it in downgrade.rs"
            ),
        };
        converted.push((key.to_owned(), value));
    }
    let mut result = Map::new();
    let is_alone = converted.len() == 1;
    for (mut key, mut value) in converted {
        // 3.0 has nothing beside `$ref`.
        if key == "$ref" && !is_alone {
            (key, value) = ("allOf".to_owned(), json!([{ "$ref": value }]));
        }
        // A schema and its only choice become one.
        let other = result.get(&key).filter(|other| **other != value);
        ensure!(
            other.is_none(),
            "{at}: expected one `{key}` in OpenAPI 3.0, found two: write an action that removes one"
        );
        result.insert(key, value);
    }
    Ok(result.into())
}

/// Converts a type, or a choice of one schema and null. 3.0 has `nullable`, which counts only
/// beside a type.
fn nullable(document: &Value, key: &str, value: &Value, at: &str) -> Result<Map<String, Value>> {
    let null = if key == "type" { json!("null") } else { json!({ "type": "null" }) };
    let (other, is_nullable) = match value.as_array().map(Vec::as_slice) {
        None => (value, false),
        Some([one]) => (one, false),
        Some([one, end]) if *end == null => (one, true),
        Some([first, one]) if *first == null => (one, true),
        Some(_) => bail!(
            "{at}: expected one, or one and null, found {value}: write an action that removes it, and one that writes the one to use"
        ),
    };
    let mut converted = if key == "type" {
        ensure!(other.is_string() && *other != null, "{at}: expected a type, found {other}");
        json!({ "type": other })
    } else {
        schema(document, other, at)?
    };
    if is_nullable {
        make_nullable(&mut converted, document);
        ensure!(
            converted.get("nullable").is_some(),
            "{at}: expected a schema with a type beside null, found {other}"
        );
    }
    Ok(fields(&converted, at)?.clone())
}

pub(crate) fn type_of(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        _ => return None,
    })
}

/// Converts each field of an object; `at` is the place of the field.
fn each_field(
    value: &Value,
    at: &str,
    field: impl Fn(&str, &Value, &str) -> Result<Value>,
) -> Result<Value> {
    let fields = fields(value, at)?.iter();
    fields.map(|(key, value)| Ok((key.clone(), field(key, value, &child(at, key))?))).collect()
}

fn fields<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().with_context(|| format!("{at}: expected an object"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::downgrade;

    #[test]
    fn schema_of_3_1_becomes_equal_schema_of_3_0() {
        let table = [
            (r#"{"type":"string","minLength":1}"#, r#"{"type":"string","minLength":1}"#),
            (r#"{"type":["string","null"]}"#, r#"{"type":"string","nullable":true}"#),
            (
                r#"{"oneOf":[{REF},{"type":"null"}],"description":"D"}"#,
                r#"{"type":"object","nullable":true,"allOf":[{REF}],"description":"D"}"#,
            ),
            (
                r#"{"anyOf":[{"type":"null"},{REF}]}"#,
                r#"{"type":"object","nullable":true,"allOf":[{REF}]}"#,
            ),
            (
                r#"{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}"#,
                r#"{"type":"string","format":"date-time","nullable":true}"#,
            ),
            (
                r#"{"const":"META","examples":["META","x"]}"#,
                r#"{"type":"string","x-const":"META","example":"META"}"#,
            ),
            (r#"{REF,"description":"D"}"#, r#"{"allOf":[{REF}],"description":"D"}"#),
            (r#"{"anyOf":[{REF}],"description":"D"}"#, r#"{"allOf":[{REF}],"description":"D"}"#),
            (
                r#"{"type":["array","null"],"items":{"type":["boolean","null"]}}"#,
                r#"{"type":"array","nullable":true,"items":{"type":"boolean","nullable":true}}"#,
            ),
        ];
        let json = |text: &str| -> Value {
            let text = text.replace("REF", r##""$ref":"#/components/schemas/B""##);
            serde_json::from_str(&text).unwrap()
        };
        for (schema, expected) in table {
            let schemas = json!({ "A": json(schema), "B": { "type": "object" } });
            let document = json!({ "openapi": "3.1.0", "components": { "schemas": schemas } });
            let converted = downgrade(&document).expect(schema);
            assert_eq!(converted["components"]["schemas"]["A"], json(expected), "{schema}");
            assert_eq!(downgrade(&converted).unwrap(), converted, "a fixed point");
        }
    }
}
