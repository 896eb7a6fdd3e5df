//! Rules for every operation. The client relies on them: an id is one path segment, an operation
//! has one success and one error type, and each error of this API has the same form.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use serde_json::{Value, json};

use super::super::{
    downgrade::type_of,
    pointer::{child, path},
    visit::{self, Found, Operation},
};

const NUMBER_ID: &str = "#/components/schemas/NumberId";
const API_ERROR: &str = "#/components/schemas/ApiError";
/// The errors that every operation of this API can return.
const ERRORS: [&str; 6] = ["400", "401", "402", "403", "429", "5XX"];

pub(super) fn check(document: &Value, problems: &mut Vec<String>) {
    let mut methods: BTreeMap<String, String> = BTreeMap::new();
    for operation in visit::operations(document) {
        let at = &operation.at;
        let id = operation.value["operationId"].as_str().unwrap_or_default();
        let method = id.to_snake_case();
        if method.is_empty() {
            problems.push(format!("{at}: expected an operationId that can name a method"));
        } else if let Some(first) = methods.insert(method.clone(), at.clone()) {
            problems.push(format!(
                "{at}: expected an operationId of its own, found `{method}` at {first} too"
            ));
        }
        parameters(&operation, problems);
        request(&operation, problems);
        success(&operation, problems);
        errors(&operation, problems);
    }
}

fn parameters(operation: &Operation, problems: &mut Vec<String>) {
    let mut in_path = BTreeSet::new();
    let parameters = operation.value["parameters"].as_array();
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        let at = format!("{}/parameters/{index}", operation.at);
        let name = parameter["name"].as_str().unwrap_or_default();
        let schema = &parameter["schema"];
        match parameter["in"].as_str().unwrap_or_default() {
            "path" => {
                in_path.insert(name);
                if parameter["required"] != true {
                    problems.push(format!("{at}: expected `required: true`, since `{name}` is in the path: write an action with the target `{}` and `update: {{ required: true }}`", named(&operation.at, name)));
                }
                if schema["$ref"] != NUMBER_ID {
                    problems.push(format!("{at}/schema: expected a reference to `{NUMBER_ID}`, since another text, such as `..`, would reach another path, found {schema}: write an action that removes `{}.schema`, and one that writes `schema: {{ $ref: '{NUMBER_ID}' }}` in its place", named(&operation.at, name)));
                }
            }
            "query" | "header" => {
                let kind = schema["type"].as_str().unwrap_or_default();
                if !["string", "integer", "number", "boolean"].contains(&kind) {
                    problems.push(format!("{at}/schema: expected the type string, integer, number or boolean of `{name}`, found {schema}: write an action that replaces the schema"));
                }
            }
            place => problems.push(format!("{at}: expected a parameter in the path, the query or a header, found `{name}` in `{place}`, which the client cannot send: write an action that removes `{}`", named(&operation.at, name))),
        }
    }
    let placeholders = operation.path.split('{').skip(1);
    let placeholders =
        placeholders.map(|part| part.split('}').next().unwrap_or_default()).collect();
    if in_path != placeholders {
        problems.push(format!(
            "{}: expected the path parameters {placeholders:?} of the path, found {in_path:?}",
            operation.at
        ));
    }
}

fn request(operation: &Operation, problems: &mut Vec<String>) {
    let Some(value) = operation.value.get("requestBody") else { return };
    only_json(&Found { at: child(&operation.at, "requestBody"), value }, "a request", problems);
}

fn success(operation: &Operation, problems: &mut Vec<String>) {
    let mut found = Vec::new();
    for (status, response) in operation.responses() {
        match status.as_bytes() {
            b"200" | b"201" | b"202" => found.push(response),
            [b'4' | b'5', ..] => {}
            _ => problems.push(format!("{}: expected the status 200, 201 or 202, or an error, found `{status}`, of which the client has no type: write an action that removes `{}`", response.at, path(&response.at))),
        }
    }
    match &found[..] {
        [one] => only_json(one, "a response", problems),
        [] => problems.push(format!("{}/responses: expected one success, 200, 201 or 202, found none, so a call could not succeed", operation.at)),
        [_, others @ ..] => {
            let others: Vec<_> = others.iter().map(|other| format!("`{}`", path(&other.at))).collect();
            problems.push(format!("{}/responses: expected one success, 200, 201 or 202, found {}: write an action that removes {}", operation.at, found.len(), others.join(", ")));
        }
    }
}

/// Every body must be JSON with a schema. Other forms beside JSON are ignored.
fn only_json(holder: &Found, what: &str, problems: &mut Vec<String>) {
    let Some(body) = visit::body(holder) else {
        let content = holder.value["content"].as_object();
        let found: Vec<_> = content.into_iter().flat_map(|c| c.keys()).collect();
        return problems.push(format!("{}: expected {what} with a body of `application/json`, found {found:?}: write an action that removes `{}`, or one that gives it `content: {{ application/json: {{ schema: … }} }}`", holder.at, path(&holder.at)));
    };
    if body.value.get("schema").is_none() {
        problems.push(without_schema(&body));
    }
}

fn errors(operation: &Operation, problems: &mut Vec<String>) {
    let responses: Vec<_> = operation.responses().collect();
    let missing =
        ERRORS.iter().filter(|error| responses.iter().all(|(status, _)| status != *error));
    let missing: Vec<&str> = missing.copied().collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        problems.push(format!("{}/responses: expected the errors that every operation can return, and not only some: {missing} are missing: write an action with the target `{}.responses` that adds them, each with a description and `content: *error`, as `more-errors` does", operation.at, path(&operation.at)));
    }
    for (_, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
        let schema =
            response.value.pointer("/content/application~1json/schema").unwrap_or(&Value::Null);
        if *schema != json!({ "$ref": API_ERROR }) {
            problems.push(format!("{}: expected the schema {{ $ref: '{API_ERROR}' }}, which every error has, found {schema}: write an action that removes what is there, and one that writes it; or add this status to the targets of `errors-untyped` and `errors`, if its schema is the one that `errors-untyped` removes", response.at));
        }
    }
}

/// Returns the `JSONPath` of a parameter of an operation.
fn named(operation: &str, parameter: &str) -> String {
    format!("{}.parameters[?@.name == '{parameter}']", path(operation))
}

fn without_schema(body: &Found) -> String {
    let draft = body.value.get("example").map_or_else(|| json!({}), draft);
    format!(
        "{}: expected a schema; write an action with the target `{}` and the update `schema: {draft}`, once each type, also each `?`, is judged: an example shows what can be there, not what must. For a response, move it to a component, as `number-delete` does",
        body.at,
        path(&body.at)
    )
}

/// Returns a schema that the example fits: its objects are closed, and nothing is null. `lenient`
/// relaxes it where it is a response's. The type of a null is to be judged.
fn draft(example: &Value) -> Value {
    match example {
        Value::Object(fields) => {
            let properties = fields.iter().map(|(name, value)| (name.clone(), draft(value)));
            json!({ "type": "object", "properties": properties.collect::<Value>() })
        }
        Value::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or_else(|| json!({}), draft) })
        }
        other => json!({ "type": type_of(other).unwrap_or("?") }),
    }
}
