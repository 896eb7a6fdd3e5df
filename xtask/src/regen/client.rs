//! The Rust client of a document, generated with the settings of the crate's own build.

use std::any::Any;
use std::panic;

use anyhow::{Result, anyhow};
use openapiv3::OpenAPI;
use serde_json::Value;
use syn::File;

#[path = "../../../build/generate.rs"]
mod generate;

/// Generates the client of a document of OpenAPI 3.0, and its mock helpers.
pub(crate) fn generate(document: &Value) -> Result<(File, File)> {
    let spec: OpenAPI = serde_path_to_error::deserialize(document).map_err(|error| {
        let place = error.path().to_string();
        anyhow!("#: not an OpenAPI 3.0 document at `{place}`: {}", error.into_inner())
    })?;
    let both = || Ok((generate::client(&spec, true)?, generate::mock(&spec, true)?));
    catch(both).and_then(|generated| generated).map_err(|error: String| {
        let error = error.replace('\n', " ");
        anyhow!("#: {error}: the checks of xtask/src/regen/check let this pass: add one")
    })
}

/// Runs code that may panic on unsupported input. The error is the first line of the panic's
/// message.
fn catch<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let result = panic::catch_unwind(panic::AssertUnwindSafe(run));
    result.map_err(|payload| format!("progenitor panicked: {}", message(payload.as_ref())))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.and_then(|text| text.lines().next()).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{catch, generate};

    fn document(operation: &Value) -> Value {
        json!({
            "openapi": "3.0.3",
            "info": { "title": "T", "version": "1" },
            "paths": { "/a": { "get": operation } },
            "components": { "schemas": {
                "NumberId": { "type": "string", "minLength": 1 },
                "Open": { "type": "string", "x-extensible-enum": ["A"] },
            } },
        })
    }

    #[test]
    fn document_with_open_enum_gives_client() {
        let open = json!({ "schema": { "$ref": "#/components/schemas/Open" } });
        let response = json!({ "description": "D", "content": { "application/json": open } });
        let operation = json!({ "operationId": "get-it", "responses": { "200": response } });
        assert!(generate(&document(&operation)).is_ok());
    }

    #[test]
    fn document_without_client_is_one_line() {
        let no_schema = json!({ "description": "D", "content": { "application/json": {} } });
        let table = [
            (json!({ "operationId": 1 }), "not an OpenAPI 3.0 document at `paths"),
            (
                json!({ "operationId": "a", "responses": { "200": no_schema } }),
                "progenitor panicked",
            ),
            (json!({ "responses": {} }), "progenitor cannot generate the client"),
        ];
        for (operation, expected) in table {
            let error = generate(&document(&operation)).err().expect(expected).to_string();
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn panic_becomes_the_first_line_of_its_message() {
        let panicked = |text: &str| Err::<(), _>(format!("progenitor panicked: {text}"));
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(catch(|| panic!("odd {}", 1)), panicked("odd 1"));
        assert_eq!(catch(|| panic!("first\nsecond")), panicked("first"));
    }
}
