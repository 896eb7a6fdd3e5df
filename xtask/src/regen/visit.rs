//! Every object of a document with its kind and its place, so that later stages need no walk of
//! their own.

use serde_json::Value;

use super::objects::{Kind, Rule};
use super::pointer::child;

/// The methods that an operation may have.
pub(crate) const METHODS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Keywords that hold one schema.
const ONE: [&str; 3] = ["items", "not", "additionalProperties"];
/// Keywords that hold a list of schemas.
const LIST: [&str; 3] = ["allOf", "oneOf", "anyOf"];

/// An object of the document.
pub(crate) struct Object<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its JSON pointer.
    pub(crate) at: String,
    /// Its fields, or a reference to it.
    pub(crate) value: &'a Value,
}

/// An operation under `paths`.
pub(crate) struct Operation<'a> {
    /// Its path template.
    pub(crate) path: &'a str,
    /// Its method, in lower case.
    pub(crate) method: &'static str,
    /// Its JSON pointer.
    pub(crate) at: String,
    /// The path item that it stands in.
    pub(crate) item: &'a Value,
    /// Its fields.
    pub(crate) value: &'a Value,
}

impl Operation<'_> {
    /// Its id; empty where there is none, which is an error of a later check.
    pub(crate) fn id(&self) -> &str {
        self.value.get("operationId").and_then(Value::as_str).unwrap_or_default()
    }
}

/// All objects of a document, each before those inside it.
pub(crate) fn objects(document: &Value) -> Vec<Object<'_>> {
    let mut found = Vec::new();
    visit(Kind::Document, document, "#".to_owned(), &mut found);
    found
}

/// The objects of one kind.
pub(crate) fn of_kind(document: &Value, kind: Kind) -> impl Iterator<Item = Object<'_>> {
    objects(document).into_iter().filter(move |object| object.kind == kind)
}

/// The operations that a client may call, in the order of the document.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let place = child("#/paths", path);
        let methods = METHODS.into_iter().filter(|_| !path.starts_with("x-"));
        for method in methods {
            if let Some(value) = item.get(method) {
                found.push(Operation { path, method, at: child(&place, method), item, value });
            }
        }
    }
    found
}

/// Adds an object and everything inside it.
fn visit<'a>(kind: Kind, value: &'a Value, at: String, found: &mut Vec<Object<'a>>) {
    let fields: Vec<_> = value.as_object().into_iter().flatten().collect();
    let inside = if value.get("$ref").is_some_and(|_| kind != Kind::PathItem) {
        &[][..]
    } else {
        &fields[..]
    };
    let start = found.len();
    found.push(Object { kind, at, value });
    for (key, value) in inside {
        let at = child(&found[start].at, key);
        match kind {
            Kind::Schema => schemas(key, value, &at, found),
            Kind::Callback => visit(Kind::PathItem, value, at, found),
            _ => {
                if let Some((_, rule)) = kind.field(key) {
                    field(rule, value, at, found);
                }
            }
        }
    }
}

/// Adds what a field holds.
fn field<'a>(rule: Rule, value: &'a Value, at: String, found: &mut Vec<Object<'a>>) {
    match rule {
        Rule::One(kind) => visit(kind, value, at, found),
        Rule::List(kind) => {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                visit(kind, item, format!("{at}/{index}"), found);
            }
        }
        Rule::Named(kind) => named(kind, value, &at, false, found),
        Rule::Patterned(kind) => named(kind, value, &at, true, found),
        Rule::Same | Rule::Version | Rule::Dialect | Rule::OneOf(_) => {}
    }
}

/// Adds the values of a map, which may hold extensions or not.
fn named<'a>(
    kind: Kind,
    value: &'a Value,
    at: &str,
    extensions: bool,
    found: &mut Vec<Object<'a>>,
) {
    for (name, item) in value.as_object().into_iter().flatten() {
        if !(extensions && name.starts_with("x-")) {
            visit(kind, item, child(at, name), found);
        }
    }
}

/// Adds the schemas that a keyword holds.
fn schemas<'a>(key: &str, value: &'a Value, at: &str, found: &mut Vec<Object<'a>>) {
    if key == "properties" {
        named(Kind::Schema, value, at, false, found);
    } else if ONE.contains(&key) {
        visit(Kind::Schema, value, at.to_owned(), found);
    } else if LIST.contains(&key) {
        field(Rule::List(Kind::Schema), value, at.to_owned(), found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::objects::Kind;
    use super::{of_kind, operations};

    #[test]
    fn schemas_are_found_wherever_they_may_stand_and_nowhere_else() {
        let schema = json!({
            "properties": { "x-p": {} }, "items": {}, "allOf": [{}], "example": { "items": {} },
        });
        let document = json!({
            "paths": { "x-note": { "get": {} }, "/a": {
                "parameters": [{ "schema": {} }, { "$ref": "#/x", "schema": {} }],
                "get": { "responses": { "200": { "content": { "a/b": { "schema": {}, "example": { "schema": {} } } } } } },
            } },
            "components": { "schemas": { "x-S": schema } },
        });
        let found: Vec<String> = of_kind(&document, Kind::Schema).map(|object| object.at).collect();
        let expected = [
            "#/paths/~1a/parameters/0/schema",
            "#/paths/~1a/get/responses/200/content/a~1b/schema",
            "#/components/schemas/x-S",
            "#/components/schemas/x-S/properties/x-p",
            "#/components/schemas/x-S/items",
            "#/components/schemas/x-S/allOf/0",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn operations_come_with_their_path_and_method() {
        let document = json!({ "paths": { "x-c": { "get": {} }, "/b": { "put": { "operationId": "o" }, "summary": "" }, "/a": { "get": {} } } });
        let found = operations(&document);
        let list: Vec<_> =
            found.iter().map(|found| (found.path, found.method, found.id())).collect();
        assert_eq!(list, [("/b", "put", "o"), ("/a", "get", "")]);
    }
}
