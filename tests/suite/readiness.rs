//! Readiness reports whether a number can send and, if not, the reasons, using only known facts.

use pilot_status::{Readiness, ReadinessLevel, ReadinessReason, types::Number};
use serde_json::{Value, json};
use support::{example, number};

/// Returns the documented example with these values at these JSON pointers.
fn changed<const N: usize>(changes: [(&str, Value); N]) -> Value {
    let mut json = example();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        json.pointer_mut(parent).unwrap()[key] = value;
    }
    json
}

/// Returns the example with texts at these pointers. `null` is no text.
fn with_texts<const N: usize>(pointers: [&str; N], texts: [&str; N]) -> Number {
    let value = |n: usize| if texts[n] == "null" { Value::Null } else { texts[n].into() };
    number(&changed::<N>(std::array::from_fn(|n| (pointers[n], value(n)))))
}

#[test]
fn single_fact_determines_readiness() {
    let verified = "/meta/waba/businessVerificationStatus";
    let cases = [
        ("/id", json!("x"), "ready"),
        ("/state", json!("CLOSE"), "blocked: not connected (CLOSE)"),
        ("/state", json!("CONNECTING"), "blocked: not connected (CONNECTING)"),
        ("/isFullyConnected", json!(false), "blocked: not fully connected"),
        ("/health/sendable", json!(false), "blocked: not sendable"),
        ("/extraChargeUnpaidSince", json!("2026"), "blocked: extra charge unpaid since 2026"),
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
        ("/meta/phone/accountMode", json!("SANDBOX"), "degraded: sandbox account"),
        (verified, json!("VERIFIED"), "ready"),
        (verified, json!("not_verified"), "degraded: business not_verified"),
        ("/meta/waba/accountReviewStatus", json!("PENDING"), "degraded: account review PENDING"),
        ("/meta/errors", json!({ "waba": "x" }), "degraded: incomplete snapshot (waba)"),
        ("/health", json!(null), "ready"),
        ("/meta", json!(null), "ready"),
    ];
    for (pointer, value, expected) in cases {
        let number = number(&changed([(pointer, value.clone())]));
        assert_eq!(number.readiness().to_string(), expected, "{pointer} {value}");
    }
}

