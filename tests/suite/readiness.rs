//! Readiness reports whether a number can send and, if not, the reasons, using only known facts.

use pilot_status::{Readiness, ReadinessLevel, ReadinessReason};
use serde_json::{Value, json};
use support::{example, number};

/// Returns the documented example with one fact changed.
fn changed(pointer: &str, value: Value) -> Value {
    let mut json = example();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent).unwrap()[key] = value;
    json
}

#[test]
fn single_fact_determines_readiness() {
    let cases = [
        ("/state", json!("CLOSE"), "blocked: not connected (CLOSE)"),
        ("/state", json!("CONNECTING"), "blocked: not connected (CONNECTING)"),
        ("/isFullyConnected", json!(false), "blocked: not fully connected"),
        ("/health/sendable", json!(false), "blocked: not sendable"),
        (
            "/extraChargeUnpaidSince",
            json!("2026-01-01"),
            "blocked: extra charge unpaid since 2026-01-01",
        ),
        ("/health/metaStatus", json!("BANNED"), "blocked: status BANNED"),
        ("/health/metaStatus", json!("PENDING"), "blocked: status PENDING"),
        ("/health/metaStatus", json!("FLAGGED"), "degraded: status FLAGGED"),
        ("/health/metaStatus", json!("RESTRICTED"), "degraded: status RESTRICTED"),
        ("/health/metaStatus", json!("NEW"), "degraded: status NEW"),
        ("/health/qualityRating", json!("RED"), "degraded: quality RED"),
        ("/health/qualityRating", json!("YELLOW"), "degraded: quality YELLOW"),
        ("/health/qualityRating", json!("UNKNOWN"), "ready"),
        ("/meta/phone/nameStatus", json!("DECLINED"), "degraded: display name DECLINED"),
        ("/meta/phone/nameStatus", json!("REJECTED"), "degraded: display name REJECTED"),
        ("/meta/phone/nameStatus", json!("DEFERRED"), "degraded: display name DEFERRED"),
        ("/meta/phone/nameStatus", json!("PENDING"), "degraded: display name PENDING"),
        ("/meta/phone/nameStatus", json!("NEW"), "degraded: display name NEW"),
        ("/meta/phone/nameStatus", json!("AVAILABLE_WITHOUT_REVIEW"), "ready"),
        ("/health/code", json!("131042"), "blocked: payment missing"),
        ("/health/code", json!(131_042), "blocked: payment missing"),
        ("/health/code", json!("131026"), "ready"),
        ("/health/code", json!(131_026), "ready"),
        ("/meta/phone/accountMode", json!("SANDBOX"), "degraded: sandbox account"),
        ("/meta/waba/businessVerificationStatus", json!("VERIFIED"), "ready"),
        (
            "/meta/waba/businessVerificationStatus",
            json!("not_verified"),
            "degraded: business not_verified",
        ),
        ("/meta/waba/accountReviewStatus", json!("PENDING"), "degraded: account review PENDING"),
        ("/meta/errors", json!({ "waba": "x" }), "degraded: incomplete snapshot (waba)"),
        ("/health", json!(null), "ready"),
        ("/meta", json!(null), "ready"),
    ];
    for (pointer, value, expected) in cases {
        let number = number(&changed(pointer, value.clone()));
        assert_eq!(number.readiness().to_string(), expected, "{pointer} {value}");
    }
    assert_eq!(number(&example()).readiness(), Readiness::Ready);
}

#[test]
fn every_meta_status_maps_to_readiness() {
    let cases = [
        ("CONNECTED", "ready"),
        ("DISCONNECTED", "blocked: status DISCONNECTED"),
        ("OFFLINE", "blocked: status OFFLINE"),
        ("UNVERIFIED", "blocked: status UNVERIFIED"),
        ("UNLINKED", "blocked: status UNLINKED"),
        ("MIGRATED", "blocked: status MIGRATED"),
        ("DELETED", "blocked: status DELETED"),
        ("RATE_LIMITED", "degraded: status RATE_LIMITED"),
        ("LINKED", "degraded: status LINKED"),
        ("NEW", "degraded: status NEW"),
    ];
    for (status, expected) in cases {
        // The other field still holds CONNECTED.
        for pointer in ["/health/metaStatus", "/meta/phone/status"] {
            let json = changed(pointer, json!(status));
            assert_eq!(number(&json).readiness().to_string(), expected, "{pointer} {status}");
        }
    }
}

