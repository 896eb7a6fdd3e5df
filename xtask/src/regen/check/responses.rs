//! Every JSON answer has a schema, which a maintainer has judged: none is guessed in silence. All
//! errors of an operation have one, since generated code has one error type for each.

use serde_json::{Value, json};

use super::super::{
    problems::Problems,
    visit::{self, Found},
};

pub(super) fn check(document: &Value, problems: &mut Problems) {
    for operation in visit::operations(document) {
        let mut first_error: Option<(&str, &Value)> = None;
        for (status, response) in operation.responses() {
            let bodies = visit::bodies(&response);
            for body in bodies.iter().filter(|body| body.value.get("schema").is_none()) {
                problems.add(without_schema(body));
            }
            if status.starts_with('2') {
                continue;
            }
            let schema = bodies.first().map_or(&Value::Null, |body| &body.value["schema"]);
            match first_error {
                Some((first, other)) if other != schema => problems.add(format!(
                    "{}: expected the schema of {first}, {other}, since an operation has one error type, found {schema}: write an action that makes them one",
                    response.at
                )),
                Some(_) => {}
                None => first_error = Some((status, schema)),
            }
        }
    }
}

/// Says which action to write, with a schema drafted from the example.
fn without_schema(body: &Found) -> String {
    let draft = body.value.get("example").map_or_else(|| json!({}), draft);
    format!(
        "{}: expected a schema; write an action of the overlay whose update is `schema: {draft}`, once each type is judged: an example shows what can be there, not what must",
        body.at
    )
}

/// A schema that the example fits; a text may be anything.
fn draft(example: &Value) -> Value {
    match example {
        Value::Object(fields) => {
            let properties: Value =
                fields.iter().map(|(name, value)| (name.clone(), draft(value))).collect();
            json!({ "type": ["object", "null"], "additionalProperties": {}, "properties": properties })
        }
        Value::Array(items) => {
            json!({ "type": ["array", "null"], "items": items.first().map_or_else(|| json!({}), draft) })
        }
        Value::String(_) => json!({ "type": ["string", "null"] }),
        Value::Bool(_) => json!({ "type": ["boolean", "null"] }),
        Value::Number(number) if number.is_f64() => json!({ "type": ["number", "null"] }),
        Value::Number(_) => json!({ "type": ["integer", "null"] }),
        Value::Null => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::problems::Problems;

    fn check(responses: &Value) -> String {
        let mut problems = Problems::default();
        super::check(
            &json!({ "paths": { "/a": { "get": { "responses": responses } } } }),
            &mut problems,
        );
        problems.end().map_or_else(|error| error.to_string(), |()| "sound".to_owned())
    }

    fn answer(media: &Value) -> Value {
        json!({ "content": { "application/json": media } })
    }

    #[test]
    fn an_answer_without_a_schema_comes_with_a_draft() {
        let example = json!({ "example": { "a": [1], "b": null, "c": "x" } });
        let error = check(&json!({ "200": answer(&example) }));
        let at = "#/paths/~1a/get/responses/200/content/application~1json: expected a schema";
        assert!(error.starts_with(at), "{error}");
        let draft = r#"{"type":["object","null"],"additionalProperties":{},"properties":{"a":{"type":["array","null"],"items":{"type":["integer","null"]}},"b":{},"c":{"type":["string","null"]}}}"#;
        assert!(error.contains(draft), "{error}");
    }

    #[test]
    fn errors_of_an_operation_have_one_schema() {
        let (a, b) =
            (answer(&json!({ "schema": { "$ref": "A" } })), answer(&json!({ "schema": {} })));
        assert_eq!(check(&json!({ "200": b, "400": a, "5XX": a, "204": {} })), "sound");
        for other in [b, json!({})] {
            let error = check(&json!({ "200": a, "400": a, "410": other }));
            assert!(error.contains("responses/410: expected the schema of 400"), "{error}");
        }
    }
}
