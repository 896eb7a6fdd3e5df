//! Paths and operation ids must each be unique, for Rust as well as for HTTP, and a path must
//! declare its parameters.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, bail, ensure};
use heck::ToSnakeCase;
use serde_json::Value;

use super::super::pointer::{child, resolve};
use super::super::visit::{self, Operation};

/// Checks all paths and operations.
pub(super) fn check(document: &Value) -> Result<()> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    unique(paths.map(|(path, _)| (template(path), child("#/paths", path))), "path template")?;
    let operations = visit::operations(document);
    for operation in &operations {
        ensure!(
            !operation.id().to_snake_case().is_empty(),
            "{}: expected an operationId that can name a method",
            operation.at
        );
        declared(document, operation)?;
    }
    let ids = operations.iter().map(|found| (found.id().to_snake_case(), found.at.clone()));
    unique(ids, "operationId")
}

/// A path without the names of its parameters, which do not tell two paths apart.
fn template(path: &str) -> String {
    let mut result = String::new();
    for (index, part) in path.split('{').enumerate() {
        let rest =
            if index == 0 { part } else { part.split_once('}').map_or(part, |(_, rest)| rest) };
        result.push_str(if index == 0 { "" } else { "{}" });
        result.push_str(rest);
    }
    result
}

/// The names in braces of a path.
fn placeholders(path: &str) -> BTreeSet<&str> {
    path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// Refuses names that occur at two places.
fn unique(names: impl Iterator<Item = (String, String)>, what: &str) -> Result<()> {
    let mut seen: HashMap<String, String> = HashMap::new();
    for (name, at) in names {
        if let Some(first) = seen.insert(name.clone(), at.clone()) {
            bail!("{at}: expected every {what} to be unique, found `{name}` at {first} too");
        }
    }
    Ok(())
}

/// The path parameters that are declared must be those in the path.
fn declared(document: &Value, operation: &Operation) -> Result<()> {
    let lists = [operation.item, operation.value].map(|holder| holder.get("parameters"));
    let parameters = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    let declared: BTreeSet<&str> = parameters
        .filter_map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter.get("in").is_some_and(|place| place == "path"))
        .filter_map(|parameter| parameter.get("name")?.as_str())
        .collect();
    let expected = placeholders(operation.path);
    ensure!(
        declared == expected,
        "{}: expected the path parameters {expected:?} of the path, found {declared:?}",
        operation.at
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn parameter(name: &str) -> Value {
        json!({ "name": name, "in": "path" })
    }

    #[test]
    fn names_that_collide_or_are_missing_are_errors_with_their_places() {
        let get = |id: &str| json!({ "get": { "operationId": id } });
        let with = |id: &str, name: &str| json!({ "get": { "operationId": id, "parameters": [parameter(name)] } });
        let table = [
            (
                json!({ "/a": get("get-it"), "/b": get("getIt") }),
                "#/paths/~1b/get: expected every operationId to be unique, found `get_it` at #/paths/~1a/get too",
            ),
            (
                json!({ "/a/{x}/c": with("a", "x"), "/a/{y}/c": with("b", "y") }),
                "#/paths/~1a~1{y}~1c: expected every path template",
            ),
            (json!({ "/a": { "get": {} } }), "#/paths/~1a/get: expected an operationId"),
            (json!({ "/a": get("--") }), "expected an operationId"),
            (
                json!({ "/a/{x}": get("a") }),
                "expected the path parameters {\"x\"} of the path, found {}",
            ),
            (
                json!({ "/a": with("a", "x") }),
                "expected the path parameters {} of the path, found {\"x\"}",
            ),
        ];
        for (paths, expected) in table {
            let error = check(&json!({ "paths": paths })).expect_err(expected).to_string();
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
    }

    #[test]
    fn parameters_may_be_declared_at_the_path_or_by_reference() {
        let document = json!({
            "paths": { "/a/{x}/{y}": {
                "parameters": [parameter("x")],
                "get": { "operationId": "a", "parameters": [{ "$ref": "#/components/parameters/Y" }] },
            } },
            "components": { "parameters": { "Y": parameter("y") } },
        });
        assert!(check(&document).is_ok());
    }
}
