//! Walks through an OpenAPI document, shared by all checks.

use serde_json::Value;

use super::pointer::child;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Fields that hold data, in which nothing is to be found.
const DATA: [&str; 4] = ["example", "examples", "default", "enum"];

/// A value of the document, with its JSON pointer.
pub(crate) struct Found<'a> {
    pub(crate) at: String,
    pub(crate) value: &'a Value,
}

pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) at: String,
    pub(crate) value: &'a Value,
}

impl<'a> Operation<'a> {
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&'a str, Found<'a>)> + use<'a> {
        let at = child(&self.at, "responses");
        let all = self.value["responses"].as_object().into_iter().flatten();
        all.map(move |(status, value)| (status.as_str(), Found { at: child(&at, status), value }))
    }
}

pub(crate) fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let at = child("#/paths", path);
        METHODS.into_iter().filter_map(move |method| {
            Some(Operation { path, at: child(&at, method), value: item.get(method)? })
        })
    })
}

/// Every object of the document, each after those inside it; data is passed over.
pub(crate) fn objects(document: &Value) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    collect(document, "#".to_owned(), &mut found);
    found
}

fn collect<'a>(value: &'a Value, at: String, found: &mut Vec<Found<'a>>) {
    match value {
        Value::Object(fields) => {
            // The names of properties are no fields.
            let are_names = at.ends_with("/properties");
            for (key, value) in fields {
                if are_names || !(DATA.contains(&key.as_str()) || key.starts_with("x-")) {
                    collect(value, child(&at, key), found);
                }
            }
            found.push(Found { at, value });
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The JSON body of a request or an answer: the one that progenitor takes.
pub(crate) fn body<'a>(holder: &Found<'a>) -> Option<Found<'a>> {
    let content = holder.value.get("content")?.as_object()?;
    let is_json = |name: &str| name.split(';').next() == Some("application/json");
    let (name, value) = content.iter().find(|(name, _)| is_json(name))?;
    Some(Found { at: child(&child(&holder.at, "content"), name), value })
}

pub(crate) fn response_bodies(document: &Value) -> impl Iterator<Item = Found<'_>> {
    let responses = operations(document).flat_map(|operation| operation.responses());
    responses.filter_map(|(_, response)| body(&response))
}
