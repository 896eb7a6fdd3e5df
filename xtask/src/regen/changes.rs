//! What changed between two surfaces, and whether code that uses the crate goes on compiling and
//! working.

use std::collections::{BTreeSet, HashSet};

use super::surface::{Fact, Key, Kind, Surface};

/// One change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What changed.
    pub(crate) key: Key,
    /// What it was, unless it is new.
    pub(crate) from: Option<String>,
    /// What it is, unless it is gone.
    pub(crate) to: Option<String>,
    /// Whether users may have to change their code.
    pub(crate) breaking: bool,
}

/// The changes from the old to the new surface, in the order of the kinds. What comes or goes with
/// its owner is not listed apart.
pub(crate) fn changes(old: &Surface, new: &Surface) -> Vec<Change> {
    let owners = |from: &Surface, other: &Surface| -> HashSet<String> {
        let only = from.keys().filter(|key| key.owner.is_empty() && !other.contains_key(key));
        only.map(|key| key.name.clone()).collect()
    };
    let (gone, come) = (owners(old, new), owners(new, old));
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    keys.into_iter()
        .filter(|key| !gone.contains(&key.owner) && !come.contains(&key.owner))
        .filter_map(|key| change(key, old.get(key), new.get(key)))
        .collect()
}

/// The change of one thing, if there is one.
fn change(key: &Key, old: Option<&Fact>, new: Option<&Fact>) -> Option<Change> {
    let breaking = match (old, new) {
        (Some(old), Some(new)) if old == new => return None,
        (Some(old), Some(new)) => change_breaks(key.kind, old, new),
        (None, Some(new)) => addition_breaks(key.kind, new),
        // The code that used it is left without it.
        (Some(_), None) => true,
        (None, None) => return None,
    };
    let (from, to) = (old.map(describe), new.map(describe));
    Some(Change { key: key.clone(), from, to, breaking })
}