/// Returns a number with these values in the two fields of one fact.
fn twice(places: [&str; 2], values: [&str; 2]) -> pilot_status::types::Number {
    let mut json = example();
    for (pointer, value) in places.into_iter().zip(values) {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        json.pointer_mut(parent).unwrap()[key] =
            if value == "null" { Value::Null } else { value.into() };
    }
    number(&json)
}

#[test]
fn worse_of_two_values_wins() {
    let cases = [
        ("GREEN", "RED", "RED"),
        ("GREEN", "YELLOW", "YELLOW"),
        ("YELLOW", "RED", "RED"),
        ("UNKNOWN", "RED", "RED"),
        ("NA", "GREEN", "GREEN"),
        ("", "GREEN", "GREEN"),
        ("null", "RED", "RED"),
        ("UNKNOWN", "null", "UNKNOWN"),
        ("", "null", "null"),
        ("GREEN", "NEW", "NEW"),
        ("NEW", "YELLOW", "YELLOW"),
    ];
    let places = ["/health/qualityRating", "/meta/phone/qualityRating"];
    for (a, b, expected) in cases {
        for values in [[a, b], [b, a]] {
            let number = twice(places, values);
            let quality = number.quality().map_or("null", |quality| quality.as_str());
            assert_eq!(quality, expected, "{values:?}");
        }
    }
    let cases = [
        ("CONNECTED", "BANNED", "blocked: status BANNED"),
        ("CONNECTED", "FLAGGED", "degraded: status FLAGGED"),
        ("FLAGGED", "BANNED", "blocked: status BANNED"),
        ("NEW", "OFFLINE", "blocked: status OFFLINE"),
        ("CONNECTED", "NEW", "degraded: status NEW"),
        ("CONNECTED", "UNKNOWN", "ready"),
        ("CONNECTED", "", "ready"),
        ("BANNED", "null", "blocked: status BANNED"),
        ("UNKNOWN", "null", "degraded: status UNKNOWN"),
        ("", "null", "ready"),
    ];
    let places = ["/health/metaStatus", "/meta/phone/status"];
    for (a, b, expected) in cases {
        for values in [[a, b], [b, a]] {
            let readiness = twice(places, values).readiness();
            assert_eq!(readiness.to_string(), expected, "{values:?}");
        }
    }
}

#[test]
fn portfolio_limit_wins_if_present() {
    // The portfolio limit in `health` and in the phone object, then the number's own limit in both.
    let cases = [
        (["TIER_NOT_SET", "null", "TIER_1K", "null"], "TIER_1K"),
        (["null", "TIER_NOT_SET", "null", "TIER_1K"], "TIER_1K"),
        (["TIER_NOT_SET", "TIER_10K", "TIER_1K", "null"], "TIER_10K"),
        (["TIER_10K", "TIER_2K", "TIER_1K", "null"], "TIER_2K"),
        (["TIER_2K", "TIER_UNLIMITED", "TIER_1K", "null"], "TIER_2K"),
        (["null", "null", "TIER_2K", "TIER_1K"], "TIER_1K"),
        (["UNTIERED", "NEW", "NA", "TIER_2000"], "TIER_2000"),
        (["", "null", "UNLIMITED", "null"], "UNLIMITED"),
        (["TIER_NOT_SET", "null", "null", "UNTIERED"], "TIER_NOT_SET"),
        (["null"; 4], "null"),
    ];
    let places = [
        ["/health", "portfolioMessagingLimitTier"],
        ["/meta/phone", "businessManagerMessagingLimit"],
        ["/health", "messagingLimitTier"],
        ["/meta/phone", "messagingLimitTier"],
    ];
    for (values, expected) in cases {
        let mut json = example();
        for ([parent, key], value) in places.into_iter().zip(values) {
            json.pointer_mut(parent).unwrap()[key] =
                if value == "null" { Value::Null } else { value.into() };
        }
        let number = number(&json);
        let limit = number.messaging_limit().map_or("null", |limit| limit.as_str());
        assert_eq!(limit, expected, "{values:?}");
    }
}

