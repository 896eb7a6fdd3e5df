//! Every JSON object with an id decodes without loss, and no body causes a panic.

use std::sync::{Arc, Mutex};

use pilot_status::types::Number;
use proptest::prelude::*;
use serde_json::{Map, Value};
use support::{Reply, Server, client, example};

const FIELDS: [&str; 14] = [
    "id",
    "meta",
    "health",
    "phone",
    "waba",
    "profile",
    "throughput",
    "state",
    "qualityRating",
    "websites",
    "errors",
    "isFullyConnected",
    "piiRetentionDays",
    "anything",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f32>().prop_map(|f| Value::from(f64::from(f))),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let field = (prop::sample::select(&FIELDS).prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(field, 0..6)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object_with_id() -> impl Strategy<Value = Value> {
    (json(), ".{1,8}").prop_map(|(json, id)| {
        let mut object = match json {
            Value::Object(object) => object,
            other => Map::from_iter([("meta".to_owned(), other)]),
        };
        object.insert("id".to_owned(), id.into());
        object.into()
    })
}

/// Compares two values. Null fields count as absent, and text is compared case-insensitively,
/// because a known value is encoded in its documented case.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys());
            let value = |object: &Map<_, _>, key| object.get(key).cloned().unwrap_or_default();
            keys.into_iter().all(|key| same(&value(a, key), &value(b, key)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
        (a, b) => a == b,
    }
}

/// Calls every accessor.
fn access(number: &Number) {
    let now = number.fetched_at().unwrap_or_default();
    let _ = (number.is_meta(), number.is_connected(), number.is_sendable(), number.quality());
    let _ = (number.meta_status(), number.messaging_limit(), number.verified_name());
    let _ = (number.display_phone_number(), number.waba_id(), number.snapshot_age(now));
    let _ = format!("{number:?} {:?}", number.readiness());
}

proptest! {
    #[test]
    fn any_object_with_id_round_trips(json in object_with_id()) {
        let number: Number = serde_json::from_value(json.clone()).unwrap();
        access(&number);
        let encoded = serde_json::to_value(number).unwrap();
        prop_assert!(same(&encoded, &json), "{encoded} of {json}");
    }
}

#[test]
fn damaged_body_is_number_or_decode_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let body = Arc::new(Mutex::new(Vec::new()));
    let answer = Arc::clone(&body);
    let server = Server::start(move |_, _| {
        let body = answer.lock().unwrap().clone();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        Reply::Raw([head.into_bytes(), body].concat())
    });
    let server = runtime.block_on(server).unwrap();
    let client = client(&server);
    let damage = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..4));
    proptest!(|((at, bytes) in damage, is_cut in any::<bool>())| {
        let mut damaged = example().to_string().into_bytes();
        let at = at.index(damaged.len());
        let end = if is_cut { damaged.len() } else { at + 1 };
        damaged.splice(at..end, bytes);
        *body.lock().unwrap() = damaged;
        match runtime.block_on(client.number("num_1").get()) {
            Ok(number) => access(&number),
            Err(error) => prop_assert!(error.is_decode(), "{error}"),
        }
    });
}
