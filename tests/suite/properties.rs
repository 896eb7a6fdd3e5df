//! Whatever a server sends with an id is decoded, with nothing lost, or is a decode error.

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

/// Whether everything that is in `less`, nulls aside, is in `more`.
fn holds(more: &Value, less: &Value) -> bool {
    match (more, less) {
        (_, Value::Null) => true,
        (Value::Object(more), Value::Object(less)) => {
            less.iter().all(|(k, v)| v.is_null() || more.get(k).is_some_and(|m| holds(m, v)))
        }
        (Value::Array(more), Value::Array(less)) => {
            more.len() == less.len() && more.iter().zip(less).all(|(m, l)| holds(m, l))
        }
        (more, less) => more == less,
    }
}

proptest! {
    #[test]
    fn decoding_and_encoding_keeps_every_value_that_is_not_null(json in object_with_id()) {
        if let Ok(number) = serde_json::from_value::<Number>(json.clone()) {
            let encoded = serde_json::to_value(number).unwrap();
            prop_assert!(holds(&encoded, &json), "{encoded} of {json}");
        }
    }
}

proptest! {
    #[test]
    fn every_question_about_a_number_has_an_answer(json in object_with_id()) {
        promise::of_number(json.to_string().as_bytes());
    }

    #[test]
    fn bytes_that_are_damaged_are_a_number_or_none(
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
fn any_object_with_an_id_decodes_or_is_a_decode_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let body = Arc::new(Mutex::new(String::new()));
    let answer = Arc::clone(&body);
    let server = Server::start(move |_, _| Reply::json(200, answer.lock().unwrap().clone()));
    let server = runtime.block_on(server).unwrap();
    let client = client(&server);
    proptest!(|(json in object_with_id())| {
        *body.lock().unwrap() = json.to_string();
        match runtime.block_on(client.number("num_1").get()) {
            Ok(number) => prop_assert_eq!(Some(number.id.as_str()), json["id"].as_str()),
            Err(error) => prop_assert!(error.is_decode(), "{}", error),
        }
    });
}
