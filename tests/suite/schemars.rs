//! Feature `schemars`: generated types, open enums and the data of a watch have JSON schemas.

use pilot_status::{
    Change,
    types::{Number, QualityRating},
};
use schemars::schema_for;
use serde_json::json;
use support::example;

#[test]
fn schema_accepts_example_and_rejects_wrong_type() {
    let schema = schema_for!(Number).to_value();
    assert_eq!(schema["required"], json!(["id"]));
    assert!(jsonschema::is_valid(&schema, &example()));
    let quality = schema_for!(QualityRating).to_value();
    assert_eq!(quality["x-extensible-enum"].as_array().unwrap().len(), QualityRating::KNOWN.len());
    let mut wrong = example();
    wrong["meta"]["phone"]["throughput"] = "fast".into();
    assert!(!jsonschema::is_valid(&schema, &wrong));
}

#[test]
fn schema_of_change_accepts_its_json() {
    let number: Number = serde_json::from_value(example()).unwrap();
    let seen = serde_json::to_value(pilot_status::Seen::from(&number)).unwrap();
    let mut change = json!({
        "id": "num_1", "at": "2026-01-01T00:00:00Z", "source": "number", "changed": ["first"],
        "before": null, "after": seen,
    });
    let schema = schema_for!(Change).to_value();
    assert!(serde_json::from_value::<Change>(change.clone()).is_ok());
    assert!(jsonschema::is_valid(&schema, &change));
    change["source"] = "guess".into();
    assert!(!jsonschema::is_valid(&schema, &change));
}
