//! Feature `schemars`: the generated types and the open enums have JSON schemas.

use pilot_status::types::{Number, QualityRating};
use schemars::schema_for;
use support::example;

#[test]
fn number_schema_names_every_open_enum() {
    let schema = schema_for!(Number).to_value();
    let defined = schema["$defs"].as_object().unwrap();
    assert!(defined.contains_key("MetaPhone") && defined.contains_key("QualityRating"));
    assert_eq!(schema["required"], serde_json::json!(["id"]));
    let quality = schema_for!(QualityRating).to_value();
    assert_eq!(quality["x-extensible-enum"].as_array().unwrap().len(), QualityRating::KNOWN.len());
}

#[test]
fn schema_accepts_example_and_rejects_wrong_type() {
    let schema = schema_for!(Number).to_value();
    assert!(jsonschema::is_valid(&schema, &example()));
    let mut wrong = example();
    wrong["meta"]["phone"]["throughput"] = "fast".into();
    assert!(!jsonschema::is_valid(&schema, &wrong));
}
