//! Objects written out in bodies become named components, so that each has one name in Rust; equal
//! shapes share theirs.

use std::collections::{HashMap, HashSet};

use heck::ToUpperCamelCase;
use serde_json::{Map, Value, json};

use super::infer::is_json;
use super::pointer::{child, find, find_mut};
use super::visit;

/// Where the components are.
const SCHEMAS: &str = "#/components/schemas";

/// Moves the objects of all bodies of all operations.
pub(crate) fn hoist(mut document: Value) -> Value {
    let mut components = Components::of(&document);
    for (media_type, name) in bodies(&document) {
        if let Some(schema) = find_mut(&mut document, &child(&media_type, "schema")) {
            *schema = components.hoist(schema.take(), &name);
        }
    }
    components.add_to(&mut document);
    document
}

/// The JSON bodies, by pointer, with the name of what stands in each.
fn bodies(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for operation in visit::operations(document) {
        let name = operation.id().to_upper_camel_case();
        let body = (child(&operation.at, "requestBody"), format!("{name}Body"));
        let responses = child(&operation.at, "responses");
        let statuses = find(document, &responses).and_then(Value::as_object);
        let answers = statuses.into_iter().flatten().map(|(status, _)| {
            let kind = if status.starts_with('2') { "Response" } else { "Error" };
            (child(&responses, status), format!("{name}{kind}"))
        });
        for (holder, name) in std::iter::once(body).chain(answers) {
            found.extend(json_bodies(document, &holder).map(|at| (at, name.clone())));
        }
    }
    found
}

/// The media types in JSON of a request body or an answer, which may be a reference.
fn json_bodies(document: &Value, holder: &str) -> impl Iterator<Item = String> {
    let value = find(document, holder);
    let reference = value.and_then(|value| value.get("$ref")).and_then(Value::as_str);
    let content = child(reference.unwrap_or(holder), "content");
    let names = find(document, &content).and_then(Value::as_object).into_iter().flatten();
    let names: Vec<String> =
        names.filter(|(name, _)| is_json(name)).map(|(name, _)| child(&content, name)).collect();
    names.into_iter()
}

/// The named schemas, with those that are added.
struct Components {
    /// The names in use, as Rust spells them.
    names: HashSet<String>,
    /// The name of each shape.
    shapes: HashMap<String, String>,
    /// What is added.
    added: Map<String, Value>,
}

impl Components {
    /// Those that the document has.
    fn of(document: &Value) -> Self {
        let schemas = find(document, SCHEMAS).and_then(Value::as_object).into_iter().flatten();
        let mut components =
            Self { names: HashSet::new(), shapes: HashMap::new(), added: Map::new() };
        for (name, schema) in schemas {
            components.names.insert(name.to_upper_camel_case());
            components.shapes.entry(schema.to_string()).or_insert_with(|| name.clone());
        }
        components
    }

    /// The schema with every object in it moved and referred to.
    fn hoist(&mut self, schema: Value, name: &str) -> Value {
        let Value::Object(mut fields) = schema else { return schema };
        if let Some(items) = fields.get_mut("items") {
            *items = self.hoist(items.take(), &format!("{name}Item"));
        }
        if !fields.contains_key("properties") {
            return fields.into();
        }
        for (key, property) in
            fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            *property =
                self.hoist(property.take(), &format!("{name}{}", key.to_upper_camel_case()));
        }
        let nullable = fields.shift_remove("nullable").is_some_and(|flag| flag == true);
        let reference = json!({ "$ref": format!("{SCHEMAS}/{}", self.name(fields.into(), name)) });
        if nullable {
            // 3.0 heeds `nullable` only beside a type, and nothing beside a reference.
            return json!({ "type": "object", "nullable": true, "allOf": [reference] });
        }
        reference
    }

    /// The name of a shape: the one it has, or the one proposed, numbered if it is taken.
    fn name(&mut self, schema: Value, proposed: &str) -> String {
        let shape = schema.to_string();
        if let Some(name) = self.shapes.get(&shape) {
            return name.clone();
        }
        let ascii: String = proposed.chars().filter(char::is_ascii_alphanumeric).collect();
        let numbered = (2_u32..).map(|number| format!("{ascii}{number}"));
        let mut candidates = std::iter::once(ascii.clone()).chain(numbered);
        let free = |name: &String| !self.names.contains(&name.to_upper_camel_case());
        let name = candidates.find(free).unwrap_or(ascii);
        self.names.insert(name.to_upper_camel_case());
        self.shapes.insert(shape, name.clone());
        self.added.insert(name.clone(), schema);
        name
    }

    /// Adds what is new to the document.
    fn add_to(self, document: &mut Value) {
        let Some(document) = document.as_object_mut().filter(|_| !self.added.is_empty()) else {
            return;
        };
        let components = document.entry("components").or_insert_with(|| json!({}));
        let Some(components) = components.as_object_mut() else { return };
        let schemas = components.entry("schemas").or_insert_with(|| json!({}));
        if let Some(schemas) = schemas.as_object_mut() {
            schemas.extend(self.added);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::hoist;

    fn operation(id: &str, schema: &Value) -> Value {
        json!({ "operationId": id, "responses": { "200": { "content": { "application/json": { "schema": schema } } } } })
    }

    fn reference(name: &str) -> Value {
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    #[test]
    fn objects_are_named_after_where_they_stand() {
        let inner = json!({ "type": "object", "nullable": true, "properties": { "c": {} } });
        let outer = json!({
            "type": "array",
            "items": { "type": "object", "properties": { "b-b": inner, "m": { "type": "object" } } },
        });
        let result = hoist(json!({ "paths": { "/a": { "get": operation("list-all", &outer) } } }));
        let schema = json!({ "type": "array", "items": reference("ListAllResponseItem") });
        assert_eq!(result["paths"]["/a"]["get"], operation("list-all", &schema));
        let nullable = json!({ "type": "object", "nullable": true, "allOf": [reference("ListAllResponseItemBB")] });
        assert_eq!(
            result["components"]["schemas"],
            json!({
                "ListAllResponseItemBB": { "type": "object", "properties": { "c": {} } },
                "ListAllResponseItem": {
                    "type": "object",
                    "properties": { "b-b": nullable, "m": { "type": "object" } },
                },
            })
        );
        assert_eq!(hoist(result.clone()), result, "a fixed point");
    }

    #[test]
    fn equal_shapes_share_a_name_and_unlike_ones_never_do() {
        let one = json!({ "type": "object", "properties": { "a": {} } });
        let two = json!({ "type": "object", "properties": { "b": {} } });
        let result = hoist(json!({
            "paths": {
                "/1": { "get": operation("get-it", &one), "put": operation("put-it", &one) },
                "/2": { "get": operation("get_it", &two) },
            },
            "components": { "schemas": { "get_it_response": {} } },
        }));
        assert_eq!(result["paths"]["/1"]["put"], operation("put-it", &reference("GetItResponse2")));
        assert_eq!(result["paths"]["/2"]["get"], operation("get_it", &reference("GetItResponse3")));
        assert_eq!(result["components"]["schemas"]["GetItResponse2"], one);
        assert_eq!(result["components"]["schemas"]["GetItResponse3"], two);
    }
}
