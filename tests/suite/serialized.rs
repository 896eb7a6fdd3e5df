//! Verdicts, changes and table entries are data: they can be stored and read back, and their JSON has
//! no free text of the server.

use std::{fmt::Debug, time::Duration};

use pilot_status::{
    Change, Error, FleetEntry, Readiness, ReadinessLevel, ReadinessReason, types::Number,
};
use schemars::schema_for;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use support::{Reply, client};

use crate::world::World;

/// Returns a number with every reason that blocks or degrades, and with free text.
fn unwell() -> Value {
    json!({
        "id": "num_1", "number": "+5511999999999", "state": "CLOSE",
        "extraChargeUnpaidSince": "2026-01-01", "extraChargeDisconnectAt": "Private text",
        "health": {
            "sendable": false, "code": "131042", "reason": "Private text", "qualityRating": "RED",
            "metaStatus": 7,
        },
        "meta": {
            "errors": { "waba": "Private text", "Private text": 1 },
            "phone": { "status": "FLAGGED", "nameStatus": "Private text", "accountMode": "SANDBOX" },
            "waba": { "businessVerificationStatus": "NEW_STATUS", "accountReviewStatus": "REJECTED" },
        },
    })
}

/// Asserts that a value survives JSON and a binary format, and returns its JSON.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
    let json = serde_json::to_value(value).unwrap();
    assert_eq!(serde_json::from_value::<T>(json.clone()).unwrap(), *value);
    let bytes = rmp_serde::to_vec_named(value).unwrap();
    assert_eq!(rmp_serde::from_slice::<T>(&bytes).unwrap(), *value);
    json
}

#[test]
fn every_reason_is_serialized_as_its_code_and_value() {
    let number: Number = serde_json::from_value(unwell()).unwrap();
    let readiness = number.readiness();
    let json = serde_json::to_value(&readiness).unwrap();
    let codes: Vec<_> = readiness.reasons().iter().map(ReadinessReason::code).collect();
    let written: Vec<_> = json["reasons"].as_array().unwrap().iter().map(|r| &r["code"]).collect();
    assert_eq!(codes, written);
    assert_eq!(codes.len(), 12, "{readiness}");
    assert!(!format!("{readiness:?}").contains("Private"), "{readiness:?}");
    assert_eq!(json["level"], "blocked");
    assert_eq!(json["reasons"][0], json!({ "code": "not_connected", "value": "CLOSE" }));
    assert_eq!(json["reasons"][1], json!({ "code": "not_sendable", "value": "131042" }));
    let unpaid = json!({ "since": "2026-01-01", "disconnectAt": null });
    assert_eq!(json["reasons"][2], json!({ "code": "extra_charge_unpaid", "value": unpaid }));

    assert!(ReadinessLevel::ALL.is_sorted());
    assert!(jsonschema::is_valid(&schema_for!(Readiness).to_value(), &json));
    assert_eq!(round_trip(&readiness), json);
    for reason in readiness.reasons() {
        round_trip(reason);
    }
    for bare in [Readiness::Ready, Readiness::Unknown] {
        round_trip(&bare);
    }
}

#[test]
fn readiness_whose_reasons_contradict_its_level_is_rejected() {
    let sandbox = json!([{ "code": "sandbox" }]);
    for (level, reasons) in [("ready", &sandbox), ("degraded", &json!([]))] {
        let json = json!({ "level": level, "reasons": reasons });
        assert!(serde_json::from_value::<Readiness>(json).is_err(), "{level}");
    }
}

#[tokio::test]
async fn change_and_entry_can_be_read_back() -> Result<(), Error> {
    let world = World::of(&[]).await;
    world.set("num_1", unwell());
    world.reply("failing", Reply::json(403, r#"{"code":"NO_SCOPE","error":"Private text"}"#));
    let ids = ["..", "num_1", "failing"];
    let mut watch = client(&world.server).numbers(ids).watch(Duration::from_secs(1));
    let table = watch.table();
    let schema = schema_for!(Change).to_value();
    for shown in [
        "the number id \"..\" is a dot segment",
        "num_1  blocked: not connected (CLOSE), not sendable (131042)",
        "failing  the API answered 403 Forbidden (NO_SCOPE)",
    ] {
        let change = watch.next().await.unwrap();
        let json = serde_json::to_value(&change).unwrap();
        assert!(change.to_string().starts_with(shown), "{change}");
        let read: Change = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
        assert!(jsonschema::is_valid(&schema, &json), "{json}");
        let mut unknown = json.clone();
        unknown["source"] = "guess".into();
        assert!(!jsonschema::is_valid(&schema, &unknown), "{unknown}");
        assert_eq!(
            (&read.id, read.source, &read.changed),
            (&change.id, change.source, &change.changed)
        );
        assert_eq!((&read.before, &read.after), (&change.before, &change.after));
        assert!(!json.to_string().contains("Private"), "{json}");
        match &change.error {
            Some(error) => assert!(read.to_string().contains(error.kind().as_str()), "{read}"),
            None => assert_eq!(read.to_string(), change.to_string()),
        }
    }
    for entry in table.snapshot() {
        let json = serde_json::to_value(&entry).unwrap();
        let read: FleetEntry = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
        assert_eq!((read.id, read.seen), (entry.id, entry.seen));
    }
    assert_eq!(table.len(), 2);
    Ok(())
}
