//! One type a kind of answer: progenitor gives an operation one type for its successes and one for
//! its errors, so that answers of one kind whose bodies differ are joined into a body that fits
//! each.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::infer::is_json;
use super::pointer::{child, find, find_mut, resolve};
use super::visit;

/// What progenitor makes of an answer.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    /// JSON, at this pointer to the media type.
    Json(String),
    /// Bytes.
    Raw,
    /// Nothing, at this pointer to the answer.
    None(String),
}

/// Joins the answers of every operation.
pub(crate) fn unify(mut document: Value) -> Result<Value> {
    let places: Vec<String> = visit::operations(&document)
        .into_iter()
        .map(|found| child(&found.at, "responses"))
        .collect();
    for responses in places {
        split_default(&mut document, &responses);
        join_group(&mut document, &responses, is_success)?;
        join_group(&mut document, &responses, is_error)?;
    }
    Ok(document)
}

/// Whether a status is a success; `default` is none beside others.
fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// Whether a status is an error.
fn is_error(status: &str) -> bool {
    status.starts_with(['4', '5']) || status == "default"
}

/// `default` counts as success and as error; beside a success of another type it can only mean the
/// errors.
fn split_default(document: &mut Value, responses: &str) {
    let Some(statuses) = find(document, responses).and_then(Value::as_object) else { return };
    let Some(default) = statuses.get("default").cloned() else { return };
    let mut successes = statuses.iter().filter(|(status, _)| is_success(status)).peekable();
    let schema = |answer: &Value| json_schema(document, answer).cloned();
    if successes.peek().is_none() || successes.all(|(_, answer)| schema(answer) == schema(&default))
    {
        return;
    }
    if let Some(Value::Object(statuses)) = find_mut(document, responses) {
        statuses.shift_remove("default");
        for range in ["4XX", "5XX"] {
            statuses.entry(range).or_insert_with(|| default.clone());
        }
    }
}

/// The schema of an answer in JSON.
fn json_schema<'a>(document: &'a Value, answer: &'a Value) -> Option<&'a Value> {
    let content = resolve(document, answer)?.get("content")?.as_object()?;
    content.iter().find(|(name, _)| is_json(name)).and_then(|(_, media)| media.get("schema"))
}

/// Gives the answers of one kind one schema.
fn join_group(document: &mut Value, responses: &str, belongs: fn(&str) -> bool) -> Result<()> {
    let bodies = bodies(document, responses, belongs);
    let json: Vec<&str> = bodies
        .iter()
        .filter_map(|body| if let Body::Json(at) = body { Some(at.as_str()) } else { None })
        .collect();
    let silent = bodies.iter().filter(|body| matches!(body, Body::None(_))).count();
    let mixed = json.len() != bodies.len() && silent != bodies.len();
    let raw = bodies.contains(&Body::Raw);
    if mixed && (silent > 0 || !json.is_empty()) && (raw || belongs("200")) {
        bail!(
            "{responses}: answers with JSON, with other bodies and without any cannot have one type; \
               the overlay must say which holds"
        );
    }
    let Some(schema) = joined(document, &json) else { return Ok(()) };
    for body in &bodies {
        match body {
            Body::Json(at) => set_schema(document, at, &schema),
            Body::None(at) => set_content(document, at, &schema),
            Body::Raw => {}
        }
    }
    Ok(())
}

/// The bodies of the answers of one kind.
fn bodies(document: &Value, responses: &str, belongs: fn(&str) -> bool) -> Vec<Body> {
    let statuses = find(document, responses).and_then(Value::as_object).into_iter().flatten();
    let group = statuses.filter(|(status, _)| belongs(status));
    group
        .map(|(status, answer)| {
            let own = child(responses, status);
            let at = answer.get("$ref").and_then(Value::as_str).map_or(own, str::to_owned);
            body(find(document, &at).unwrap_or(answer), at)
        })
        .collect()
}

/// The body of one answer, which stands at a pointer.
fn body(answer: &Value, at: String) -> Body {
    let content = answer.get("content").and_then(Value::as_object).filter(|map| !map.is_empty());
    let Some(content) = content else { return Body::None(at) };
    let name = content.keys().find(|name| is_json(name));
    name.map_or(Body::Raw, |name| Body::Json(child(&child(&at, "content"), name)))
}

/// The schema that the bodies have, or the one that fits each of them.
fn joined(document: &Value, places: &[&str]) -> Option<Value> {
    let schemas: Vec<&Value> =
        places.iter().filter_map(|at| find(document, at)?.get("schema")).collect();
    let first = *schemas.first()?;
    if schemas.iter().all(|schema| *schema == first) {
        return Some(first.clone());
    }
    let mut properties = Map::new();
    for schema in schemas {
        let Some(own) = open_properties(document, schema) else { return Some(json!({})) };
        for (name, property) in own {
            let both = properties.get(name).map(|other| either(other, property));
            properties.insert(name.clone(), both.unwrap_or_else(|| property.clone()));
        }
    }
    Some(json!({ "type": "object", "additionalProperties": {}, "properties": properties }))
}

