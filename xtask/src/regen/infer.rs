//! Schemas from examples: what the vendor documents by samples alone becomes a type that refuses
//! nothing it may send.
//!
//! A sample shows what can be there, not what must: every field is optional, may be null, and
//! stands in an open object.

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::objects::Kind;
use super::pointer::{find_mut, last, resolve};
use super::visit;

/// Gives a schema to every body, parameter and header that has none.
pub(crate) fn infer(mut document: Value) -> Value {
    let missing: Vec<(String, Value)> = visit::objects(&document)
        .into_iter()
        .filter(|object| object.value.is_object() && lacks_schema(object.value))
        .filter_map(|object| Some((schema_for(&document, &object)?, object.at)))
        .map(|(schema, at)| (at, schema))
        .collect();
    for (at, schema) in missing {
        if let Some(Value::Object(fields)) = find_mut(&mut document, &at) {
            fields.insert("schema".to_owned(), schema);
        }
    }
    document
}

/// Whether nothing says the type of a body, parameter or header.
fn lacks_schema(value: &Value) -> bool {
    ["schema", "content", "$ref"].iter().all(|key| value.get(key).is_none())
}

/// The schema of an object that may have one.
fn schema_for(document: &Value, object: &visit::Object) -> Option<Value> {
    match object.kind {
        Kind::MediaType => Some(body(document, object)),
        // Its samples are written as text whatever it is: '1' may be a number or a word.
        Kind::Parameter | Kind::Header => Some(json!({ "type": "string" })),
        _ => None,
    }
}

/// The schema of a body: that of its samples if it is JSON.
fn body(document: &Value, object: &visit::Object) -> Value {
    let media_type = last(&object.at);
    if is_json(&media_type) {
        return of_samples(&samples(document, object.value));
    }
    if media_type.starts_with("text/") {
        return json!({ "type": "string" });
    }
    json!({ "type": "string", "format": "binary" })
}

/// Whether bodies of a media type are JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json")
}

/// The samples of a body or a parameter: `example`, or the values of `examples`.
pub(crate) fn samples<'a>(document: &'a Value, holder: &'a Value) -> Vec<&'a Value> {
    let several = holder.get("examples").and_then(Value::as_object).into_iter().flatten();
    let values = several.filter_map(|(_, one)| resolve(document, one)?.get("value"));
    holder.get("example").into_iter().chain(values).collect()
}

/// The schema that all samples of one place fit.
pub(crate) fn of_samples(samples: &[&Value]) -> Value {
    let present: Vec<&Value> = samples.iter().copied().filter(|value| !value.is_null()).collect();
    let all = |is: fn(&Value) -> bool| present.iter().all(|value| is(value));
    if present.is_empty() {
        json!({})
    } else if all(Value::is_object) {
        object(&present)
    } else if all(Value::is_array) {
        let items: Vec<&Value> =
            present.iter().filter_map(|value| value.as_array()).flatten().collect();
        json!({ "type": "array", "items": or_null(of_samples(&items)) })
    } else if all(is_date_time) {
        json!({ "type": "string", "format": "date-time" })
    } else if all(Value::is_string) {
        json!({ "type": "string" })
    } else if all(Value::is_boolean) {
        json!({ "type": "boolean" })
    } else if all(|value| value.as_i64().is_some()) {
        json!({ "type": "integer" })
    } else if all(Value::is_number) {
        json!({ "type": "number" })
    } else {
        // Of several types, or unknown: any value.
        json!({})
    }
}

/// An object with every field that any sample has, in the order in which they first appear.
fn object(samples: &[&Value]) -> Value {
    let mut fields: Map<String, Value> = Map::new();
    let mut values: Map<String, Value> = Map::new();
    for (name, value) in samples.iter().filter_map(|sample| sample.as_object()).flatten() {
        let list = values.entry(name).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(value.clone());
        }
    }
    for (name, list) in values {
        let list: Vec<&Value> = list.as_array().into_iter().flatten().collect();
        fields.insert(name, or_null(of_samples(&list)));
    }
    let mut schema = json!({ "type": "object", "additionalProperties": {} });
    if !fields.is_empty() {
        schema["properties"] = fields.into();
    }
    schema
}

