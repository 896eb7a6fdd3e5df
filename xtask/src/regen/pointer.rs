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
        match value["$ref"].as_str() {
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