#[test]
fn empty_string_is_treated_as_absent() {
    let texts = [
        "/provider",
        "/state",
        "/extraChargeUnpaidSince",
        "/health/code",
        "/health/metaStatus",
        "/health/qualityRating",
        "/meta/phone/nameStatus",
        "/meta/phone/accountMode",
        "/meta/waba/businessVerificationStatus",
        "/meta/waba/accountReviewStatus",
    ];
    for pointer in texts {
        for text in ["", " "] {
            let number = number(&changed(pointer, json!(text)));
            assert_eq!(number.readiness(), Readiness::Ready, "{pointer} {text:?}");
            assert!(number.is_connected() && number.is_sendable(), "{pointer} {text:?}");
            assert!(number.is_meta(), "{pointer} {text:?}");
        }
    }
    let mut json = example();
    json["meta"]["phone"]["verifiedName"] = json!("");
    json["meta"]["phone"]["displayPhoneNumber"] = json!("");
    json["meta"]["waba"]["id"] = json!("");
    let silent = number(&json);
    let texts = [silent.verified_name(), silent.display_phone_number(), silent.waba_id()];
    assert_eq!(texts, [None; 3]);
    let mut json = changed("/health", json!({ "sendable": false, "code": "", "reason": " " }));
    json["extraChargeUnpaidSince"] = json!("2026-01-01");
    json["extraChargeDisconnectAt"] = json!("");
    let expected = "blocked: not sendable, extra charge unpaid since 2026-01-01";
    assert_eq!(number(&json).readiness().to_string(), expected);
}

