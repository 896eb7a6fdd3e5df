//! Several documents as one. Paths, components and tags join; other fields must be equal in all.

use anyhow::{Result, bail};
use serde_json::Value;

use super::pointer::child;

/// Joins documents in their order, each with the name of its source for messages.
pub(crate) fn merge(sources: Vec<(String, Value)>) -> Result<Value> {
    let mut sources = sources.into_iter();
    let Some((mut names, mut merged)) = sources.next() else { return Ok(Value::Null) };
    for (name, document) in sources {
        names = format!("{names} and {name}");
        join(&mut merged, &document, "#", &names)?;
    }
    Ok(merged)
}

fn join(old: &mut Value, new: &Value, at: &str, names: &str) -> Result<()> {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(old), Value::Object(new)) if joins(at) => {
            // A field for all operations, such as `security`, has a meaning by its absence, too.
            let missing = old.keys().find(|key| !new.contains_key(*key) && !joins(&child(at, key)));
            if let Some(key) = missing.filter(|_| at == "#") {
                bail!("#/{key}: {names} differ");
            }
            for (key, value) in new {
                let at = child(at, key);
                match old.get_mut(key) {
                    Some(old) => join(old, value, &at, names)?,
                    None if at.matches('/').count() == 1 && !joins(&at) => {
                        bail!("{at}: {names} differ")
                    }
                    None => _ = old.insert(key.clone(), value.clone()),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if joins(at) => {
            let more: Vec<Value> = new.iter().filter(|item| !old.contains(item)).cloned().collect();
            old.extend(more);
        }
        _ => bail!("{at}: {names} differ"),
    }
    Ok(())
}

/// Returns whether the entries of a place join: paths with their methods, components of each kind,
/// tags.
fn joins(at: &str) -> bool {
    let of = |parent| at.strip_prefix(parent).is_some_and(|rest| rest.matches('/').count() <= 1);
    at == "#" || at == "#/tags" || of("#/paths") || of("#/components")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::merge;

    fn join(documents: &[Value]) -> anyhow::Result<Value> {
        let named = documents.iter().enumerate();
        let named = named.map(|(n, document)| (format!("source {}", n + 1), document.clone()));
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
    fn contradicting_sources_are_both_named() {
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
            assert_eq!(error, format!("{at}: source 1 and source 2 differ"));
        }
    }
}
