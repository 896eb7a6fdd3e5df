//! Operation ids become methods, and a path must declare its parameters.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use serde_json::Value;

use super::super::{problems::Problems, visit};

pub(super) fn check(document: &Value, problems: &mut Problems) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for operation in visit::operations(document) {
        let at = &operation.at;
        let method = operation.id().to_snake_case();
        if method.is_empty() {
            problems.add(format!("{at}: expected an operationId that can name a method"));
        } else if let Some(first) = seen.insert(method.clone(), at.clone()) {
            problems.add(format!(
                "{at}: expected an operationId of its own, found `{method}` at {first} too"
            ));
        }
        let parameters = operation.value.get("parameters").and_then(Value::as_array);
        let declared: BTreeSet<&str> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter.get("in").is_some_and(|place| place == "path"))
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .collect();
        let expected = placeholders(operation.path);
        if declared != expected {
            problems.add(format!(
                "{at}: expected the path parameters {expected:?} of the path, found {declared:?}"
            ));
        }
    }
}

/// The names in braces of a path.
fn placeholders(path: &str) -> BTreeSet<&str> {
    path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::problems::Problems;

    fn check(paths: &Value) -> String {
        let mut problems = Problems::default();
        super::check(&json!({ "paths": paths }), &mut problems);
        problems.end().map_or_else(|error| error.to_string(), |()| "sound".to_owned())
    }

    #[test]
    fn ids_are_unique_and_path_parameters_declared() {
        let id = json!([{ "name": "id", "in": "path" }, { "name": "q", "in": "query" }]);
        let table = [
            (json!({ "/a/{id}": { "get": { "operationId": "a", "parameters": id } } }), "sound"),
            (
                json!({ "/a": { "get": { "operationId": "-" } } }),
                "#/paths/~1a/get: expected an operationId that can",
            ),
            (
                json!({ "/a": { "get": { "operationId": "get-a" }, "put": { "operationId": "getA" } } }),
                "#/paths/~1a/put: expected an operationId of its own, found `get_a` at #/paths/~1a/get too",
            ),
            (
                json!({ "/a/{no}": { "get": { "operationId": "a", "parameters": id } } }),
                "#/paths/~1a~1{no}/get: expected the path parameters {\"no\"} of the path, found {\"id\"}",
            ),
        ];
        for (paths, expected) in table {
            assert!(check(&paths).starts_with(expected), "{}", check(&paths));
        }
    }
}
