//! Several documents as one: paths, components and tags join, and the same thing twice must be
//! equal.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value};

use super::pointer::{child, find};
use super::provenance;
use super::visit::METHODS;

/// Fields that govern every operation of their document, so that their absence says something too.
const GOVERNING: [&str; 2] = ["servers", "security"];

/// A document with the name of the source that it came from.
pub(crate) struct Named {
    /// How messages call the source.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) document: Value,
}

/// Joins the documents in their order; a single one stays as it is.
pub(crate) fn merge(mut sources: Vec<Named>) -> Result<Value> {
    if sources.len() == 1 {
        return Ok(sources.remove(0).document);
    }
    let mut result = Map::new();
    for (index, source) in sources.iter().enumerate() {
        let Some(fields) = source.document.as_object() else {
            bail!(
                "{}: expected an OpenAPI document, found something else than a mapping",
                source.name
            );
        };
        let joining = Joining { earlier: &sources[..index], source };
        joining.same_governing_fields(fields)?;
        for (key, value) in fields.iter().filter(|(key, _)| *key != provenance::FIELD) {
            joining.join(depth(key), value, &child("#", key), &mut result, key)?;
        }
    }
    Ok(result.into())
}

/// How many levels of a top-level field join their keys; below them, things are equal or in
/// conflict.
fn depth(key: &str) -> usize {
    match key {
        // A path and its methods; a kind of component and the names of its kind.
        "paths" | "webhooks" | "components" => 2,
        "tags" => 1,
        _ => 0,
    }
}

/// One document on its way into those before it.
struct Joining<'a> {
    earlier: &'a [Named],
    source: &'a Named,
}

impl Joining<'_> {
    /// Joins one value into the field `key` of `target`.
    fn join(
        &self,
        depth: usize,
        value: &Value,
        at: &str,
        target: &mut Map<String, Value>,
        key: &str,
    ) -> Result<()> {
        match (target.get_mut(key), value) {
            (None, _) => {
                target.insert(key.to_owned(), value.clone());
            }
            (Some(old), _) if old == value => {}
            (Some(Value::Object(old)), Value::Object(new)) if depth > 0 => {
                self.same_path_fields(depth, old, new, at)?;
                for (key, value) in new {
                    self.join(depth - 1, value, &child(at, key), old, key)?;
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) if depth > 0 => {
                self.join_list(old, new, at)?;
            }
            _ => bail!(
                "{at}: {} and {} each say something else",
                self.first_with(at),
                self.source.name
            ),
        }
        Ok(())
    }

    /// Adds the entries that are new, which are known by their `name`.
    fn join_list(&self, old: &mut Vec<Value>, new: &[Value], at: &str) -> Result<()> {
        for entry in new {
            match old.iter().find(|other| other.get("name") == entry.get("name")) {
                None => old.push(entry.clone()),
                Some(other) if other == entry => {}
                Some(_) => bail!(
                    "{at}: {} and {} each say something else of {}",
                    self.first_with(at),
                    self.source.name,
                    entry.get("name").unwrap_or(entry)
                ),
            }
        }
        Ok(())
    }

    /// What holds for all methods of a path must be the same, or joining would change what the
    /// other meant.
    fn same_path_fields(
        &self,
        depth: usize,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        at: &str,
    ) -> Result<()> {
        if depth != 1 || !(at.starts_with("#/paths/") || at.starts_with("#/webhooks/")) {
            return Ok(());
        }
        let shared = old.keys().chain(new.keys()).filter(|key| !METHODS.contains(&key.as_str()));
        for key in shared {
            ensure!(
                old.get(key) == new.get(key),
                "{}: {} and {} each say something else",
                child(at, key),
                self.first_with(at),
                self.source.name
            );
        }
        Ok(())
    }

    /// What holds for all operations must be the same as well.
    fn same_governing_fields(&self, fields: &Map<String, Value>) -> Result<()> {
        let Some(first) = self.earlier.first() else { return Ok(()) };
        for key in GOVERNING {
            ensure!(
                first.document.get(key) == fields.get(key),
                "#/{key}: {} and {} each say something else, and it holds for all operations",
                first.name,
                self.source.name
            );
        }
        Ok(())
    }

    /// The source that first said something at a place.
    fn first_with(&self, at: &str) -> &str {
        let first = self.earlier.iter().find(|source| find(&source.document, at).is_some());
        first.map_or("an earlier source", |source| &source.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Named, merge};

    fn join(documents: &[Value]) -> anyhow::Result<Value> {
        let name = |index: usize| format!("source {}", index + 1);
        let documents = documents.iter().cloned().enumerate();
        merge(documents.map(|(index, document)| Named { name: name(index), document }).collect())
    }

    #[test]
    fn paths_methods_components_and_tags_join() {
        let result = join(&[
            json!({
                "openapi": "3.1.0", "tags": [{ "name": "a" }],
                "paths": { "/a": { "get": { "x": 1 } } },
                "components": { "schemas": { "A": {} } },
                "x-provenance": { "sources": 1 },
            }),
            json!({
                "openapi": "3.1.0", "tags": [{ "name": "a" }, { "name": "b" }],
                "paths": { "/b": {}, "/a": { "put": {}, "get": { "x": 1 } } },
                "components": { "schemas": { "A": {}, "B": {} }, "responses": {} },
            }),
        ]);
        let expected = json!({
            "openapi": "3.1.0", "tags": [{ "name": "a" }, { "name": "b" }],
            "paths": { "/a": { "get": { "x": 1 }, "put": {} }, "/b": {} },
            "components": { "schemas": { "A": {}, "B": {} }, "responses": {} },
        });
        assert_eq!(result.unwrap(), expected);
    }

    #[test]
    fn the_same_thing_told_twice_in_two_ways_is_an_error_that_names_both() {
        let table = [
            (json!({ "openapi": "3.1.0" }), json!({ "openapi": "3.1.1" }), "#/openapi"),
            (
                json!({ "paths": { "/a": { "get": { "x": 1 } } } }),
                json!({ "paths": { "/a": { "get": { "x": 2 } } } }),
                "#/paths/~1a/get",
            ),
            (
                json!({ "paths": { "/a": { "get": {}, "parameters": [1] } } }),
                json!({ "paths": { "/a": { "put": {} } } }),
                "#/paths/~1a/parameters",
            ),
            (
                json!({ "components": { "schemas": { "A": {} } } }),
                json!({ "components": { "schemas": { "A": { "x": 1 } } } }),
                "#/components/schemas/A",
            ),
            (
                json!({ "tags": [{ "name": "a" }] }),
                json!({ "tags": [{ "name": "a", "description": "D" }] }),
                "#/tags",
            ),
            (json!({ "security": [] }), json!({}), "#/security"),
        ];
        for (first, second, at) in table {
            let error = join(&[first, second]).expect_err(at).to_string();
            let expected = format!("{at}: source 1 and source 2 each say something else");
            assert!(error.starts_with(&expected), "expected {expected:?}, found {error:?}");
        }
    }

    #[test]
    fn a_conflict_names_the_source_that_said_it_first() {
        let error = join(&[
            json!({ "info": 1 }),
            json!({ "info": 1, "components": { "schemas": { "A": 1 } } }),
            json!({ "components": { "schemas": { "A": 2 } } }),
        ]);
        let error = error.expect_err("a conflict").to_string();
        assert!(error.contains("source 2 and source 3"), "{error}");
    }

    #[test]
    fn a_single_document_stays_as_it_is() {
        let document = json!({ "x-provenance": 1, "b": [], "a": null });
        assert_eq!(join(std::slice::from_ref(&document)).unwrap(), document);
    }
}
