//! The documented response decodes completely and fits its schema, and fields may be absent or have
//! new values.

use std::time::Duration;

use pilot_status::{
    RecipientLimit,
    types::{MessagingLimitTier, Number, Provider, QualityRating},
};
use schemars::schema_for;
use serde_json::{Map, Value, json};
use support::{DOCUMENTED_ID, always, client, example, number, ok};

#[tokio::test]
async fn documented_example_round_trips_without_extra_fields() {
    let server = always(ok()).await;
    let number = client(&server).number(DOCUMENTED_ID).get().await.unwrap();
    assert_eq!(serde_json::to_value(&number).unwrap(), example());
    let (health, meta) = (number.health.unwrap(), number.meta.unwrap());
    let (phone, waba) = (meta.phone.unwrap(), meta.waba.unwrap());
    let (profile, throughput) = (meta.profile.unwrap(), phone.throughput.unwrap());
    let own = [&number.extra, &health.extra, &meta.extra, &phone.extra];
    for extra in own.into_iter().chain([&throughput.extra, &profile.extra, &waba.extra]) {
        assert_eq!(extra, &Map::new());
    }
}

#[test]
fn unknown_enum_value_round_trips() {
    fn rename(value: &mut Value) {
        match value {
            Value::Object(object) => object.values_mut().for_each(rename),
            Value::String(text) => text.push_str("_V2"),
            _ => {}
        }
    }
    let mut json = example();
    rename(&mut json);
    assert_eq!(serde_json::to_value(number(&json)).unwrap(), json);
    assert_eq!(number(&json).quality(), Some(&QualityRating::Other("GREEN_V2".to_owned())));
}

#[test]
fn accessors_read_documented_example() {
    let number = number(&example());
    assert!(number.is_meta() && number.is_connected() && number.is_sendable());
    assert_eq!(number.provider, Some(Provider::Meta));
    assert_eq!(number.quality(), Some(&QualityRating::Green));
    assert_eq!(number.messaging_limit(), Some(&MessagingLimitTier::Tier2K));
    assert_eq!(number.messaging_limit().unwrap().recipients(), Some(RecipientLimit::Count(2_000)));
    assert_eq!(number.verified_name(), Some("Minha Empresa"));
    assert_eq!(number.display_phone_number(), Some("+55 11 99999-9999"));
    assert_eq!(number.waba_id(), Some("1234567890"));
    let fetched_at = number.fetched_at().unwrap();
    assert_eq!(fetched_at.to_rfc3339(), "2026-06-30T08:55:00+00:00");
    let minute = Duration::from_secs(60);
    assert_eq!(number.snapshot_age(fetched_at + minute), Some(minute));
    assert_eq!(number.snapshot_age(fetched_at - minute), Some(Duration::ZERO));
}

#[test]
fn accessors_return_none_or_false_if_absent() {
    for json in [
        json!({ "id": "x" }),
        json!({ "id": "x", "meta": null }),
        json!({ "id": "x", "meta": {}, "health": {} }),
    ] {
        let number = number(&json);
        assert!(!number.is_connected() && !number.is_sendable());
        assert_eq!(number.is_meta(), json["meta"].is_object());
        assert_eq!((number.quality(), number.messaging_limit()), (None, None));
        assert_eq!(
            (number.verified_name(), number.display_phone_number(), number.waba_id()),
            (None, None, None)
        );
        assert_eq!(number.fetched_at(), None);
    }
    let undated = number(&json!({ "id": "x", "meta": { "fetchedAt": "yesterday" } }));
    assert_eq!(undated.fetched_at(), None);
}

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
