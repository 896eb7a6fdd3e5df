//! JSON pointers as text (RFC 6901), for messages and references. Those of a document begin with
//! `#`.

use serde_json::Value;

/// The longest chain of references: enough for any document, and an end for circles.
const HOPS: usize = 32;

/// The pointer to a field of what `parent` points to.
pub(crate) fn child(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

pub(crate) fn find<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    document.pointer(pointer.strip_prefix('#')?)
}

pub(crate) fn find_mut<'a>(document: &'a mut Value, pointer: &str) -> Option<&'a mut Value> {
    document.pointer_mut(pointer.strip_prefix('#')?)
}

/// The value itself, or what its `$ref` leads to in the end.
pub(crate) fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> Option<&'a Value> {
    for _ in 0..HOPS {
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some(value),
            Some(reference) => value = find(document, reference)?,
        }
    }
    None
}

/// Returns the `JSONPath` of a place.
pub(crate) fn path(at: &str) -> String {
    const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "parameters"];
    let keys = at.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
    let mut path = "$".to_owned();
    let mut is_list = false;
    for key in keys {
        let is_name = key.bytes().all(|byte| byte.is_ascii_alphabetic());
        // A status, such as 200, is the name of a field.
        let is_index = is_list && key.bytes().all(|byte| byte.is_ascii_digit());
        path += &match (is_name, is_index) {
            (true, _) => format!(".{key}"),
            (_, true) => format!("[{key}]"),
            _ => format!("['{key}']"),
        };
        is_list = LISTS.contains(&key.as_str());
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{child, find, path, resolve};

    #[test]
    fn path_has_indices_of_lists_and_names_of_fields() {
        let at = "#/paths/~1a/get/responses/200/anyOf/0";
        assert_eq!(path(at), "$.paths['/a'].get.responses['200'].anyOf[0]");
    }

    #[test]
    fn name_with_slashes_and_tildes_round_trips() {
        let at = child("#/paths", "/a~/{b}");
        assert_eq!(at, "#/paths/~1a~0~1{b}");
        let document = json!({ "paths": { "/a~/{b}": 1 } });
        assert_eq!(find(&document, &at), Some(&json!(1)));
        assert_eq!(find(&document, "other.json#/a"), None);
    }

    #[test]
    fn reference_is_followed_and_circle_has_no_end() {
        let document = json!({
            "a": { "$ref": "#/b" }, "b": { "$ref": "#/c" }, "c": { "type": "string" },
            "loop": { "$ref": "#/loop" }, "lost": { "$ref": "#/nothing" },
        });
        assert_eq!(resolve(&document, &document["a"]), Some(&document["c"]));
        assert_eq!(resolve(&document, &document["loop"]), None);
        assert_eq!(resolve(&document, &document["lost"]), None);
    }
}
