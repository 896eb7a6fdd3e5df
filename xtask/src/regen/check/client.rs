//! The document must be OpenAPI 3.0 to the parser, and progenitor must make a client of it.

use std::any::Any;
use std::cell::Cell;
use std::panic;
use std::sync::Once;

use anyhow::{Result, anyhow, bail};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, TypeImpl};
use serde_json::Value;

/// Parses the document and generates from it.
pub(crate) fn check(document: &Value) -> Result<()> {
    let spec = parse(document)?;
    let settings = settings(document);
    match catch(|| Generator::new(&settings).generate_tokens(&spec).map(drop)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => bail!("#: progenitor cannot make a client of the document: {error}"),
        Err(message) => bail!("#: progenitor cannot make a client of the document: {message}"),
    }
}

/// Reads the document as progenitor does.
fn parse(document: &Value) -> Result<OpenAPI> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let place = error.path().to_string();
        anyhow!("#: not an OpenAPI 3.0 document at `{place}`: {}", error.into_inner())
    })
}

/// The settings of the crate, as far as they decide whether there is a client: what is written by
/// hand is not generated. The arguments stay positional, which asks the same of a document as
/// builders, for half the memory.
fn settings(document: &Value) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings.with_derive("PartialEq");
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        if name == "NumberId" || schema.get("x-extensible-enum").is_some() {
            let impls = [TypeImpl::Display, TypeImpl::FromStr];
            settings.with_replacement(name, format!("crate::{name}"), impls.into_iter());
        }
    }
    settings
}

thread_local! {
    /// Whether a panic on this thread is expected.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs what may panic on odd input, without a word on the error stream; the error is what the
/// panic said.
fn catch<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(panic::AssertUnwindSafe(run));
    QUIET.set(false);
    result.map_err(|payload| said(payload.as_ref()))
}

/// The first line that a panic said.
fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{catch, check};

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
    fn a_client_is_made_of_a_sound_document() {
        let open = json!({ "schema": { "$ref": "#/components/schemas/Open" } });
        let response = json!({ "description": "D", "content": { "application/json": open } });
        let operation = json!({ "operationId": "get-it", "responses": { "200": response } });
        check(&document(&operation)).unwrap();
    }

    #[test]
    fn whatever_the_parser_or_progenitor_refuses_is_one_line() {
        let no_schema = json!({ "description": "D", "content": { "application/json": {} } });
        let table = [
            (json!({ "operationId": 1 }), "not an OpenAPI 3.0 document at `paths"),
            (
                json!({ "operationId": "a", "responses": { "200": no_schema } }),
                "cannot make a client",
            ),
            (json!({ "responses": {} }), "cannot make a client"),
        ];
        for (operation, expected) in table {
            let error = check(&document(&operation)).expect_err(expected).to_string();
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_panic_becomes_what_it_said() {
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(catch(|| panic!("odd {}", 1)), Err::<(), _>("odd 1".to_owned()));
        assert_eq!(catch(|| panic!("first\nsecond")), Err::<(), _>("first".to_owned()));
    }
}
