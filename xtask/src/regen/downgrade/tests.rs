//! Tables of what goes in and what comes out. Whatever comes out must also pass through unchanged.

use serde_json::{Value, json};

use super::downgrade;

/// A document around one schema, with other schemas to refer to.
fn document(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "T", "version": "1" },
        "paths": {},
        "components": { "schemas": {
            "Case": schema,
            "Object": { "type": ["object", "null"] },
            "Text": { "type": "string" },
            "Alias": { "$ref": "#/components/schemas/Text" },
            "Loop": { "$ref": "#/components/schemas/Loop" },
            "Any": {},
        } },
    })
}

fn convert(schema: &Value) -> Value {
    let result = downgrade(&document(schema)).unwrap_or_else(|error| panic!("{schema}: {error:#}"));
    assert_eq!(downgrade(&result).unwrap(), result, "{schema} is no fixed point");
    result["components"]["schemas"]["Case"].clone()
}

fn check(table: &[(&str, Value, Value)]) {
    for (name, schema, expected) in table {
        assert_eq!(convert(schema), *expected, "{name}");
    }
}

fn fails_with(document: &Value, expected: &str) {
    let error = format!("{:#}", downgrade(document).expect_err(expected));
    assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
}

#[test]
fn null_in_a_list_of_types_becomes_nullable() {
    check(&[
        ("one type", json!({ "type": "string" }), json!({ "type": "string" })),
        ("one type in a list", json!({ "type": ["string"] }), json!({ "type": "string" })),
        (
            "a type and null",
            json!({ "type": ["string", "null"] }),
            json!({ "type": "string", "nullable": true }),
        ),
        (
            "an array and null",
            json!({ "type": ["array", "null"], "items": { "type": ["integer", "null"] } }),
            json!({ "type": "array", "nullable": true, "items": { "type": "integer", "nullable": true } }),
        ),
        (
            "several types",
            json!({ "type": ["string", "array"], "title": "T" }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": {} }], "title": "T" }),
        ),
        (
            "several types and null",
            json!({ "type": ["string", "integer", "null"] }),
            json!({ "anyOf": [{ "type": "string", "nullable": true }, { "type": "integer" }] }),
        ),
        (
            "several types beside another choice",
            json!({ "type": ["string", "integer"], "anyOf": [{ "title": "A" }] }),
            json!({ "allOf": [{ "anyOf": [{ "type": "string" }, { "type": "integer" }] }], "anyOf": [{ "title": "A" }] }),
        ),
    ]);
}

#[test]
fn a_choice_of_one_schema_or_null_becomes_nullable() {
    let nothing = json!({ "type": "null" });
    let text = json!({ "$ref": "#/components/schemas/Text" });
    let alias = json!({ "$ref": "#/components/schemas/Alias" });
    let object = json!({ "$ref": "#/components/schemas/Object" });
    check(&[
        (
            "a reference, with siblings kept",
            json!({ "oneOf": [text, nothing], "description": "D", "x-source": "S" }),
            json!({ "type": "string", "nullable": true, "allOf": [text], "description": "D", "x-source": "S" }),
        ),
        (
            "null first",
            json!({ "anyOf": [nothing, object] }),
            json!({ "type": "object", "nullable": true, "allOf": [object] }),
        ),
        (
            "a reference to a reference",
            json!({ "oneOf": [alias, { "const": null }] }),
            json!({ "type": "string", "nullable": true, "allOf": [alias] }),
        ),
        (
            "a schema in place",
            json!({ "oneOf": [{ "type": "string", "maxLength": 3 }, { "enum": [null] }], "title": "T" }),
            json!({ "type": "string", "nullable": true, "maxLength": 3, "title": "T" }),
        ),
        (
            "a schema whose keywords collide",
            json!({ "description": "outer", "oneOf": [{ "type": "string", "description": "inner" }, nothing] }),
            json!({
                "description": "outer",
                "type": "string",
                "nullable": true,
                "allOf": [{ "type": "string", "description": "inner" }],
            }),
        ),
        (
            "several schemas and null",
            json!({ "oneOf": [text, { "type": "integer" }, nothing] }),
            json!({ "oneOf": [{ "type": "string", "nullable": true, "allOf": [text] }, { "type": "integer" }] }),
        ),
        ("no null at all", json!({ "oneOf": [text, object] }), json!({ "oneOf": [text, object] })),
    ]);
}

#[test]
fn keywords_that_changed_their_spelling_keep_their_meaning() {
    let text = json!({ "$ref": "#/components/schemas/Text" });
    check(&[
        ("a bare reference", text.clone(), text.clone()),
        (
            "a reference with siblings",
            json!({ "$ref": "#/components/schemas/Text", "description": "D" }),
            json!({ "allOf": [text], "description": "D" }),
        ),
        (
            "a reference with an allOf",
            json!({ "$ref": "#/components/schemas/Text", "allOf": [{ "maxLength": 1 }] }),
            json!({ "allOf": [text, { "maxLength": 1 }] }),
        ),
        ("const", json!({ "const": "a" }), json!({ "type": "string", "enum": ["a"] })),
        (
            "const with a type",
            json!({ "type": "number", "const": 1 }),
            json!({ "type": "number", "enum": [1] }),
        ),
        ("examples", json!({ "examples": [1, 2] }), json!({ "example": 1, "x-examples": [1, 2] })),
        ("no examples", json!({ "examples": [] }), json!({})),
        (
            "exclusiveMinimum",
            json!({ "exclusiveMinimum": 1 }),
            json!({ "minimum": 1, "exclusiveMinimum": true }),
        ),
        (
            "a looser minimum",
            json!({ "minimum": 0, "exclusiveMinimum": 1 }),
            json!({ "minimum": 1, "exclusiveMinimum": true }),
        ),
        (
            "a stricter maximum",
            json!({ "maximum": 0, "exclusiveMaximum": 1 }),
            json!({ "maximum": 0 }),
        ),
        (
            "base64",
            json!({ "contentEncoding": "base64" }),
            json!({ "format": "byte", "type": "string" }),
        ),
        (
            "bytes",
            json!({ "contentMediaType": "application/octet-stream" }),
            json!({ "format": "binary", "type": "string" }),
        ),
        (
            "an image in base64",
            json!({ "type": "string", "contentMediaType": "image/png", "contentEncoding": "base64" }),
            json!({ "type": "string", "x-contentMediaType": "image/png", "format": "byte" }),
        ),
        ("a comment", json!({ "$comment": "C" }), json!({ "x-comment": "C" })),
        (
            "the known dialect",
            json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }),
            json!({}),
        ),
        (
            "an array of anything",
            json!({ "type": "array" }),
            json!({ "type": "array", "items": {} }),
        ),
        (
            "boolean schemas",
            json!({ "properties": { "a": true, "b": false }, "additionalProperties": false }),
            json!({ "properties": { "a": {}, "b": { "not": {} } }, "additionalProperties": false }),
        ),
        (
            "an open object",
            json!({ "additionalProperties": {} }),
            json!({ "additionalProperties": {} }),
        ),
    ]);
}

