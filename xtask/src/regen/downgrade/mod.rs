//! OpenAPI 3.1 → 3.0.3 by allow-list: what is not known to mean the same in 3.0 is an error, never
//! dropped.
//!
//! The walk knows what each place holds (see [`super::objects`]), so that samples, defaults and
//! enum values stay as they are.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::objects::{Kind, Rule};
use super::pointer::child;

mod keywords;
mod null;
mod schema;

/// The version that is written.
const VERSION: &str = "3.0.3";
/// The dialects whose keywords [`schema`] knows.
const DIALECTS: &[&str] = &[
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
];
/// Where definitions local to one schema move to, for 3.0 has no such thing.
const SCHEMAS: &str = "#/components/schemas/";
/// What a reference to such a definition holds.
const DEFS: &str = "/$defs/";

/// Converts a whole document; a document that already is 3.0 passes through the same allow-list.
pub(crate) fn downgrade(document: &Value) -> Result<Value> {
    ensure!(
        document.get("openapi").is_some(),
        "#: expected an OpenAPI document with the field `openapi`"
    );
    let mut walk = Walk { source: document, moved: Map::new() };
    let mut result = walk.object(Kind::Document, document, "#")?;
    let fields = result.as_object_mut().context("#: expected an object")?;
    // 3.1 made the paths optional.
    fields.entry("paths").or_insert_with(|| json!({}));
    add_schemas(fields, walk.moved)?;
    Ok(result)
}

/// Adds the moved definitions to the named schemas.
fn add_schemas(document: &mut Map<String, Value>, moved: Map<String, Value>) -> Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let components = document.entry("components").or_insert_with(|| json!({}));
    let components = components.as_object_mut().context("#/components: expected an object")?;
    let schemas = components.entry("schemas").or_insert_with(|| json!({}));
    let schemas = schemas.as_object_mut().context("#/components/schemas: expected an object")?;
    for (name, schema) in moved {
        insert_once(schemas, &name, schema)?;
    }
    Ok(())
}

/// Adds a named schema; the same name for another schema is an error.
fn insert_once(schemas: &mut Map<String, Value>, name: &str, schema: Value) -> Result<()> {
    match schemas.get(name) {
        Some(other) if *other != schema => {
            bail!(
                "{SCHEMAS}{name}: a `$defs` entry of this name is another schema; rename one of them"
            )
        }
        _ => schemas.insert(name.to_owned(), schema),
    };
    Ok(())
}

/// Where a reference points once local definitions have moved.
fn moved_reference(reference: &str) -> String {
    match reference.rsplit_once(DEFS) {
        Some((_, name)) if reference.starts_with('#') => format!("{SCHEMAS}{name}"),
        _ => reference.to_owned(),
    }
}

/// One pass through a document. The argument `at` is the JSON pointer of the value at hand, for
/// messages.
struct Walk<'a> {
    /// The document as it came, to look references up.
    source: &'a Value,
    /// Definitions found inside schemas, converted.
    moved: Map<String, Value>,
}

