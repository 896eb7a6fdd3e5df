//! An undocumented body gives a decode error with the JSON path and without the text. It never
//! panics.

use serde_json::{Value, json};
use support::{Reply, always, client, example, replies};

fn with(pointer: &str, value: Value) -> String {
    let mut json = example();
    *json.pointer_mut(pointer).unwrap() = value;
    json.to_string()
}

#[tokio::test]
async fn decode_error_names_path_and_expected_type() {
    let mut no_id = example();
    no_id.as_object_mut().unwrap().remove("id");
    let cases = [
        (with("/id", json!(null)), "at id: expected a string, found null"),
        (with("/id", json!(true)), "at id: expected a string, found a boolean"),
        (with("/id", json!(["secret"])), "at id: expected a string, found an array"),
        (with("/id", json!({ "secret": {} })), "at id: expected a string, found an object"),
        (no_id.to_string(), "at id: expected a string, found nothing"),
        ("<html>secret</html>".to_owned(), "API documents: the body is not JSON"),
        (String::new(), "API documents: the body is empty"),
        (" \n".to_owned(), "API documents: the body is empty"),
        ("{\"id\":\n\"secret".to_owned(), "the body ends too early, at line 2, column 7"),
        (r#"{"id":"secret","meta":{"#.to_owned(), "the body ends too early, at line 1, column 23"),
        (
            r#"{"id":"x","secret@example.com":{"a":tru}"#.to_owned(),
            "the body is not valid JSON at line 1, column 40",
        ),
        ("null".to_owned(), "expected an object, found null"),
        ("\"secret, expected secret\"".to_owned(), "expected an object, found a string"),
        ("[]".to_owned(), "expected an object, found an array"),
        ("{\"id\":\"secret\"} x".to_owned(), "the body is not valid JSON at line 1, column 17"),
        (
            format!(r#"{{"id":"x","new":{}"#, "[".repeat(10_000)),
            "the body is not valid JSON at line 1",
        ),
    ];
    for (body, expected) in cases {
        let server = replies(vec![Reply::json(429, "{}"), Reply::json(200, body.clone())]).await;
        let error = client(&server).number("num_1").get().await.unwrap_err();
        assert!(error.is_decode() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
        assert_eq!((error.attempts(), error.status().unwrap().as_u16()), (2, 200), "{error}");
        assert_eq!(error.body(), body.as_bytes());
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn response_with_other_id_is_returned_unchanged() {
    let server = always(Reply::json(200, r#"{"id":"other","ok":true}"#)).await;
    let number = client(&server).number("num_1");
    assert_eq!(number.get().await.unwrap().id, "other");
    assert_eq!(number.refresh().await.unwrap().id, "other");
    assert_eq!(number.status().await.unwrap().id.unwrap(), "other");
    assert!(number.delete().await.is_ok());
}
