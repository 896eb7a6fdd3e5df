//! Whatever comes in, no stage panics, and what came out stays as it is. A failure prints the
//! smallest input that fails.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::merge::{Named, merge};
use super::overlay::Overlay;
use super::pipeline::{Built, Input, build};
use super::promises;
use super::provenance::record;
use super::report::Report;
use super::{check, hoist_schemas, infer, sources, unify_responses, yaml};

/// Words that the stages know, so that arbitrary values reach their depths.
const WORDS: &[&str] = &[
    "openapi",
    "3.1.0",
    "3.0.3",
    "info",
    "title",
    "version",
    "servers",
    "url",
    "tags",
    "name",
    "paths",
    "/a/{b}",
    "/c",
    "get",
    "post",
    "operationId",
    "get-it",
    "parameters",
    "in",
    "path",
    "query",
    "required",
    "responses",
    "200",
    "400",
    "default",
    "description",
    "content",
    "application/json",
    "text/plain",
    "requestBody",
    "schema",
    "example",
    "examples",
    "value",
    "type",
    "object",
    "array",
    "string",
    "integer",
    "null",
    "nullable",
    "items",
    "properties",
    "additionalProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "enum",
    "const",
    "x-extensible-enum",
    "$ref",
    "#/components/schemas/A",
    "$defs",
    "format",
    "date-time",
    "minimum",
    "exclusiveMinimum",
    "components",
    "schemas",
    "A",
    "headers",
    "callbacks",
    "security",
    "webhooks",
    "x-provenance",
    "2026-06-30T08:55:00Z",
];

/// A word that the stages know, or any other.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![9 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

/// Any JSON, made of those words more often than not.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 48, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::vec((word(), inner), 0..5).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// A document that is sound but for what is arbitrary in it: the schema, the sample, and the fields
/// of the answer.
fn document() -> impl Strategy<Value = Value> {
    (value(), value(), value()).prop_map(|(schema, sample, answer)| {
        let json = json!({ "example": sample });
        let mut responses =
            json!({ "200": { "description": "D", "content": { "application/json": json } } });
        responses["400"] = answer;
        json!({
            "openapi": "3.1.0",
            "info": { "title": "T", "version": "1" },
            "paths": { "/a": { "get": { "operationId": "get-it", "responses": responses } } },
            "components": { "schemas": { "A": schema } },
        })
    })
}

/// A document of which everything but one sample is sound: it must always become a client.
fn sampled() -> impl Strategy<Value = Value> {
    value().prop_map(|sample| {
        let content = json!({ "application/json": { "example": sample } });
        let operation = json!({
            "operationId": "post-it",
            "requestBody": { "content": content },
            "responses": { "200": { "description": "D", "content": content } },
        });
        json!({
            "openapi": "3.1.0",
            "info": { "title": "T", "version": "1" },
            "paths": { "/a": { "post": operation } },
        })
    })
}

/// A document as a source in JSON.
fn input(document: &Value) -> Input {
    Input { name: "a.json".to_owned(), url: None, file: None, text: document.to_string() }
}

/// The files of the repository that the stages read.
const FILES: [&str; 3] = [
    include_str!("../../overlay.yaml"),
    include_str!("../../upstream/get-number-meta-details.md"),
    include_str!("../../../openapi.json"),
];

/// A file, a place in it, and what is written there.
fn damage() -> impl Strategy<Value = (&'static str, prop::sample::Index, String)> {
    (prop::sample::select(&FILES), any::<prop::sample::Index>(), "[\\[\\]{}\"':|>#&*!0-9 \n]{0,3}")
}

fn damaged(file: &str, at: prop::sample::Index, piece: &str) -> String {
    let at = file.floor_char_boundary(at.index(file.len()));
    format!("{}{piece}{}", &file[..at], file[at..].chars().skip(1).collect::<String>())
}

/// Runs every stage on a value, whatever the stages before it would have said.
fn every_stage(value: &Value) {
    promises::of_downgrade(value);
    let _ = infer::infer(value.clone());
    let _ = unify_responses::unify(value.clone());
    let _ = hoist_schemas::hoist(value.clone());
    let _ = check::check(value);
    let _ = record(value.clone(), &[], None);
    let named = |name: &str| Named { name: name.to_owned(), document: value.clone() };
    let _ = merge(vec![named("a"), named("b")]);
    let report = Report::new(value, &json!({}), true);
    let _ = (report.to_text("0.1.0"), report.to_json("1.0.0"));
    let text = value.to_string();
    let _ = (yaml::parse::<Value>(&text), sources::Sources::parse(&text));
    promises::of_overlay(&text, value);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_stage_panics_on_any_value(value in value()) {
        every_stage(&value);
    }

    #[test]
    fn no_stage_panics_on_documents_with_odd_parts(document in document()) {
        every_stage(&document);
        let _ = build(&[input(&document)], None);
    }

    #[test]
    fn no_overlay_panics(value in value(), update in value(), target in "\\$(\\.[a-z]{1,3}|\\[[0-9*]\\]|\\.\\.\\*)*") {
        let action = json!({ "x-name": "N", "x-expect": 1, "target": target, "description": "D", "update": update });
        let overlay = json!({ "overlay": "1.0.0", "info": { "title": "T", "version": "1" }, "actions": [action] });
        let overlay: Result<Overlay, _> = serde_json::from_value(overlay);
        prop_assert!(overlay.is_ok());
        let _ = overlay.map(|overlay| overlay.apply(value).is_ok());
    }

    #[test]
    fn no_page_panics(text in "(`{3,4}|~{3}|yaml|json| openapi|\\r?\\n|[a-z:{}\\[\\]\"' -]){0,60}") {
        promises::of_page(&text);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), (file, at, piece) in damage()) {
        promises::of_page(&text);
        promises::of_overlay(&text, &json!({}));
        let damaged = damaged(file, at, &piece);
        promises::of_page(&damaged);
        promises::of_overlay(&damaged, &json!({ "paths": {}, "components": {} }));
        if let Ok(document) = serde_json::from_str(&damaged) {
            promises::of_downgrade(&document);
        }
    }

    #[test]
    fn any_sample_becomes_a_client_and_the_result_is_a_fixed_point(document in sampled()) {
        let Built { text, document, .. } = build(&[input(&document)], None).map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
        let again = build(&[input(&document)], None).map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
        prop_assert_eq!(again.text, text);
    }

    #[test]
    fn whatever_was_built_is_a_fixed_point(document in document()) {
        if let Ok(Built { text, document, .. }) = build(&[input(&document)], None) {
            let again = build(&[input(&document)], None).map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
            prop_assert_eq!(again.text, text);
        }
    }
}
