//! Several documents as one. What two of them say must be equal, but for their paths, components
//! and tags, which join.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::pointer::child;

/// A document with the name of its source, for messages.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) document: Value,
}

/// Joins the documents in their order.
pub(crate) fn merge(sources: Vec<Named>) -> Result<Value> {
    let mut merged: Option<Named> = None;
    for source in sources {
        merged = Some(match merged {
            None => source,
            Some(earlier) => Named {
                document: join(&earlier, &source)?,
                name: format!("{} and {}", earlier.name, source.name),
            },
        });
    }
    Ok(merged.map(|named| named.document).unwrap_or_default())
}

fn join(a: &Named, b: &Named) -> Result<Value> {
    let (Some(old), Some(new)) = (a.document.as_object(), b.document.as_object()) else {
        bail!("{} and {}: expected OpenAPI documents", a.name, b.name);
    };
    let mut result = old.clone();
    // What holds for all operations says something by its absence, too.
    let keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        match (depth(key), old.get(key), new.get(key)) {
            (_, Some(one), Some(other)) if one == other => {}
            (0, _, _) => bail!("#/{key}: {} and {} each say something else", a.name, b.name),
            (depth, _, Some(value)) => insert(&mut result, key, value, depth, "#", (a, b))?,
            (_, _, None) => {}
        }
    }
    Ok(result.into())
}

/// How many levels of a top-level field join their keys.
fn depth(key: &str) -> usize {
    match key {
        // A path and its methods; a kind of component and the names of its kind.
        "paths" | "components" => 2,
        "tags" => 1,
        _ => 0,
    }
}

fn insert(
    target: &mut Map<String, Value>,
    key: &str,
    value: &Value,
    depth: usize,
    parent: &str,
    names: (&Named, &Named),
) -> Result<()> {
    let at = child(parent, key);
    match (target.get_mut(key), value) {
        (None, _) => _ = target.insert(key.to_owned(), value.clone()),
        (Some(old), _) if old == value => {}
        (Some(Value::Object(old)), Value::Object(new)) if depth > 0 => {
            for (key, value) in new {
                insert(old, key, value, depth - 1, &at, names)?;
            }
        }
        (Some(Value::Array(old)), Value::Array(new)) if depth > 0 => {
            let more: Vec<Value> = new.iter().filter(|item| !old.contains(item)).cloned().collect();
            old.extend(more);
        }
        _ => bail!("{at}: {} and {} each say something else", names.0.name, names.1.name),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Named, merge};

    fn join(documents: &[Value]) -> anyhow::Result<Value> {
        let named = documents.iter().enumerate().map(|(n, document)| Named {
            name: format!("source {}", n + 1),
            document: document.clone(),
        });
        merge(named.collect())
    }

    #[test]
    fn paths_methods_components_and_tags_join() {
        let joined = join(&[
            json!({ "openapi": "3.1.0", "tags": [{ "name": "a" }], "paths": { "/a": { "get": {} } } }),
            json!({
                "openapi": "3.1.0", "tags": [{ "name": "a" }, { "name": "b" }],
                "paths": { "/b": {}, "/a": { "put": {}, "get": {} } }, "components": { "schemas": { "A": {} } },
            }),
        ]);
        let expected = json!({
            "openapi": "3.1.0", "tags": [{ "name": "a" }, { "name": "b" }],
            "paths": { "/a": { "get": {}, "put": {} }, "/b": {} }, "components": { "schemas": { "A": {} } },
        });
        assert_eq!(joined.unwrap(), expected);
    }

    #[test]
    fn what_two_sources_say_differently_is_an_error_that_names_both() {
        let table = [
            (json!({ "openapi": "3.1.0" }), json!({ "openapi": "3.1.1" }), "#/openapi"),
            (json!({ "security": [] }), json!({}), "#/security"),
            (
                json!({ "paths": { "/a": { "get": { "x": 1 } } } }),
                json!({ "paths": { "/a": { "get": { "x": 2 } } } }),
                "#/paths/~1a/get",
            ),
            (
                json!({ "components": { "schemas": { "A": {} } } }),
                json!({ "components": { "schemas": { "A": { "x": 1 } } } }),
                "#/components/schemas/A",
            ),
        ];
        for (first, second, at) in table {
            let error = join(&[first, second]).unwrap_err().to_string();
            assert_eq!(error, format!("{at}: source 1 and source 2 each say something else"));
        }
    }
}
