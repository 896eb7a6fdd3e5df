//! Every JSON object with an id decodes without loss.

use std::sync::{Arc, Mutex};

use pilot_status::types::Number;
use proptest::prelude::*;
use serde_json::{Map, Value};
use support::{Reply, Server, client, example, promise};

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
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(&FIELDS), inner, 0..6).prop_map(|m| m
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<Map<_, _>>()
                .into()),
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

proptest! {
    #[test]
    fn any_object_with_id_round_trips(json in object_with_id()) {
        let number: Number = serde_json::from_value(json.clone()).unwrap();
        let encoded = serde_json::to_value(number).unwrap();
        prop_assert!(same(&encoded, &json), "{encoded} of {json}");
    }
}

proptest! {
    #[test]
    fn number_accessors_never_panic(json in object_with_id()) {
        promise::of_number(json.to_string().as_bytes());
    }

    #[test]
    fn damaged_json_never_panics(
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut body = example().to_string().into_bytes();
        let at = at.index(body.len());
        body.splice(at..=at, bytes.clone());
        promise::of_number(&body);
        promise::of_number(&bytes);
    }
}

#[test]
fn any_object_with_id_decodes_over_http() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let body = Arc::new(Mutex::new(String::new()));
    let answer = Arc::clone(&body);
    let server = Server::start(move |_, _| Reply::json(200, answer.lock().unwrap().clone()));
    let server = runtime.block_on(server).unwrap();
    let client = client(&server);
    proptest!(|(mut json in object_with_id())| {
        json["id"] = "num_1".into();
        *body.lock().unwrap() = json.to_string();
        prop_assert!(runtime.block_on(client.number("num_1").get()).is_ok());
    });
}