#[test]
fn values_and_names_are_no_keywords() {
    let value = json!({ "type": ["string", "null"], "const": 1, "webhooks": {}, "$ref": "x" });
    check(&[
        ("an example", json!({ "example": value }), json!({ "example": value })),
        ("a default", json!({ "default": value }), json!({ "default": value })),
        ("an enum", json!({ "enum": [value, null] }), json!({ "enum": [value, null] })),
        (
            "an extension",
            json!({ "x-extensible-enum": [value] }),
            json!({ "x-extensible-enum": [value] }),
        ),
        (
            "properties named like keywords",
            json!({ "properties": { "const": { "const": 1 }, "x-a": { "type": ["string", "null"] } } }),
            json!({ "properties": {
                "const": { "type": "integer", "enum": [1] },
                "x-a": { "type": "string", "nullable": true },
            } }),
        ),
    ]);
}

#[test]
fn local_definitions_become_named_schemas() {
    let result = downgrade(&document(&json!({
        "properties": { "a": { "$ref": "#/components/schemas/Case/$defs/Local" } },
        "$defs": { "Local": { "type": ["string", "null"] } },
    })))
    .unwrap();
    let schemas = &result["components"]["schemas"];
    assert_eq!(
        schemas["Case"],
        json!({ "properties": { "a": { "$ref": "#/components/schemas/Local" } } })
    );
    assert_eq!(schemas["Local"], json!({ "type": "string", "nullable": true }));
    fails_with(
        &document(&json!({ "$defs": { "Text": { "type": "integer" } } })),
        "#/components/schemas/Text: ",
    );
}

