//! Rules for every schema: no closed enum, since one value more would fail a whole response, and
//! references that lead somewhere.

use serde_json::{Value, json};

use super::super::{
    pointer::{find, path},
    visit,
};

pub(super) fn check(document: &Value, problems: &mut Vec<String>) {
    for object in visit::objects(document) {
        let at = &object.at;
        let reference = object.value["$ref"].as_str();
        if let Some(reference) = reference.filter(|reference| find(document, reference).is_none()) {
            problems.push(format!("{at}: expected a reference that leads somewhere in this document, found `{reference}`"));
        }
        if at.ends_with("/properties") {
            continue;
        }
        if object.value["allOf"].as_array().is_some_and(|all| all.len() != 1) {
            problems.push(format!("{at}/allOf: expected one schema: write an action that removes the list, and one that writes the joined schema"));
        }
        if let Some(values) = object.value["enum"].as_array() {
            problems.push(closed(at, values, document));
        }
        let is_property = at.rsplit_once('/').is_some_and(|(at, _)| at.ends_with("/properties"));
        let has_type = ["$ref", "allOf", "anyOf", "const", "oneOf", "type"];
        let has_type = has_type.iter().any(|key| object.value.get(key).is_some());
        if (is_property || at.ends_with("/items")) && !has_type {
            problems.push(format!("{at}: expected a type, found {}: write an action that gives it one, or one that removes the property, whose value is then in `extra`", object.value));
        }
        let kind = &object.value["type"];
        if (kind == "array" || kind[0] == "array") && object.value.get("items").is_none() {
            problems.push(format!("{at}: expected the type of its items: write an action with the target `{}` and `update: {{ items: … }}`", path(at)));
        }
        let is_inline = at.matches('/').count() != 3 || !at.starts_with("#/components/schemas/");
        if is_inline && object.value.get("x-extensible-enum").is_some() {
            problems.push(format!("{at}: expected an open enum as a component, since its Rust type has the component's name: move it to `components.schemas`, and write a `$ref` here"));
        }
    }
}

/// Describes the actions to write. Beside a null, the whole property is replaced.
fn closed(at: &str, values: &[Value], document: &Value) -> String {
    let found = format!("found the closed enum {}", Value::from(values));
    if at.contains("/parameters/") {
        return format!(
            "{at}: expected a plain text as parameter, {found}: write an action that removes its `enum`"
        );
    }
    let choice = ["/anyOf/", "/oneOf/"].iter().find_map(|choice| at.rsplit_once(choice));
    let whole = choice.map_or(at, |(whole, _)| whole);
    let (parent, name) = whole.rsplit_once('/').unwrap_or(("#", whole));
    let values: Vec<_> = values.iter().filter(|value| !value.is_null()).collect();
    let set = json!({ "type": "string", "x-extensible-enum": values });
    let reference = |name: &str| format!("{{ $ref: '#/components/schemas/{name}' }}");
    let (update, then) = match open_enum_of(&values, document) {
        _ if parent == "#/components/schemas" => (set.to_string(), String::new()),
        Some(known) => (reference(known), ", which has these values".to_owned()),
        None => {
            let component = "; and one with the target `$.components.schemas`";
            let component = format!("{component} and `update: {{ Name: {set} }}`");
            (reference("Name"), component)
        }
    };
    format!(
        "{at}: expected an open enum, {found}: write an action that removes `{}`, which is {}, and one with the target `{}` and `update: {{ {name}: {update} }}`{then}. If its values do not matter, only remove its `enum`",
        path(whole),
        find(document, whole).unwrap_or_default(),
        path(parent)
    )
}

/// Returns the open enum that has all these values.
fn open_enum_of<'a>(values: &[&Value], document: &'a Value) -> Option<&'a str> {
    let schemas = document.pointer("/components/schemas")?.as_object()?;
    let has_all = |schema: &Value| {
        let known = schema["x-extensible-enum"].as_array();
        known.is_some_and(|known| values.iter().all(|value| known.contains(value)))
    };
    schemas.iter().find(|(_, schema)| has_all(schema)).map(|(name, _)| name.as_str())
}
