//! A value of an unexpected type affects only its field: the value is retained in `extra` and its
//! path is reported. The test walks every response schema in `openapi.json`, so new fields are
//! covered automatically.

use pilot_status::types::{ApiError, Number, NumberList, NumberRemoved, NumberStatus};
use serde_json::{Map, Value, json};
use support::{Reply, always, client, example, number};

const SPEC: &str = include_str!("../../openapi.json");

/// A decoded response: its encoded form and the unreadable paths.
type Read = Result<(Value, Vec<String>), serde_json::Error>;

fn read_as(component: &str, response: &Value) -> Read {
    // Decode from text, as the client does.
    let text = response.to_string();
    macro_rules! read {
        ($type:ty) => {{
            let read: $type = serde_json::from_str(&text)?;
            Ok((serde_json::to_value(&read)?, read.unreadable()))
        }};
    }
    match component {
        "ApiError" => read!(ApiError),
        "Number" => read!(Number),
        "NumberList" => read!(NumberList),
        "NumberRemoved" => read!(NumberRemoved),
        "NumberStatus" => read!(NumberStatus),
        name => panic!("add {name} to this match of tests/suite/malformed_values.rs"),
    }
}

/// Returns the component names of all response schemas.
fn responses(spec: &Value) -> Vec<String> {
    let paths = spec["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let responses = operations.flat_map(|o| o["responses"].as_object().unwrap().values());
    let schemas = responses.map(|r| &r["content"]["application/json"]["schema"]["$ref"]);
    let mut names: Vec<_> = schemas.map(component).collect();
    names.sort();
    names.dedup();
    names
}

fn component(reference: &Value) -> String {
    let reference = reference.as_str();
    let reference = reference.expect("each response in openapi.json refers to a component: move an inline schema of xtask/overlay.yaml into `components.schemas`, and write its `$ref`");
    reference.rsplit('/').next().unwrap().to_owned()
}

/// Resolves the references of a schema.
fn resolve<'a>(spec: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").or_else(|| schema["allOf"][0].get("$ref"));
    reference.map_or(schema, |r| resolve(spec, &spec["components"]["schemas"][component(r)]))
}

/// A place in a response.
#[derive(Clone, Default)]
struct Place {
    /// The JSON pointer of the place.
    pointer: String,
    /// The path reported for an invalid value; `None` if it fails the whole response.
    reported: Option<String>,
}

/// Returns a value with every known field and collects its places.
fn whole(spec: &Value, schema: &Value, place: Place, places: &mut Vec<Place>) -> Value {
    let schema = resolve(spec, schema);
    let value = match schema["type"].as_str().unwrap() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let fields = properties.map(|(name, schema)| {
                (name.clone(), whole(spec, schema, field(&place, schema, name), places))
            });
            fields.collect::<Map<_, _>>().into()
        }
        "array" => {
            let pointer = format!("{}/0", place.pointer);
            // An invalid item of an array is reported by the path of the array's field.
            let reported = place.reported.clone().or_else(|| Some(path(&pointer)));
            let item = Place { pointer, reported };
            json!([whole(spec, &schema["items"], item, places)])
        }
        "string" => schema["x-extensible-enum"].get(0).cloned().unwrap_or_else(|| "text".into()),
        "boolean" => true.into(),
        "integer" => 1.into(),
        "number" => 1.5.into(),
        other => panic!("add the schema type {other} to this match"),
    };
    places.push(place);
    value
}

fn field(parent: &Place, schema: &Value, name: &str) -> Place {
    let pointer = format!("{}/{name}", parent.pointer);
    // A missing required field invalidates its object.
    let is_optional = schema["nullable"] == true;
    let reported = if is_optional { Some(path(&pointer)) } else { parent.reported.clone() };
    Place { pointer, reported }
}

/// Returns the path of a place, such as `[0].meta.waba`.
fn path(pointer: &str) -> String {
    pointer.replace("/0", "[0]").replace('/', ".").trim_start_matches('.').to_owned()
}

