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
            | (Parameter | Header | MediaType, "example")
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

/// Keywords of schemas that mean the same in both versions, and hold no schema.
const SAME: [&str; 19] = [
    "default",
    "deprecated",
    "description",
    "enum",
    "example",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
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
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    let is_known = version.starts_with("3.1.") || version.starts_with("3.0.");
    ensure!(is_known, "#/openapi: expected OpenAPI 3.1 or 3.0, found `{version}`");
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
                "oneOf" => {
                    self.one_or_null(value, &at, &mut result)?;
                    continue;
                }
                "$ref" if source.len() > 1 => {
                    bail!("{at}: 3.0 has nothing beside `$ref`: write `allOf`")
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

    /// `oneOf` a reference and null. 3.0 says it as `nullable`, which counts only beside a type.
    fn one_or_null(&self, value: &Value, at: &str, result: &mut Map<String, Value>) -> Result<()> {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let [other, null] = list else {
            bail!("{at}: expected a reference and null, found another choice");
        };
        ensure!(
            *null == json!({ "type": "null" }),
            "{at}/1: expected {{ type: 'null' }}, found {null}"
        );
        let target = other.get("$ref").and_then(Value::as_str).and_then(|r| find(self.document, r));
        let name = target.and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let name = name.with_context(|| {
            format!("{at}/0: expected a reference to a schema of one type, found {other}")
        })?;
        result.insert("type".to_owned(), name.into());
        result.insert("nullable".to_owned(), true.into());
        result.insert("allOf".to_owned(), json!([other]));
        Ok(())
    }
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
            (json!({ "const": 1 }), format!("{a}/const: `const` is not a schema keyword")),
            (
                json!({ "type": "object", "properties": { "x": { "if": {} } } }),
                format!("{a}/properties/x/if: "),
            ),
            (json!({ "type": ["string", "integer"] }), format!("{a}/type: expected one type")),
            (json!({ "oneOf": [{}, {}] }), format!("{a}/oneOf/1: expected")),
            (json!({ "$ref": "#/a", "title": "T" }), format!("{a}/$ref: 3.0 has nothing beside")),
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
        assert!(error.starts_with("#/openapi: expected OpenAPI 3.1"), "{error}");
    }
}