#[test]
fn server_text_is_printed_only_as_code() {
    let cases = [
        ("/health/code", json!("131042"), "blocked: not sendable (131042), payment missing"),
        ("/health/code", json!("+5511999999999"), "blocked: not sendable"),
        ("/health/reason", json!("a\n\u{1b}[31mready"), "blocked: not sendable"),
        ("/health/metaStatus", json!("a\u{2028}b"), "blocked: not sendable, status withheld"),
        ("/health/metaStatus", json!("NEW"), "blocked: not sendable, status NEW"),
        ("/meta/errors", json!({ "x\u{202e}y": 1 }), "blocked: not sendable, incomplete snapshot"),
        (
            "/extraChargeUnpaidSince",
            json!("+5511999999999"),
            "blocked: not sendable, extra charge unpaid",
        ),
        (
            "/extraChargeUnpaidSince",
            json!("2026-01-01T00:00:00.000Z"),
            "blocked: not sendable, extra charge unpaid since 2026-01-01T00:00:00.000Z",
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut json = changed(pointer, value);
        json["health"]["sendable"] = json!(false);
        assert_eq!(number(&json).readiness().to_string(), expected);
    }
}

#[test]
fn reasons_have_fixed_order() {
    let texts = [
        r#"{"id":"x","meta":{"errors":{"waba":1,"phone":1,"profile":1}},"health":7,"state":7}"#,
        r#"{"state":7,"health":7,"id":"x","meta":{"errors":{"profile":1,"waba":1,"phone":1}}}"#,
    ];
    for text in texts {
        let number: pilot_status::types::Number = serde_json::from_str(text).unwrap();
        assert_eq!(
            number.readiness().to_string(),
            "degraded: incomplete snapshot (phone, profile, waba), unreadable state, unreadable health"
        );
    }
}

#[test]
fn absent_facts_give_unknown_readiness() {
    let cases = [
        (json!({}), "unknown"),
        (json!({ "provider": "META", "state": "OPEN" }), "unknown"),
        (json!({ "provider": "META", "health": {} }), "unknown"),
        (json!({ "provider": "META", "health": { "sendable": true } }), "ready"),
        (json!({ "provider": "META", "health": { "metaStatus": "CONNECTED" } }), "ready"),
        (json!({ "provider": "PILOT_STATUS", "state": "OPEN", "meta": null }), "ready"),
        (json!({ "provider": "PILOT_STATUS", "meta": null }), "unknown"),
    ];
    for (mut json, expected) in cases {
        json["id"] = json!("x");
        assert_eq!(number(&json).readiness().to_string(), expected, "{json}");
    }
}

#[test]
fn readiness_lists_all_reasons_blocking_first() {
    let json = json!({
        "id": "x", "state": "CLOSE",
        "extraChargeUnpaidSince": "2026-01-01", "extraChargeDisconnectAt": "2026-02-01",
        "health": { "sendable": false, "code": "C", "reason": "why", "qualityRating": "RED", "metaStatus": "BANNED" },
    });
    let Readiness::Blocked(reasons) = number(&json).readiness() else { panic!("not blocked") };
    let texts: Vec<_> = reasons.iter().map(ReadinessReason::to_string).collect();
    assert_eq!(
        texts,
        [
            "not connected (CLOSE)",
            "not sendable (C)",
            "extra charge unpaid since 2026-01-01, to be disconnected at 2026-02-01",
            "status BANNED",
            "quality RED",
        ]
    );
}

/// Returns the example twice: unchanged, and with facts only in the phone object.
fn ready_numbers() -> [Value; 2] {
    let mut by_phone = example();
    by_phone["health"] = json!({ "sendable": true });
    [example(), by_phone]
}

/// Returns true if some value of this field makes a number less than ready.
fn is_fact(parent: &str, key: &str) -> bool {
    let bad = [
        json!(false),
        json!("CLOSE"),
        json!("131042"),
        json!("BANNED"),
        json!("RED"),
        json!("DECLINED"),
        json!("SANDBOX"),
        json!("REJECTED"),
        json!({ "sendable": false }),
        json!({ "errors": { "phone": "x" } }),
        json!({ "accountMode": "SANDBOX" }),
        json!({ "accountReviewStatus": "REJECTED" }),
    ];
    ready_numbers().into_iter().any(|json| {
        bad.iter().any(|value| {
            let mut json = json.clone();
            json.pointer_mut(parent).unwrap()[key] = value.clone();
            let number = number(&json);
            number.unreadable().is_empty() && number.readiness() != Readiness::Ready
        })
    })
}

#[test]
fn only_unreadable_facts_become_reasons() {
    const PARENTS: [&str; 6] =
        ["", "/health", "/meta", "/meta/phone", "/meta/waba", "/meta/profile"];
    let mut facts = 0;
    for json in ready_numbers() {
        for parent in PARENTS {
            let mut keys: Vec<_> =
                example().pointer(parent).unwrap().as_object().unwrap().keys().cloned().collect();
            if parent.is_empty() {
                keys.retain(|key| key != "id");
                keys.push("extraChargeUnpaidSince".to_owned());
            }
            if parent == "/health" {
                keys.push("code".to_owned());
            }
            for key in keys {
                // No provider value lowers readiness; it only decides whether connection alone is
                // enough.
                let is_fact = is_fact(parent, &key) || key == "provider";
                facts += usize::from(is_fact);
                let mut json = json.clone();
                json.pointer_mut(parent).unwrap()[&key] = json!([7]);
                let number = number(&json);
                let path = format!("{parent}/{key}")[1..].replace('/', ".");
                let verdict = number.readiness().to_string();
                let expected =
                    if is_fact { format!("degraded: unreadable {path}") } else { "ready".into() };
                assert_eq!(verdict, expected);
                assert_eq!(number.unreadable(), [path.as_str()]);
                let sending =
                    ["health", "health.sendable", "health.code", "extraChargeUnpaidSince"];
                let connection = ["state", "isFullyConnected"];
                assert_eq!(number.is_sendable(), !sending.contains(&path.as_str()), "{path}");
                assert_eq!(number.is_connected(), !connection.contains(&path.as_str()), "{path}");
            }
        }
    }
    assert_eq!(facts, 2 * 19);
}

#[test]
fn levels_are_ordered_and_reasons_have_codes() {
    use ReadinessLevel::{Blocked, Degraded, Ready, Unknown};
    assert!(Ready < Unknown && Unknown < Degraded && Degraded < Blocked);
    let readiness = number(&changed("/health/qualityRating", json!("RED"))).readiness();
    assert_eq!(readiness.level(), Degraded);
    assert_eq!(readiness.reasons()[0].code(), "quality");
    let expected =
        json!({ "level": "degraded", "reasons": [{ "code": "quality", "value": "RED" }] });
    assert_eq!(serde_json::to_value(&readiness).unwrap(), expected);
    let ready = number(&example()).readiness();
    assert_eq!((ready.level().to_string().as_str(), ready.reasons()), ("ready", [].as_slice()));
}