#[test]
fn unexpected_type_costs_only_its_field() {
    let spec: Value = serde_json::from_str(SPEC).unwrap();
    let values = [
        json!(null),
        json!(false),
        json!("some text"),
        json!([7]),
        json!({ "a": { "b": [7] } }),
        // serde_json gives this key a special meaning under a feature that an application may
        // enable.
        json!({ "$serde_json::private::Number": "7 or so", "a": 1 }),
    ];
    let mut malformed = 0;
    for name in responses(&spec) {
        let mut places = Vec::new();
        let schema = &spec["components"]["schemas"][&name];
        let whole = whole(&spec, schema, Place::default(), &mut places);
        assert_eq!(read_as(&name, &whole).unwrap(), (whole.clone(), vec![]), "{name}");
        for (place, value) in places.iter().flat_map(|place| values.iter().map(move |v| (place, v)))
        {
            let mut sent = whole.clone();
            let at = sent.pointer_mut(&place.pointer).unwrap();
            if std::mem::discriminant(at) == std::mem::discriminant(value) {
                continue;
            }
            *at = value.clone();
            let read = read_as(&name, &sent);
            let what = format!("{name}{}: {value}", place.pointer);
            match &place.reported {
                // An optional field may be null.
                Some(_) if value.is_null() => assert!(read.is_ok(), "{what}"),
                Some(path) => assert_eq!(read.unwrap(), (sent, vec![path.clone()]), "{what}"),
                None => assert!(read.is_err(), "{what}"),
            }
            malformed += usize::from(place.reported.is_some());
        }
    }
    assert!(malformed > 200, "{malformed}");
}

#[tokio::test]
async fn number_beyond_f64_costs_only_its_field() {
    let large = "9".repeat(400);
    let body = format!(
        r#"{{"id":"text","name":-1E+400,"state":1e400,"isFullyConnected":{large},"piiRetentionDays":1e400,
            "health":1e400,"meta":{{"profile":{{"websites":[1e400]}},"waba":[{large}]}},"x":[1e400,{large}]}}"#
    );
    let server = always(Reply::json(200, body)).await;
    let number = client(&server).number("text").get().await.unwrap();
    let mut unreadable = number.unreadable();
    unreadable.sort_unstable();
    let fields = ["health", "isFullyConnected", "meta.profile.websites", "meta.waba", "name"];
    assert_eq!(unreadable, [&fields[..], &["piiRetentionDays", "state"]].concat());
    assert!(number.extra["x"].as_array().unwrap().iter().all(Value::is_number));
}

#[test]
fn invalid_list_item_is_skipped_and_reported() {
    let mut json = example();
    json["meta"]["profile"]["websites"] = json!([1, "a", null, "b", ["c"]]);
    let number = number(&json);
    let profile = number.meta.as_ref().unwrap().profile.as_ref().unwrap();
    assert_eq!(profile.websites, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(number.unreadable(), ["meta.profile.websites"]);
    assert_eq!(serde_json::to_value(&number).unwrap(), json);
    // The encoded text contains each field once.
    let text = serde_json::to_string(&number).unwrap();
    assert_eq!(text.matches("websites").count(), 1, "{text}");
}

#[test]
fn duplicate_field_takes_last_value() {
    let cases = [
        (r#"{"id":"x","name":5,"name":"a"}"#, Some("a"), json!({ "id": "x", "name": "a" })),
        (r#"{"id":"x","name":"a","name":5}"#, None, json!({ "id": "x", "name": 5 })),
        (r#"{"id":"y","name":"a","name":null,"id":"x"}"#, None, json!({ "id": "x" })),
    ];
    for (text, name, encoded) in cases {
        let number: Number = serde_json::from_str(text).unwrap();
        assert_eq!(number.name.as_deref(), name, "{text}");
        assert_eq!(serde_json::to_value(&number).unwrap(), encoded, "{text}");
    }
}

#[test]
fn numeric_id_is_read_as_text() {
    for (id, text) in [("7", "7"), ("-7", "-7"), ("18446744073709551615", "18446744073709551615")] {
        let number: Number = serde_json::from_str(&format!(r#"{{"id":{id}}}"#)).unwrap();
        assert_eq!(number.id, text);
    }
    // The digits of a larger number survive only with `arbitrary_precision`.
    let large = serde_json::from_str::<Number>(r#"{"id":18446744073709551616}"#);
    assert_eq!(large.is_ok(), cfg!(feature = "like-an-application"));
}

#[test]
fn serde_json_private_key_is_an_ordinary_key() {
    for key in [r#""$serde_json::private::Number""#, r#""$serde_json::private::RawValue""#] {
        for value in [r#""7""#, r#""x""#, "{}"] {
            let text = format!(r#"{{{key}:{value},"id":"x","y":[{{{key}:{value}}}]}}"#);
            let number: Number =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((number.unreadable().len(), number.extra.len()), (0, 2), "{text}");
            let list: NumberList =
                serde_json::from_str(&format!(r#"{{"z":{text},"data":[{text}]}}"#)).unwrap();
            assert_eq!((list.numbers.len(), list.malformed.len()), (1, 0), "{text}");
        }
    }
}
