//! What users of the crate see of a document: methods, arguments, answers, types, fields and
//! values, in Rust's words.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::{Map, Value};

use super::infer::is_json;
use super::pointer::{last, resolve};
use super::visit::{self, Operation};

/// What a user may see; the order is that of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A method of the client.
    Operation,
    /// An argument of a method.
    Parameter,
    /// The body that a method sends.
    Body,
    /// A status that a method may be answered with.
    Status,
    /// A type.
    Type,
    /// A field of a type.
    Field,
    /// A value of a set.
    Value,
    /// A server or a credential.
    Setting,
}

/// One thing that a user may see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// What it is.
    pub(crate) kind: Kind,
    /// What it belongs to: with that, it comes and goes; empty for what stands alone.
    pub(crate) owner: String,
    /// How users name it.
    pub(crate) name: String,
}

/// What is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// Its type, in Rust's words.
    pub(crate) what: String,
    /// Whether users must give it.
    pub(crate) required: bool,
    /// Whether its set is open, so that one value more breaks no match.
    pub(crate) open: bool,
}

/// Everything that users see.
pub(crate) type Surface = BTreeMap<Key, Fact>;

/// The surface of a document.
pub(crate) fn surface(document: &Value) -> Surface {
    let mut view = View { document, found: Surface::new() };
    view.settings();
    for operation in visit::operations(document) {
        view.operation(&operation);
    }
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        view.named(&name.to_upper_camel_case(), schema);
    }
    view.found
}

/// A document that is being looked at.
struct View<'a> {
    document: &'a Value,
    found: Surface,
}

