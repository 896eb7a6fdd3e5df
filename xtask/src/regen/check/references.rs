//! A reference leads to something in the document.

use serde_json::Value;

use super::super::{pointer::find, problems::Problems, visit};

pub(super) fn check(document: &Value, problems: &mut Problems) {
    for object in visit::objects(document) {
        let reference = object.value.get("$ref").and_then(Value::as_str);
        if let Some(reference) = reference.filter(|reference| find(document, reference).is_none()) {
            problems.add(format!("{}: expected a reference that leads somewhere in this document, found `{reference}`", object.at));
        }
    }
}