/// What is said of a thing, in a few words.
fn describe(fact: &Fact) -> String {
    let required = if fact.required { "required" } else { "" };
    let words = [fact.what.as_str(), required];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Whether something new breaks code: an argument or a field that must be given, a value that a
/// match must name.
fn addition_breaks(kind: Kind, new: &Fact) -> bool {
    match kind {
        Kind::Parameter | Kind::Body | Kind::Field => new.required,
        Kind::Value => !new.open,
        Kind::Operation | Kind::Status | Kind::Type | Kind::Setting => false,
    }
}

/// Whether a change breaks code. A method keeps its name wherever its request goes, and what need
/// no longer be given may still be.
fn change_breaks(kind: Kind, old: &Fact, new: &Fact) -> bool {
    match kind {
        Kind::Operation => false,
        Kind::Parameter | Kind::Body => old.what != new.what || new.required,
        Kind::Value => old.open && !new.open,
        Kind::Status | Kind::Type | Kind::Field | Kind::Setting => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::surface::surface;
    use super::changes;

    fn document() -> Value {
        let answer = |name: &str| json!({ "description": "D", "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } } });
        json!({
            "servers": [{ "url": "https://a" }],
            "paths": { "/a/{id}": { "get": {
                "operationId": "get-it",
                "parameters": [
                    { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                    { "name": "live", "in": "query", "schema": { "type": "string" } },
                ],
                "responses": { "200": answer("It"), "400": answer("Error") },
            } } },
            "components": { "schemas": {
                "It": { "type": "object", "required": ["id"], "properties": {
                    "id": { "type": "string" },
                    "count": { "type": "integer", "nullable": true },
                    "kind": { "type": "string", "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Kind" }] },
                    "inner": { "type": "object", "properties": { "list": { "type": "array", "items": { "type": "boolean" } } } },
                } },
                "Error": { "type": "object", "properties": { "error": { "type": "string" } } },
                "Kind": { "type": "string", "x-extensible-enum": ["A"] },
                "Closed": { "type": "string", "enum": ["X"] },
            } },
        })
    }

    /// The changes that an edit makes, a line each.
    fn after(edit: fn(&mut Value)) -> Vec<String> {
        let mut new = document();
        edit(&mut new);
        let list = changes(&surface(&document()), &surface(&new));
        let line = |change: &super::Change| {
            let mark = if change.breaking { "breaking" } else { "compatible" };
            let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            format!(
                "{mark} {:?} {}: {} > {}",
                change.key.kind,
                change.key.name,
                side(&change.from),
                side(&change.to)
            )
        };
        list.iter().map(line).collect()
    }

    fn schemas(document: &mut Value) -> &mut Value {
        &mut document["components"]["schemas"]
    }

    fn operation(document: &mut Value) -> &mut Value {
        &mut document["paths"]["/a/{id}"]["get"]
    }

    fn remove(value: &mut Value, key: &str) -> Value {
        value.as_object_mut().and_then(|fields| fields.remove(key)).unwrap()
    }

    type Case = (&'static str, fn(&mut Value), &'static [&'static str]);

    fn check(table: &[Case]) {
        for (name, edit, expected) in table {
            assert_eq!(after(*edit), *expected, "{name}");
        }
    }

    #[test]
    fn changes_of_types_are_told_once_and_marked() {
        check(&[
            ("nothing", |_| {}, &[]),
            ("a text", |new| operation(new)["summary"] = "S".into(), &[]),
            (
                "a new field",
                |new| schemas(new)["It"]["properties"]["new"] = json!({ "type": "number" }),
                &["compatible Field types::It.new: - > Option<f64>"],
            ),
            (
                "a new field that is always there",
                |new| {
                    schemas(new)["It"]["properties"]["new"] = json!({ "type": "number" });
                    schemas(new)["It"]["required"] = json!(["id", "new"]);
                },
                &["breaking Field types::It.new: - > f64, required"],
            ),
            (
                "a field gone",
                |new| drop(remove(&mut schemas(new)["It"]["properties"], "count")),
                &["breaking Field types::It.count: Option<i64> > -"],
            ),
            (
                "a field of another type",
                |new| schemas(new)["It"]["properties"]["count"]["type"] = "string".into(),
                &["breaking Field types::It.count: Option<i64> > Option<String>"],
            ),
            (
                "a field that may be missing",
                |new| schemas(new)["It"]["required"] = json!([]),
                &["breaking Field types::It.id: String, required > Option<String>"],
            ),
            (
                "a field of an inner type",
                |new| {
                    schemas(new)["It"]["properties"]["inner"]["properties"]["list"]["items"]["type"] =
                        "string".into();
                },
                &["breaking Field types::ItInner.list: Option<Vec<bool>> > Option<Vec<String>>"],
            ),
            (
                "a limit",
                |new| schemas(new)["It"]["properties"]["id"]["minLength"] = 1.into(),
                &["breaking Field types::It.id: String, required > String (minLength 1), required"],
            ),
            (
                "a value more in an open set",
                |new| schemas(new)["Kind"]["x-extensible-enum"] = json!(["A", "B"]),
                &["compatible Value types::Kind B: - > "],
            ),
            (
                "a value less in an open set",
                |new| schemas(new)["Kind"]["x-extensible-enum"] = json!([]),
                &["breaking Value types::Kind A:  > -"],
            ),
            (
                "a value more in a closed set",
                |new| schemas(new)["Closed"]["enum"] = json!(["X", "Y"]),
                &["breaking Value types::Closed Y: - > "],
            ),
        ]);
    }

    #[test]
    fn changes_of_operations_are_told_once_and_marked() {
        check(&[
            (
                "an optional argument",
                |new| {
                    let more = json!({ "name": "more", "in": "query" });
                    operation(new)["parameters"].as_array_mut().unwrap().push(more);
                },
                &["compatible Parameter get_it(more): - > String"],
            ),
            (
                "an argument that must be given",
                |new| operation(new)["parameters"][1]["required"] = true.into(),
                &["breaking Parameter get_it(live): String > String, required"],
            ),
            (
                "an argument that need not be given",
                |new| operation(new)["parameters"][0]["required"] = false.into(),
                &["compatible Parameter get_it(id): String, required > String"],
            ),
            (
                "an argument of another type",
                |new| operation(new)["parameters"][1]["schema"]["type"] = "boolean".into(),
                &["breaking Parameter get_it(live): String > bool"],
            ),
            (
                "a status more",
                |new| operation(new)["responses"]["404"] = json!({ "description": "D" }),
                &["compatible Status get_it: 404: - > ()"],
            ),
            (
                "a status less",
                |new| drop(remove(&mut operation(new)["responses"], "400")),
                &["breaking Status get_it: 400: types::Error > -"],
            ),
            (
                "a body to send",
                |new| {
                    operation(new)["requestBody"] =
                        json!({ "required": true, "content": { "text/plain": {} } });
                },
                &["breaking Body get_it(body): - > bytes, required"],
            ),
            (
                "another path",
                |new| new["paths"] = json!({ "/b/{id}": remove(&mut new["paths"], "/a/{id}") }),
                &["compatible Operation get_it: GET /a/{id} > GET /b/{id}"],
            ),
            (
                "an operation more, with all that belongs to it",
                |new| new["paths"]["/b"] = json!({ "put": { "operationId": "put-it", "parameters": [{ "name": "p", "required": true }] } }),
                &["compatible Operation put_it: - > PUT /b"],
            ),
            (
                "an operation less",
                |new| drop(remove(new, "paths")),
                &["breaking Operation get_it: GET /a/{id} > -"],
            ),
            (
                "a type less, with all that belongs to it",
                |new| drop(remove(schemas(new), "Closed")),
                &["breaking Type types::Closed: String > -"],
            ),
            (
                "another server",
                |new| new["servers"][0]["url"] = "https://b".into(),
                &[
                    "breaking Setting server https://a:  > -",
                    "compatible Setting server https://b: - > ",
                ],
            ),
        ]);
    }
}
