//! Rules for every schema: no closed enum, since one value more would fail a whole response, and
//! references that lead somewhere.

use serde_json::{Value, json};

use super::super::{
    pointer::{find, path},
    problems::Problems,
    visit,
};

pub(super) fn check(document: &Value, problems: &mut Problems) {
    for object in visit::objects(document) {
        let at = &object.at;
        let reference = object.value.get("$ref").and_then(Value::as_str);
        if let Some(reference) = reference.filter(|reference| find(document, reference).is_none()) {
            problems.add(format!("{at}: expected a reference that leads somewhere in this document, found `{reference}`"));
        }
        if at.ends_with("/properties") {
            continue;
        }
        if object.value.get("allOf").and_then(Value::as_array).is_some_and(|all| all.len() != 1) {
            problems.add(format!("{at}/allOf: expected one schema: write an action that removes the list, and one that writes the joined schema"));
        }
        if let Some(values) = object.value.get("enum").filter(|values| values.is_array()) {
            problems.add(closed(at, values));
        }
        let is_property = at.rsplit_once('/').is_some_and(|(at, _)| at.ends_with("/properties"));
        let has_type = ["$ref", "allOf", "anyOf", "const", "oneOf", "type"];
        let has_type = has_type.iter().any(|key| object.value.get(key).is_some());
        if (is_property || at.ends_with("/items")) && !has_type {
            problems.add(format!("{at}: expected a type, found {}: write an action that gives it one, or one that removes the property, whose value is then in `extra`", object.value));
        }
        let kind = object.value.get("type").unwrap_or(&Value::Null);
        if (kind == "array" || kind.get(0) == Some(&json!("array")))
            && object.value.get("items").is_none()
        {
            problems.add(format!("{at}: expected the type of its items: write an action with the target `{}` and `update: {{ items: … }}`", path(at)));
        }
        let is_inline = at.matches('/').count() != 3 || !at.starts_with("#/components/schemas/");
        if is_inline && object.value.get("x-extensible-enum").is_some() {
            problems.add(format!("{at}: expected an open enum as a component, since its Rust type has the component's name: move it to `components.schemas`, and write a `$ref` here"));
        }
    }
}

fn closed(at: &str, values: &Value) -> String {
    if at.contains("/parameters/") {
        return format!(
            "{at}: expected a plain text as parameter, found the closed enum {values}: write an action that removes its `enum`"
        );
    }
    let (parent, name) = at.rsplit_once('/').unwrap_or(("#", at));
    let set = json!({ "type": "string", "x-extensible-enum": values });
    format!(
        "{at}: expected an open enum, found the closed enum {values}: write an action that removes `{}`; one with the target `{}` and `update: {{ {name}: {{ $ref: '#/components/schemas/Name' }} }}`; and one with the target `$.components.schemas` and `update: {{ Name: {set} }}`; then the Rust enum `Name` in src/ext/number/open_enums.rs. If its values do not matter, only remove its `enum`",
        path(at),
        path(parent)
    )
}
