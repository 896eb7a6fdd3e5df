//! OpenAPI 3.1 to 3.0.3, by a list of what occurs: whatever is not in it is an error, and never
//! dropped.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::pointer::{child, find};

/// The version that is written.
const VERSION: &str = "3.0.3";

/// What a place of the document holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Components,
    Contact,
    Document,
    Header,
    Info,
    License,
    MediaType,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Response,
    Schema,
    SecurityScheme,
    Server,
    Tag,
}

/// How the value of a field is converted.
#[derive(Clone, Copy)]
enum Rule {
    /// It means the same in both versions, and holds no schema.
    Same,
    One(Kind),
    List(Kind),
    /// A map from names.
    Map(Kind),
}

use Kind::{
    Components, Contact, Document, Header, Info, License, MediaType, Operation, Parameter,
    PathItem, RequestBody, Response, Schema, SecurityScheme, Server, Tag,
};
use Rule::{List, One, Same};

impl Kind {
    /// The fields that occur in this vendor's pages, and their neighbours.
    fn rule(self, field: &str) -> Option<Rule> {
        let rule = match (self, field) {
            (Document, "info") => One(Info),
            (Document, "servers") => List(Server),
            (Document, "paths") => Rule::Map(PathItem),
            (Document, "components") => One(Components),
            (Document, "tags") => List(Tag),
            (Info, "contact") => One(Contact),
            (Info, "license") => One(License),
            (PathItem, "get" | "put" | "post" | "delete" | "patch") => One(Operation),
            (PathItem | Operation, "parameters") => List(Parameter),
            (Operation, "requestBody") => One(RequestBody),
            (Operation, "responses") => Rule::Map(Response),
            (Response, "headers") => Rule::Map(Header),
            (RequestBody | Response, "content") => Rule::Map(MediaType),
            (Parameter | Header | MediaType, "schema") => One(Schema),
            (Components, "schemas") => Rule::Map(Schema),
            (Components, "securitySchemes") => Rule::Map(SecurityScheme),
            (Document | Operation, "security")
            | (Info, "title" | "version" | "description" | "termsOfService")
            | (Contact | License | Tag, "name" | "url" | "email" | "description")
            | (Server, "url" | "description")
            | (Operation, "tags" | "summary" | "description" | "operationId" | "deprecated")
            | (Parameter, "name" | "in")
            | (Parameter | Header, "description" | "required" | "deprecated")
            | (Parameter | Header | MediaType, "example" | "examples")
            | (RequestBody, "description" | "required")
            | (Response, "description")
            | (
                SecurityScheme,
                "type" | "description" | "name" | "in" | "scheme" | "bearerFormat",
            ) => Same,
            _ => return None,
        };
        Some(rule)
    }
}

/// Keywords that 3.0 does not have, and that decide nothing of a type: they become extensions.
const EXTENSIONS: [&str; 6] = [
    "$comment",
    "const",
    "contentEncoding",
    "contentMediaType",
    "exclusiveMaximum",
    "exclusiveMinimum",
];

/// Keywords of schemas that mean the same in both versions, and hold no schema.
const SAME: [&str; 23] = [
    "default",
    "deprecated",
    "description",
    "enum",
    "example",
    "externalDocs",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "readOnly",
    "required",
    "title",
    "uniqueItems",
    "writeOnly",
];

/// Converts a document. One that is 3.0 already stays as it is.
pub(crate) fn downgrade(document: &Value) -> Result<Value> {
    let version = document.get("openapi").unwrap_or(&Value::Null);
    let is_known = |version: &str| version.starts_with("3.1.") || version.starts_with("3.0.");
    ensure!(
        version.as_str().is_some_and(is_known),
        "#/openapi: expected a version of three numbers such as `3.1.0` or `3.0.3`, found {version}"
    );
    Walk { document }.object(Document, document, "#")
}

/// One pass through a document; `at` is the JSON pointer of the value at hand.
struct Walk<'a> {
    document: &'a Value,
}