impl View<'_> {
    /// Adds one thing.
    fn add(&mut self, kind: Kind, owner: &str, name: String, what: String, flags: (bool, bool)) {
        let (required, open) = flags;
        let key = Key { kind, owner: owner.to_owned(), name };
        self.found.insert(key, Fact { what, required, open });
    }

    /// Servers and credentials.
    fn settings(&mut self) {
        let servers = self.document.get("servers").and_then(Value::as_array);
        for url in servers.into_iter().flatten().filter_map(|server| server.get("url")?.as_str()) {
            self.add(Kind::Setting, "", format!("server {url}"), String::new(), (false, true));
        }
        let schemes =
            self.document.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
            let what = [text("type"), text("in"), text("name"), text("scheme")].join(" ");
            let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
            self.add(Kind::Setting, "", format!("credential {name}"), what, (false, true));
        }
    }

    /// A method with its arguments and answers.
    fn operation(&mut self, operation: &Operation) {
        let method = operation.id().to_snake_case();
        let what = format!("{} {}", operation.method.to_uppercase(), operation.path);
        self.add(Kind::Operation, "", method.clone(), what, (false, true));
        for holder in [operation.item, operation.value] {
            let list = holder.get("parameters").and_then(Value::as_array);
            for parameter in list.into_iter().flatten() {
                self.parameter(&method, parameter);
            }
        }
        if let Some(body) = operation.value.get("requestBody") {
            self.body(&method, body);
        }
        let answers = operation.value.get("responses").and_then(Value::as_object);
        for (status, answer) in answers.into_iter().flatten() {
            let kind = if status.starts_with('2') { "response" } else { "error" };
            let name = format!("{method}-{kind}").to_upper_camel_case();
            let what = self.content(answer, &name);
            self.add(Kind::Status, &method, format!("{method}: {status}"), what, (false, true));
        }
    }

    /// An argument.
    fn parameter(&mut self, method: &str, parameter: &Value) {
        let Some(parameter) = resolve(self.document, parameter) else { return };
        let name =
            parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_snake_case();
        let inline = format!("{method}-{name}").to_upper_camel_case();
        let what = parameter
            .get("schema")
            .map_or_else(|| "String".to_owned(), |schema| self.type_of(schema, &inline));
        let required = parameter.get("required").is_some_and(|flag| flag == true);
        self.add(Kind::Parameter, method, format!("{method}({name})"), what, (required, true));
    }

    /// What a method sends.
    fn body(&mut self, method: &str, body: &Value) {
        let Some(body) = resolve(self.document, body) else { return };
        let what = self.content(body, &format!("{method}-body").to_upper_camel_case());
        let required = body.get("required").is_some_and(|flag| flag == true);
        self.add(Kind::Body, method, format!("{method}(body)"), what, (required, true));
    }

    /// The type of the content of a body or an answer.
    fn content(&mut self, holder: &Value, inline: &str) -> String {
        let content = resolve(self.document, holder).and_then(|holder| holder.get("content"));
        let Some(content) = content.and_then(Value::as_object).filter(|map| !map.is_empty()) else {
            return "()".to_owned();
        };
        let json = content.iter().find(|(name, _)| is_json(name));
        match json.and_then(|(_, media)| media.get("schema")) {
            Some(schema) => self.type_of(schema, inline),
            None => "bytes".to_owned(),
        }
    }

    /// A type with its fields or values.
    fn named(&mut self, name: &str, schema: &Value) {
        let owner = format!("types::{name}");
        let values = ["enum", "x-extensible-enum"].map(|key| (key, schema.get(key)));
        for (key, list) in values {
            for value in list.and_then(Value::as_array).into_iter().flatten() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let flags = (false, key != "enum");
                self.add(Kind::Value, &owner, format!("{owner} {value}"), String::new(), flags);
            }
        }
        let what = if schema.get("properties").is_some() {
            "struct".to_owned()
        } else if schema.get("x-extensible-enum").is_some() {
            "open enum".to_owned()
        } else {
            self.plain(schema, name)
        };
        self.fields(&owner, name, schema);
        self.add(Kind::Type, "", owner, what, (false, true));
    }

    /// The fields of a type.
    fn fields(&mut self, owner: &str, name: &str, schema: &Value) {
        let required = schema.get("required").and_then(Value::as_array);
        let required =
            |field: &str| required.is_some_and(|names| names.iter().any(|name| name == field));
        for (field, property) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let own = self.type_of(property, &format!("{name}{}", field.to_upper_camel_case()));
            let always =
                required(field) || own.starts_with("Option<") || property.get("default").is_some();
            let what = if always { own } else { format!("Option<{own}>") };
            let flags = (required(field), true);
            self.add(Kind::Field, owner, format!("{owner}.{}", field.to_snake_case()), what, flags);
        }
    }

    /// The Rust type of a schema; what is written out at a place is a type of its own, named after
    /// the place.
    fn type_of(&mut self, schema: &Value, inline: &str) -> String {
        let plain = self.plain(schema, inline);
        let has_own = schema.get("properties").is_some() || schema.get("enum").is_some();
        let own = if has_own {
            self.named(inline, &without_null(schema));
            format!("types::{inline}")
        } else {
            plain
        };
        let nullable = schema.get("nullable").is_some_and(|flag| flag == true);
        if nullable && !own.starts_with("Option<") { format!("Option<{own}>") } else { own }
    }

    /// The Rust type of a schema that is neither struct nor enum.
    fn plain(&mut self, schema: &Value, inline: &str) -> String {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return format!("types::{}", last(reference).to_upper_camel_case());
        }
        if let Some([one]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            return self.type_of(one, inline);
        }
        for (key, word) in [("allOf", " and "), ("oneOf", " or "), ("anyOf", " or ")] {
            if let Some(list) = schema.get(key).and_then(Value::as_array) {
                let parts = list.iter().enumerate();
                let parts = parts
                    .map(|(index, part)| self.type_of(part, &format!("{inline}Variant{index}")));
                return parts.collect::<Vec<_>>().join(word);
            }
        }
        let name = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        match name {
            "array" => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                format!("Vec<{}>", self.type_of(items, &format!("{inline}Item")))
            }
            "object" => self.map(schema, inline),
            _ => scalar(name, schema),
        }
    }

    /// The type of an object whose names are data.
    fn map(&mut self, schema: &Value, inline: &str) -> String {
        let values = schema
            .get("additionalProperties")
            .filter(|values| values.as_object().is_some_and(|values| !values.is_empty()));
        let values = values.map_or_else(
            || "Value".to_owned(),
            |values| self.type_of(values, &format!("{inline}Value")),
        );
        format!("Map<String, {values}>")
    }
}

/// A schema for the case that it is not null.
fn without_null(schema: &Value) -> Value {
    let mut fields = schema.as_object().cloned().unwrap_or_default();
    fields.shift_remove("nullable");
    fields.into()
}

/// The Rust type of text, numbers and truth, with what restricts it.
fn scalar(name: &str, schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let name = match (name, format) {
        ("string", "date-time") => "DateTime<Utc>".to_owned(),
        ("string", "date") => "NaiveDate".to_owned(),
        ("string", "uuid") => "Uuid".to_owned(),
        ("string", "binary") => "bytes".to_owned(),
        ("string", _) => "String".to_owned(),
        ("integer", "int32") => "i32".to_owned(),
        ("integer", _) => "i64".to_owned(),
        ("number", "float") => "f32".to_owned(),
        ("number", _) => "f64".to_owned(),
        ("boolean", _) => "bool".to_owned(),
        _ => "Value".to_owned(),
    };
    let limits = limits(schema.as_object());
    if limits.is_empty() { name } else { format!("{name} ({limits})") }
}

/// What restricts a type, for it decides which values it takes.
fn limits(schema: Option<&Map<String, Value>>) -> String {
    const KEYS: [&str; 7] = [
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    ];
    let found = KEYS.iter().filter_map(|key| Some(format!("{key} {}", schema?.get(*key)?)));
    found.collect::<Vec<_>>().join(", ")
}