/// The schema of a property that is one or the other: any value, unless they differ in nothing but
/// null.
fn either(one: &Value, other: &Value) -> Value {
    let nullable = |schema: &Value| {
        let mut schema = schema.clone();
        schema["nullable"] = true.into();
        schema
    };
    let typed = one.get("type").is_some() && other.get("type").is_some();
    if one == other {
        one.clone()
    } else if typed && nullable(one) == nullable(other) {
        nullable(one)
    } else {
        json!({})
    }
}

/// The properties of a schema that is an object and says no more than that.
fn open_properties<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Map<String, Value>> {
    let schema = resolve(document, schema)?.as_object()?;
    let simple = ["allOf", "oneOf", "anyOf", "not"].iter().all(|key| !schema.contains_key(*key));
    schema.get("properties").filter(|_| simple)?.as_object()
}

/// Sets the schema of a media type.
fn set_schema(document: &mut Value, at: &str, schema: &Value) {
    if let Some(Value::Object(media)) = find_mut(document, at) {
        media.insert("schema".to_owned(), schema.clone());
    }
}

/// Gives an answer without a body the body of the others of its kind.
fn set_content(document: &mut Value, at: &str, schema: &Value) {
    if let Some(Value::Object(answer)) = find_mut(document, at) {
        answer.insert("content".to_owned(), json!({ "application/json": { "schema": schema } }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::unify;

    fn answer(schema: &Value) -> Value {
        json!({ "description": "D", "content": { "application/json": { "schema": schema } } })
    }

    fn document(responses: &Value) -> Value {
        json!({ "paths": { "/a": { "get": { "responses": responses } } } })
    }

    fn object(properties: &Value) -> Value {
        json!({ "type": "object", "additionalProperties": {}, "properties": properties })
    }

    #[test]
    fn answers_of_one_kind_get_one_type() {
        let text = json!({ "type": "string" });
        let (a, b) =
            (object(&json!({ "e": text, "x": text })), object(&json!({ "e": {}, "y": text })));
        let both = object(&json!({ "e": {}, "x": text, "y": text }));
        let maybe = json!({ "type": "string", "nullable": true });
        let (c, d) = (object(&json!({ "e": text })), object(&json!({ "e": maybe })));
        let table = [
            (
                "equal",
                json!({ "400": answer(&a), "401": answer(&a) }),
                json!({ "400": answer(&a), "401": answer(&a) }),
            ),
            (
                "unlike objects",
                json!({ "400": answer(&a), "5XX": answer(&b) }),
                json!({ "400": answer(&both), "5XX": answer(&both) }),
            ),
            (
                "null in one",
                json!({ "400": answer(&c), "401": answer(&d) }),
                json!({ "400": answer(&d), "401": answer(&d) }),
            ),
            (
                "null in one",
                json!({ "400": answer(&c), "401": answer(&d) }),
                json!({ "400": answer(&d), "401": answer(&d) }),
            ),
            (
                "an object and text",
                json!({ "400": answer(&a), "401": answer(&text) }),
                json!({ "400": answer(&json!({})), "401": answer(&json!({})) }),
            ),
            (
                "an error without a body",
                json!({ "400": answer(&a), "404": { "description": "D" } }),
                json!({ "400": answer(&a), "404": answer(&a) }),
            ),
            (
                "success and error",
                json!({ "200": answer(&a), "400": answer(&b) }),
                json!({ "200": answer(&a), "400": answer(&b) }),
            ),
            (
                "no bodies",
                json!({ "200": { "description": "D" }, "204": { "description": "D" } }),
                json!({ "200": { "description": "D" }, "204": { "description": "D" } }),
            ),
            (
                "a default beside a success of another type",
                json!({ "200": answer(&a), "default": answer(&b) }),
                json!({ "200": answer(&a), "4XX": answer(&b), "5XX": answer(&b) }),
            ),
            (
                "a default beside a success of its type",
                json!({ "200": answer(&a), "default": answer(&a) }),
                json!({ "200": answer(&a), "default": answer(&a) }),
            ),
        ];
        for (name, responses, expected) in table {
            let result = unify(document(&responses)).expect(name);
            assert_eq!(result, document(&expected), "{name}");
            assert_eq!(unify(result).expect(name), document(&expected), "{name}: a fixed point");
        }
    }

    #[test]
    fn answers_that_no_type_fits_are_an_error_with_their_place() {
        let page = json!({ "description": "D", "content": { "text/html": {} } });
        let table = [
            json!({ "200": answer(&json!({})), "204": { "description": "D" } }),
            json!({ "200": answer(&json!({})), "201": page }),
            json!({ "400": answer(&json!({})), "500": page }),
        ];
        for responses in table {
            let error = unify(document(&responses)).expect_err("mixed").to_string();
            assert!(error.starts_with("#/paths/~1a/get/responses: answers with JSON"), "{error}");
        }
    }
}