/// The schema that null fits as well; one without a type admits it already.
fn or_null(mut schema: Value) -> Value {
    if schema.get("type").is_some() {
        schema["nullable"] = true.into();
    }
    schema
}

/// Whether a sample is a moment that a typed client can read.
fn is_date_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{infer, of_samples};

    #[test]
    fn samples_of_one_place_make_the_narrowest_type_that_fits_them_all() {
        let date = json!({ "type": "string", "format": "date-time" });
        let table = [
            ("nothing", json!([]), json!({})),
            ("null alone", json!([null]), json!({})),
            ("a boolean", json!([true, null]), json!({ "type": "boolean" })),
            ("whole numbers", json!([1, -2]), json!({ "type": "integer" })),
            ("one number that is not whole", json!([1, 2.5]), json!({ "type": "number" })),
            ("a number written with a fraction", json!([1.0]), json!({ "type": "number" })),
            (
                "a number beyond 64 bits",
                json!([18_446_744_073_709_551_615_u64]),
                json!({ "type": "number" }),
            ),
            ("digits in a string", json!(["1"]), json!({ "type": "string" })),
            (
                "moments",
                json!(["2026-06-30T08:55:00.000Z", "2026-06-30T08:55:00-03:00"]),
                date.clone(),
            ),
            (
                "a moment and a word",
                json!(["2026-06-30T08:55:00Z", "soon"]),
                json!({ "type": "string" }),
            ),
            ("a day", json!(["2026-06-30"]), json!({ "type": "string" })),
            ("several types", json!([1, "a"]), json!({})),
            (
                "an empty object",
                json!([{}]),
                json!({ "type": "object", "additionalProperties": {} }),
            ),
            ("an empty list", json!([[]]), json!({ "type": "array", "items": {} })),
            (
                "lists, whose entries are one place",
                json!([[1], [null, 2.5]]),
                json!({ "type": "array", "items": { "type": "number", "nullable": true } }),
            ),
        ];
        for (name, samples, expected) in table {
            let list: Vec<&Value> = samples.as_array().into_iter().flatten().collect();
            assert_eq!(of_samples(&list), expected, "{name}");
        }
    }

    #[test]
    fn objects_join_their_fields_and_each_may_be_null_or_absent() {
        let samples = [json!({ "a": 1, "b": null }), json!({ "c": { "d": [[true]] }, "a": null })];
        let samples: Vec<&Value> = samples.iter().collect();
        let list = |items: Value| json!({ "type": "array", "items": items, "nullable": true });
        let nested = json!({
            "type": "object", "nullable": true, "additionalProperties": {},
            "properties": { "d": list(list(json!({ "type": "boolean", "nullable": true }))) },
        });
        let expected = json!({
            "type": "object", "additionalProperties": {},
            "properties": { "a": { "type": "integer", "nullable": true }, "b": {}, "c": nested },
        });
        assert_eq!(of_samples(&samples), expected);
    }

    #[test]
    fn only_what_has_no_schema_gets_one() {
        let document = |text: Value, json: Value, known: Value, parameter: Value| {
            json!({ "paths": { "/a": { "post": {
                "parameters": [parameter],
                "requestBody": { "content": { "text/csv": text } },
                "responses": { "200": { "content": { "application/json": json, "application/problem+json": known } } },
            } } } })
        };
        let known = json!({ "example": 1, "schema": { "type": "string" } });
        let json = json!({ "examples": { "one": { "value": [1] }, "two": { "$ref": "#/none" } } });
        let source = document(
            json!({}),
            json.clone(),
            known.clone(),
            json!({ "name": "a", "in": "query", "example": "1" }),
        );
        let mut typed = json;
        typed["schema"] =
            json!({ "type": "array", "items": { "type": "integer", "nullable": true } });
        let text = json!({ "type": "string" });
        let expected = document(
            json!({ "schema": text }),
            typed,
            known,
            json!({ "name": "a", "in": "query", "example": "1", "schema": text }),
        );
        let result = infer(source);
        assert_eq!(result, expected);
        assert_eq!(infer(result), expected, "a fixed point");
    }
}