impl Walk<'_> {
    fn object(&self, kind: Kind, value: &Value, at: &str) -> Result<Value> {
        if kind == Schema {
            return self.schema(value, at);
        }
        let mut result = Map::new();
        for (key, value) in fields(value, at)? {
            let at = child(at, key);
            let converted = match kind.rule(key) {
                _ if kind == Document && key == "openapi" => VERSION.into(),
                _ if key.starts_with("x-") => value.clone(),
                Some(Same) => value.clone(),
                Some(One(kind)) => self.object(kind, value, &at)?,
                Some(List(kind)) => self.list(kind, value, &at)?.into(),
                Some(Rule::Map(kind)) => self.map(kind, value, &at)?,
                None => bail!(
                    "{at}: `{key}` is not a field of {kind:?} that is converted to OpenAPI 3.0; if it means the same there, say so in downgrade.rs"
                ),
            };
            result.insert(key.clone(), converted);
        }
        Ok(result.into())
    }

    fn list(&self, kind: Kind, value: &Value, at: &str) -> Result<Vec<Value>> {
        let items = value.as_array().with_context(|| format!("{at}: expected a list"))?;
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.object(kind, item, &format!("{at}/{index}"))).collect()
    }

    fn map(&self, kind: Kind, value: &Value, at: &str) -> Result<Value> {
        let mut result = Map::new();
        for (key, value) in fields(value, at)? {
            result.insert(key.clone(), self.object(kind, value, &child(at, key))?);
        }
        Ok(result.into())
    }

    fn schema(&self, value: &Value, at: &str) -> Result<Value> {
        let source = fields(value, at)?;
        let mut result = Map::new();
        for (key, value) in source {
            let at = child(at, key);
            let converted = match key.as_str() {
                "type" => {
                    types(value, &at, &mut result)?;
                    continue;
                }
                "oneOf" | "anyOf" => {
                    self.one_or_null(value, &at, &mut result)?;
                    continue;
                }
                "examples" => {
                    let first = value.as_array().and_then(|examples| examples.first());
                    result.extend(first.map(|first| ("example".to_owned(), first.clone())));
                    continue;
                }
                key if EXTENSIONS.contains(&key) => {
                    if let (true, Some(name)) = (key == "const", type_of(value)) {
                        result.entry("type").or_insert(name.into());
                    }
                    result.insert(format!("x-{key}"), value.clone());
                    continue;
                }
                // 3.0 has nothing beside `$ref`.
                "$ref" if source.len() > 1 => {
                    result.insert("allOf".to_owned(), json!([{ "$ref": value }]));
                    continue;
                }
                "allOf" => self.list(Schema, value, &at)?.into(),
                "properties" => self.map(Schema, value, &at)?,
                "additionalProperties" if value.is_boolean() => value.clone(),
                "items" | "additionalProperties" => self.schema(value, &at)?,
                key if key == "$ref" || SAME.contains(&key) || key.starts_with("x-") => {
                    value.clone()
                }
                _ => bail!(
                    "{at}: `{key}` is not a schema keyword that is converted to OpenAPI 3.0; if it means the same there, say so in downgrade.rs"
                ),
            };
            result.insert(key.clone(), converted);
        }
        Ok(result.into())
    }

    /// Converts a choice of one schema and null. 3.0 has `nullable`, which counts only beside a type.
    fn one_or_null(&self, value: &Value, at: &str, result: &mut Map<String, Value>) -> Result<()> {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let null = json!({ "type": "null" });
        let (other, index) = match list {
            [other, last] if *last == null => (other, 0),
            [first, other] if *first == null => (other, 1),
            _ => bail!(
                "{at}: expected a choice of one schema and {null}, found {value}: write an action that removes it, and one that writes the schema to use"
            ),
        };
        let at = format!("{at}/{index}");
        let Some(reference) = other.get("$ref").and_then(Value::as_str) else {
            let other = self.schema(other, &at)?;
            result.extend(fields(&other, &at)?.clone());
            result.insert("nullable".to_owned(), true.into());
            return Ok(());
        };
        let target = find(self.document, reference);
        let name = target.and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let name = name.with_context(|| {
            format!("{at}: expected a reference to a schema of one type, found {other}")
        })?;
        result.insert("type".to_owned(), name.into());
        result.insert("nullable".to_owned(), true.into());
        result.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        Ok(())
    }
}

fn type_of(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        _ => return None,
    })
}

