//! The Rust client of a document, generated with the settings of the crate's own build.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, anyhow, bail};
use openapiv3::OpenAPI;
use serde_json::{Value, json};
use syn::{Attribute, Expr, ExprLit, File, Item, Lit};

use super::pointer::{find_mut, path};
use super::visit;

#[path = "../../../build/generate.rs"]
mod generate;

/// Generates the client of a document of OpenAPI 3.0, and its mock helpers. The documentation of
/// their types is not that of the document.
pub(crate) fn generate(document: &Value) -> Result<(File, File)> {
    let (document, schemas) = mark(document);
    let spec: OpenAPI = serde_path_to_error::deserialize(&document).map_err(|error| {
        let place = error.path().to_string();
        anyhow!("#: not an OpenAPI 3.0 document at `{place}`: {}", error.into_inner())
    })?;
    let both = || Ok((generate::client(&spec, true)?, generate::mock(&spec)?));
    let generated = catch_unwind(AssertUnwindSafe(both));
    let generated = generated.unwrap_or_else(|_| Err("progenitor panicked, see above".to_owned()));
    let (client, mock) = generated.map_err(|error| {
        let error = error.replace('\n', " ");
        anyhow!("#: {error}: the checks of xtask/src/regen/check let this pass: add one")
    })?;
    each_schema_has_its_type(&schemas, &client)?;
    Ok((client, mock))
}

/// Makes the schema of each struct its description; returns these marks with the places.
fn mark(document: &Value) -> (Value, Vec<(String, String)>) {
    let mut marked = document.clone();
    let mut schemas = Vec::new();
    for object in visit::objects(document).iter().filter(|object| is_struct(object.value)) {
        // Equal schemas may share a type, so they have one mark.
        let mut schema = object.value.clone();
        schema.as_object_mut().and_then(|fields| fields.shift_remove("description"));
        let schema = schema.to_string();
        if let Some(place) = find_mut(&mut marked, &object.at) {
            place["description"] = json!(schema);
        }
        schemas.push((object.at.clone(), schema));
    }
    (marked, schemas)
}

/// Fails if different schemas have one Rust type. progenitor lets this pass, since an inline schema
/// has the name of its component and field, which can also be the name of a component: depending on
/// their order, the type is there twice, or the second schema gets the type of the first.
fn each_schema_has_its_type(schemas: &[(String, String)], client: &File) -> Result<()> {
    let mut types = Vec::new();
    structs(&client.items, &mut types);
    let is_alone = |name: &str| types.iter().filter(|(other, _)| other == name).count() == 1;
    let shared = schemas.iter().filter(|(_, schema)| {
        let mut names = types.iter().filter(|(_, mark)| mark == schema).peekable();
        names.peek().is_none() || !names.all(|(name, _)| is_alone(name))
    });
    // A component keeps its name.
    let Some((at, _)) = shared.min_by_key(|(at, _)| at.matches('/').count() == 3) else {
        return Ok(());
    };
    bail!(
        "{at}: expected a schema with its own Rust type; its name, which is its `title`, or else that of the component and the field, is another schema's, too: write an action with the target `{}` and `update: {{ title: … }}`",
        path(at)
    )
}

fn is_struct(schema: &Value) -> bool {
    let properties = schema["properties"].as_object();
    let is_object = schema["type"] == "object";
    is_object && properties.is_some_and(|p| !p.is_empty()) && schema.get("allOf").is_none()
}

fn structs(items: &[Item], to: &mut Vec<(String, String)>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                structs(module.content.as_ref().map_or(&[], |(_, items)| items), to);
            }
            Item::Struct(item) => to.push((item.ident.to_string(), doc(&item.attrs))),
            _ => {}
        }
    }
}

/// Returns the first line of the documentation.
fn doc(attributes: &[Attribute]) -> String {
    let doc = attributes.iter().find(|attribute| attribute.path().is_ident("doc"));
    match doc.and_then(|doc| doc.meta.require_name_value().ok()).map(|doc| &doc.value) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.value().trim().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::generate;

    #[test]
    fn panic_of_progenitor_is_one_line() {
        let no_schema = json!({ "description": "D", "content": { "application/json": {} } });
        let operation = json!({ "operationId": "a", "responses": { "200": no_schema } });
        let document = json!({
            "openapi": "3.0.3",
            "info": { "title": "T", "version": "1" },
            "paths": { "/a": { "get": operation } },
        });
        let error = generate(&document).err().unwrap().to_string();
        assert!(error.contains("progenitor panicked") && error.lines().count() == 1, "{error}");
    }
}