#[test]
fn schemas_that_3_0_cannot_express_are_errors_with_their_place() {
    let at = "#/components/schemas/Case";
    let loop_ = json!({ "$ref": "#/components/schemas/Loop" });
    let any = json!({ "$ref": "#/components/schemas/Any" });
    let nothing = json!({ "type": "null" });
    let table = [
        (json!({ "if": {} }), format!("{at}/if: `if` is not a schema keyword")),
        (
            json!({ "items": { "a/b~": 1 } }),
            format!("{at}/items/a~1b~0: `a/b~` is not a schema keyword"),
        ),
        (
            json!({ "properties": { "p": { "prefixItems": [] } } }),
            format!("{at}/properties/p/prefixItems: "),
        ),
        (json!({ "allOf": [{}, { "contains": {} }] }), format!("{at}/allOf/1/contains: ")),
        (json!({ "type": "null" }), format!("{at}/type: 3.0 has no type for null alone")),
        (json!({ "type": "text" }), format!("{at}/type: expected string, number")),
        (json!({ "type": [] }), format!("{at}/type: ")),
        (json!({ "const": null }), format!("{at}/const: ")),
        (json!({ "oneOf": [nothing] }), format!("{at}/oneOf: 3.0 has no type for null alone")),
        (json!({ "oneOf": [loop_, nothing] }), format!("{at}/oneOf: cannot tell the one type of")),
        (json!({ "anyOf": [any, nothing] }), format!("{at}/anyOf: cannot tell the one type of")),
        (json!({ "oneOf": {} }), format!("{at}/oneOf: expected a list")),
        (json!({ "properties": [] }), format!("{at}/properties: expected an object")),
        (json!({ "$ref": 1 }), format!("{at}/$ref: expected a string")),
        (json!({ "$schema": "draft-04" }), format!("{at}/$schema: expected a dialect")),
        (json!("text"), format!("{at}: expected an object")),
    ];
    for (schema, expected) in table {
        fails_with(&document(&schema), &expected);
    }
}

#[test]
fn objects_of_the_document_are_converted_in_place() {
    let nullable = json!({ "type": ["string", "null"] });
    let operation = |schema: &Value| {
        json!({
            "operationId": "get-it",
            "parameters": [
                { "name": "a", "in": "query", "schema": schema, "example": { "type": ["kept", "null"] } },
                { "$ref": "#/components/parameters/P" },
            ],
            "requestBody": { "content": { "text/plain": { "schema": schema } } },
            "responses": {
                "200": {
                    "description": "D",
                    "headers": { "H": { "schema": schema } },
                    "content": { "application/json": {
                        "schema": schema,
                        "example": { "const": 1 },
                        "examples": { "e": { "value": { "const": 1 } } },
                    } },
                },
                "x-note": { "const": 1 },
            },
            "callbacks": { "c": { "{$request.body#/url}": { "post": { "responses": {
                "200": { "description": "D", "content": { "a/b": { "schema": schema } } },
            } } } } },
        })
    };
    let converted = json!({ "type": "string", "nullable": true });
    let around = |schema: &Value| {
        json!({
            "openapi": "3.1.0",
            "info": { "title": "T", "version": "1" },
            "paths": { "/a": { "get": operation(schema) } },
        })
    };
    let mut expected = around(&converted);
    expected["openapi"] = "3.0.3".into();
    assert_eq!(downgrade(&around(&nullable)).unwrap(), expected);
    assert_eq!(downgrade(&expected).unwrap(), expected);
}

#[test]
fn fields_of_the_document_that_3_0_lacks_are_kept_as_extensions() {
    let source = json!({
        "openapi": "3.1.1",
        "info": { "title": "T", "summary": "S", "version": "1", "license": { "name": "MIT", "identifier": "MIT" } },
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "webhooks": { "w": { "post": { "parameters": [{ "name": "a", "in": "query", "schema": { "const": 1 } }] } } },
    });
    let schema = json!({ "type": "integer", "enum": [1] });
    let expected = json!({
        "openapi": "3.0.3",
        "info": { "title": "T", "x-summary": "S", "version": "1", "license": { "name": "MIT", "x-identifier": "MIT" } },
        "x-webhooks": { "w": { "post": { "parameters": [{ "name": "a", "in": "query", "schema": schema }] } } },
        "paths": {},
    });
    assert_eq!(downgrade(&source).unwrap(), expected);
}

#[test]
fn documents_that_3_0_cannot_express_are_errors_with_their_place() {
    let table = [
        (json!({ "swagger": "2.0" }), "#: expected an OpenAPI document"),
        (json!([]), "#: expected an OpenAPI document"),
        (json!({ "openapi": "4.0.0" }), "#/openapi: expected OpenAPI 3.1 or 3.0, found 4.0.0"),
        (json!({ "openapi": "3.1.0", "path": {} }), "#/path: `path` is not a field of Document"),
        (json!({ "openapi": "3.1.0", "paths": [] }), "#/paths: expected an object"),
        (
            json!({ "openapi": "3.1.0", "paths": { "/a/{b}": { "query": {} } } }),
            "#/paths/~1a~1{b}/query: `query` is not a field of PathItem",
        ),
        (
            json!({ "openapi": "3.1.0", "jsonSchemaDialect": "x" }),
            "#/jsonSchemaDialect: expected a dialect",
        ),
        (
            json!({ "openapi": "3.1.0", "components": { "securitySchemes": { "m": { "type": "mutualTLS" } } } }),
            "#/components/securitySchemes/m/type: expected apiKey or http",
        ),
        (
            json!({ "openapi": "3.1.0", "components": { "responses": { "r": { "$ref": "#/x", "content": {} } } } }),
            "#/components/responses/r/content: `content` cannot stand beside `$ref`",
        ),
    ];
    for (document, expected) in table {
        fails_with(&document, expected);
    }
}