/// `type`: a list of one type and null is `nullable`.
fn types(value: &Value, at: &str, result: &mut Map<String, Value>) -> Result<()> {
    let (name, is_nullable) = match value.as_array().map(Vec::as_slice) {
        None => (value, false),
        Some([name]) => (name, false),
        Some([name, null]) if null == "null" => (name, true),
        Some(_) => bail!("{at}: expected one type, or one and null, found {value}"),
    };
    let is_known = name.as_str().is_some_and(|name| name != "null");
    ensure!(is_known, "{at}: expected a type other than null, found {name}");
    result.insert("type".to_owned(), name.clone());
    if is_nullable {
        result.insert("nullable".to_owned(), true.into());
    }
    Ok(())
}

fn fields<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().with_context(|| format!("{at}: expected an object"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::downgrade;

    fn document(schema: &Value) -> Value {
        json!({
            "openapi": "3.1.0",
            "components": { "schemas": { "A": schema, "B": { "type": "object" } } },
        })
    }

    #[test]
    fn schemas_say_the_same_in_the_words_of_3_0() {
        let b = json!({ "$ref": "#/components/schemas/B" });
        let table = [
            (
                json!({ "type": "string", "minLength": 1 }),
                json!({ "type": "string", "minLength": 1 }),
            ),
            (json!({ "type": ["string", "null"] }), json!({ "type": "string", "nullable": true })),
            (
                json!({ "oneOf": [b, { "type": "null" }], "description": "D" }),
                json!({ "type": "object", "nullable": true, "allOf": [b], "description": "D" }),
            ),
            (
                json!({ "type": "object", "additionalProperties": {}, "properties": { "if": { "type": ["null"] } } }),
                Value::Null,
            ),
            (
                json!({ "anyOf": [{ "type": "null" }, b] }),
                json!({ "type": "object", "nullable": true, "allOf": [b] }),
            ),
            (
                json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] }),
                json!({ "type": "string", "format": "date-time", "nullable": true }),
            ),
            (
                json!({ "const": "META", "examples": ["META", "x"] }),
                json!({ "type": "string", "x-const": "META", "example": "META" }),
            ),
            (
                json!({ "$ref": "#/components/schemas/B", "description": "D" }),
                json!({ "allOf": [b], "description": "D" }),
            ),
            (
                json!({ "type": ["array", "null"], "items": { "type": ["boolean", "null"] } }),
                json!({ "type": "array", "nullable": true, "items": { "type": "boolean", "nullable": true } }),
            ),
        ];
        for (schema, expected) in table {
            match downgrade(&document(&schema)) {
                Ok(converted) => {
                    assert_eq!(converted["components"]["schemas"]["A"], expected, "{schema}");
                    assert_eq!(downgrade(&converted).unwrap(), converted, "a fixed point");
                }
                Err(error) => assert!(expected.is_null(), "{schema}: {error}"),
            }
        }
    }

    #[test]
    fn what_is_not_known_to_mean_the_same_is_an_error_with_its_place() {
        let a = "#/components/schemas/A";
        let table = [
            (json!({ "not": {} }), format!("{a}/not: `not` is not a schema keyword")),
            (
                json!({ "type": "object", "properties": { "x": { "if": {} } } }),
                format!("{a}/properties/x/if: "),
            ),
            (json!({ "type": ["string", "integer"] }), format!("{a}/type: expected one type")),
            (json!({ "oneOf": [{}, {}] }), format!("{a}/oneOf: expected a choice of one schema")),
            (json!(true), format!("{a}: expected an object")),
        ];
        for (schema, expected) in table {
            let error = downgrade(&document(&schema)).unwrap_err().to_string();
            assert!(error.starts_with(&expected), "{error}");
        }
        let error =
            downgrade(&json!({ "openapi": "3.1.0", "webhooks": {} })).unwrap_err().to_string();
        assert!(error.starts_with("#/webhooks: `webhooks` is not a field of Document"), "{error}");
        let error = downgrade(&json!({ "swagger": "2.0" })).unwrap_err().to_string();
        assert!(error.ends_with("such as `3.1.0` or `3.0.3`, found null"), "{error}");
        let error = downgrade(&json!({ "openapi": "3.1" })).unwrap_err().to_string();
        assert!(error.ends_with("found \"3.1\""), "{error}");
    }
}