#[test]
fn worse_of_two_values_wins() {
    let qualities = [
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
    for (a, b, expected) in qualities {
        for texts in [[a, b], [b, a]] {
            let number = with_texts(["/health/qualityRating", "/meta/phone/qualityRating"], texts);
            let quality = number.quality().map_or("null", |quality| quality.as_str());
            assert_eq!(quality, expected, "{texts:?}");
        }
    }
    let blocked = ["DISCONNECTED", "OFFLINE", "UNVERIFIED", "UNLINKED", "MIGRATED", "DELETED"];
    let blocked = blocked.into_iter().chain(["BANNED", "PENDING"]);
    let degraded = ["RATE_LIMITED", "LINKED", "NEW", "FLAGGED", "RESTRICTED"].into_iter();
    let single = blocked.map(|status| ("CONNECTED", status, format!("blocked: status {status}")));
    let single = single.chain(degraded.map(|s| ("CONNECTED", s, format!("degraded: status {s}"))));
    let pairs = [
        ("CONNECTED", "CONNECTED", "ready"),
        ("FLAGGED", "BANNED", "blocked: status BANNED"),
        ("NEW", "OFFLINE", "blocked: status OFFLINE"),
        ("CONNECTED", "UNKNOWN", "ready"),
        ("CONNECTED", "", "ready"),
        ("BANNED", "null", "blocked: status BANNED"),
        ("UNKNOWN", "null", "degraded: status UNKNOWN"),
        ("", "null", "ready"),
    ];
    for (a, b, expected) in single.chain(pairs.map(|(a, b, text)| (a, b, text.to_owned()))) {
        for texts in [[a, b], [b, a]] {
            let number = with_texts(["/health/metaStatus", "/meta/phone/status"], texts);
            assert_eq!(number.readiness().to_string(), expected, "{texts:?}");
        }
    }
}

#[test]
fn portfolio_limit_wins_if_present() {
    let places = [
        "/health/portfolioMessagingLimitTier",
        "/meta/phone/businessManagerMessagingLimit",
        "/health/messagingLimitTier",
        "/meta/phone/messagingLimitTier",
    ];
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
    for (texts, expected) in cases {
        let number = with_texts(places, texts);
        let limit = number.messaging_limit().map_or("null", |limit| limit.as_str());
        assert_eq!(limit, expected, "{texts:?}");
    }
}

/// The fields that can make a number less than ready. `provider` decides whether a connection alone
/// is enough.
const FACTS: [&str; 19] = [
    "provider",
    "state",
    "isFullyConnected",
    "extraChargeUnpaidSince",
    "health",
    "health.sendable",
    "health.code",
    "health.metaStatus",
    "health.qualityRating",
    "meta",
    "meta.errors",
    "meta.phone",
    "meta.phone.status",
    "meta.phone.qualityRating",
    "meta.phone.nameStatus",
    "meta.phone.accountMode",
    "meta.waba",
    "meta.waba.businessVerificationStatus",
    "meta.waba.accountReviewStatus",
];

#[test]
fn only_unreadable_facts_become_reasons() {
    let base = changed([("/extraChargeUnpaidSince", Value::Null), ("/health/code", Value::Null)]);
    let mut paths = Vec::new();
    for parent in ["", "/health", "/meta", "/meta/phone", "/meta/waba", "/meta/profile"] {
        let keys = base.pointer(parent).unwrap().as_object().unwrap().keys();
        paths.extend(keys.map(|key| format!("{parent}/{key}")).filter(|path| path != "/id"));
    }
    for pointer in &paths {
        let path = pointer[1..].replace('/', ".");
        let number = number(&changed([(pointer, json!([7]))]));
        let is_fact = FACTS.contains(&&*path);
        let expected =
            if is_fact { format!("degraded: unreadable {path}") } else { "ready".into() };
        assert_eq!(number.readiness().to_string(), expected);
        assert_eq!(number.unreadable(), [path.as_str()]);
        let sending = ["health", "health.sendable", "health.code", "extraChargeUnpaidSince"];
        assert_eq!(number.is_sendable(), !sending.contains(&&*path), "{path}");
        let connection = ["state", "isFullyConnected"];
        assert_eq!(number.is_connected(), !connection.contains(&&*path), "{path}");
    }
    for fact in FACTS {
        let has_fact = paths.contains(&format!("/{}", fact.replace('.', "/")));
        assert!(
            has_fact,
            "no {fact} in the example: rename it here, and where src/ext/number reads it"
        );
    }
}

#[test]
fn empty_string_is_treated_as_absent() {
    for fact in FACTS {
        let pointer = format!("/{}", fact.replace('.', "/"));
        if example().pointer(&pointer).is_some_and(|value| !value.is_string()) {
            continue;
        }
        for text in ["", " "] {
            let number = number(&changed([(&pointer, text.into())]));
            assert_eq!(number.readiness(), Readiness::Ready, "{fact} {text:?}");
            assert!(number.is_connected() && number.is_sendable(), "{fact} {text:?}");
            assert!(number.is_meta(), "{fact} {text:?}");
        }
    }
    let places = ["/meta/phone/verifiedName", "/meta/phone/displayPhoneNumber", "/meta/waba/id"];
    let silent = with_texts(places, [""; 3]);
    let texts = [silent.verified_name(), silent.display_phone_number(), silent.waba_id()];
    assert_eq!(texts, [None; 3]);
}

#[test]
fn server_text_is_printed_only_as_code() {
    let dated = "2026-01-01T00:00:00.000Z";
    let since = format!("blocked: not sendable, extra charge unpaid since {dated}");
    let cases = [
        ("/health/code", json!("131042"), "blocked: not sendable (131042), payment missing"),
        ("/health/code", json!("+5511999999999"), "blocked: not sendable"),
        ("/health/code", json!(""), "blocked: not sendable"),
        ("/health/reason", json!("a\n\u{1b}[31mready"), "blocked: not sendable"),
        ("/health/metaStatus", json!("a\u{2028}b"), "blocked: not sendable, status withheld"),
        ("/health/metaStatus", json!("NEW"), "blocked: not sendable, status NEW"),
        ("/meta/errors", json!({ "x\u{202e}y": 1 }), "blocked: not sendable, incomplete snapshot"),
        ("/extraChargeUnpaidSince", json!("+551"), "blocked: not sendable, extra charge unpaid"),
        ("/extraChargeUnpaidSince", json!(dated), &since),
    ];
    for (pointer, value, expected) in cases {
        let json = changed([("/health/sendable", json!(false)), (pointer, value)]);
        assert_eq!(number(&json).readiness().to_string(), expected);
    }
}

#[test]
fn reasons_have_fixed_order() {
    let texts = [
        r#"{"id":"x","meta":{"errors":{"waba":1,"phone":1,"profile":1}},"health":7,"state":7}"#,
        r#"{"state":7,"health":7,"id":"x","meta":{"errors":{"profile":1,"waba":1,"phone":1}}}"#,
    ];
    let expected =
        "degraded: incomplete snapshot (phone, profile, waba), unreadable state, unreadable health";
    for text in texts {
        let number: Number = serde_json::from_str(text).unwrap();
        assert_eq!(number.readiness().to_string(), expected);
    }
    let json = json!({
        "id": "x", "state": "CLOSE",
        "extraChargeUnpaidSince": "2026-01-01", "extraChargeDisconnectAt": "2026-02-01",
        "health": { "sendable": false, "code": "C", "reason": "why", "qualityRating": "RED", "metaStatus": "BANNED" },
    });
    let readiness = number(&json).readiness();
    let texts: Vec<_> = readiness.reasons().iter().map(ReadinessReason::to_string).collect();
    let expected = [
        "not connected (CLOSE)",
        "not sendable (C)",
        "extra charge unpaid since 2026-01-01, to be disconnected at 2026-02-01",
        "status BANNED",
        "quality RED",
    ];
    assert_eq!(
        (readiness.level(), texts),
        (ReadinessLevel::Blocked, expected.map(String::from).into())
    );
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