impl Walk<'_> {
    /// Converts an object of the given kind, or a reference to one.
    fn object(&mut self, kind: Kind, value: &Value, at: &str) -> Result<Value> {
        if kind == Kind::Schema {
            return self.schema(value, at);
        }
        let source = fields(value, at)?;
        if let Some(reference) = source.get("$ref").filter(|_| kind.may_be_a_reference()) {
            return bare_reference(source, reference, at);
        }
        if kind == Kind::Callback {
            return self.each(Kind::PathItem, source, at, Extensions::Allowed);
        }
        let mut result = Map::new();
        for (key, value) in source {
            let at = child(at, key);
            if key.starts_with("x-") {
                result.insert(key.clone(), value.clone());
                continue;
            }
            let Some((name, rule)) = kind.field(key) else {
                bail!(
                    "{at}: `{key}` is not a field of {kind:?} that OpenAPI 3.0 has an equivalent for"
                );
            };
            if let Some(converted) = self.field(rule, value, &at)? {
                result.insert(name.to_owned(), converted);
            }
        }
        Ok(Value::Object(result))
    }

    /// Converts the value of one field; `None` where 3.0 says the same by leaving it out.
    fn field(&mut self, rule: Rule, value: &Value, at: &str) -> Result<Option<Value>> {
        let converted = match rule {
            Rule::Same => value.clone(),
            Rule::Version => version(value, at)?,
            Rule::Dialect => return known_dialect(value, at).map(|()| None),
            Rule::OneOf(known) => one_of(known, value, at)?,
            Rule::One(kind) => self.object(kind, value, at)?,
            Rule::List(kind) => self.list(kind, value, at)?.into(),
            Rule::Named(kind) => self.each(kind, fields(value, at)?, at, Extensions::AreNames)?,
            Rule::Patterned(kind) => {
                self.each(kind, fields(value, at)?, at, Extensions::Allowed)?
            }
        };
        Ok(Some(converted))
    }

    /// Converts every entry of a list.
    fn list(&mut self, kind: Kind, value: &Value, at: &str) -> Result<Vec<Value>> {
        let items = value.as_array().with_context(|| format!("{at}: expected a list"))?;
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.object(kind, item, &format!("{at}/{index}"))).collect()
    }

    /// Converts every value of a map.
    fn each(
        &mut self,
        kind: Kind,
        source: &Map<String, Value>,
        at: &str,
        extensions: Extensions,
    ) -> Result<Value> {
        let mut result = Map::new();
        for (key, value) in source {
            let converted = if extensions == Extensions::Allowed && key.starts_with("x-") {
                value.clone()
            } else {
                self.object(kind, value, &child(at, key))?
            };
            result.insert(key.clone(), converted);
        }
        Ok(Value::Object(result))
    }
}

/// What a key `x-…` of a map is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extensions {
    /// An extension, which means what its author says.
    Allowed,
    /// A name like any other.
    AreNames,
}

/// The fields of what must be an object.
fn fields<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().with_context(|| format!("{at}: expected an object"))
}

/// The text of what must be a string.
fn text<'a>(value: &'a Value, at: &str) -> Result<&'a str> {
    value.as_str().with_context(|| format!("{at}: expected a string, found {value}"))
}

/// A reference to anything but a schema. 3.0 has no place for the texts that 3.1 allows beside it.
fn bare_reference(source: &Map<String, Value>, reference: &Value, at: &str) -> Result<Value> {
    let reference = text(reference, &child(at, "$ref"))?;
    let known =
        |key: &str| matches!(key, "$ref" | "summary" | "description") || key.starts_with("x-");
    if let Some(key) = source.keys().find(|key| !known(key)) {
        bail!("{}: `{key}` cannot stand beside `$ref` here", child(at, key));
    }
    Ok(json!({ "$ref": reference }))
}

/// The version to write, if the one found is known.
fn version(value: &Value, at: &str) -> Result<Value> {
    let found = text(value, at)?;
    let known = found.starts_with("3.1.") || found.starts_with("3.0.");
    ensure!(known, "{at}: expected OpenAPI 3.1 or 3.0, found {found}");
    Ok(VERSION.into())
}

/// Accepts the dialects that the allow-list was made for.
fn known_dialect(value: &Value, at: &str) -> Result<()> {
    let found = text(value, at)?;
    ensure!(
        DIALECTS.contains(&found.trim_end_matches('#')),
        "{at}: expected a dialect of OpenAPI 3.1, found {found}"
    );
    Ok(())
}

/// Accepts the values that 3.0 has as well.
fn one_of(known: &[&str], value: &Value, at: &str) -> Result<Value> {
    let found = text(value, at)?;
    ensure!(known.contains(&found), "{at}: expected {}, found {found}", known.join(" or "));
    Ok(value.clone())
}

#[cfg(test)]
mod tests;
