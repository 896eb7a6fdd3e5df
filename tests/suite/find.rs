//! Numbers are found by phone number in every known shape of the list.

use pilot_status::{ErrorKind, types::ConnectionState};
use serde_json::{Value, json};
use support::{Reply, always, client, replies};

fn list() -> Value {
    json!([
        {
            "id": "num_1", "instanceName": "a", "number": "5511999999999", "name": "Support", "provider": "META",
            "apiKeys": [{ "name": "k", "keyPrefix": "ps_", "keyLast4": "1234" }], "state": "OPEN",
            "isFullyConnected": true, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
        },
        { "id": "num_2", "number": "+55 21 8888-8888", "state": "close", "primaryLink": { "state": "OPEN" } },
        { "id": 3, "number": 551_188_887_777_u64 },
    ])
}

#[tokio::test]
async fn list_is_decoded_in_every_known_shape() {
    let wrapped = |name: &str| json!({ name: list(), "total": 3 });
    for body in [list(), wrapped("data"), wrapped("numbers")] {
        let server = always(Reply::json(200, body.to_string())).await;
        let client = client(&server);
        let numbers = client.list_numbers().await.unwrap();
        let ids: Vec<_> = numbers.iter().map(|number| number.id.as_str()).collect();
        assert_eq!(ids, ["num_1", "num_2", "3"], "{body}");
        assert_eq!(numbers[1].state, Some(ConnectionState::Close));
        assert!(numbers[0].extra.is_empty() && numbers[0].unreadable().is_empty());
        assert_eq!(server.requests()[0].line, "GET /v1/numbers");
        let raw = client.raw().get_numbers().await.unwrap().into_inner();
        assert_eq!(raw.numbers, numbers);
        assert_eq!(raw.unreadable(), ["[2].number"]);
        assert_eq!(raw.extra.get("total").is_some(), body.is_object());
    }
}

#[tokio::test]
async fn invalid_list_item_is_retained_and_others_decode() {
    let body =
        json!([7, { "id": "a", "apiKeys": [1] }, null, { "number": "1" }, { "id": "b" }, "x"]);
    let server = always(Reply::json(200, body.to_string())).await;
    let client = client(&server);
    let ids: Vec<_> = client.list_numbers().await.unwrap().into_iter().map(|n| n.id).collect();
    assert_eq!(ids, ["a", "b"]);
    let list = client.raw().get_numbers().await.unwrap().into_inner();
    assert_eq!(list.unreadable(), ["[0]", "[1].apiKeys", "[2]", "[3]", "[5]"]);
    assert_eq!(serde_json::to_value(&list).unwrap(), body);
}

#[tokio::test]
async fn empty_list_is_valid_and_missing_is_error() {
    let server = always(Reply::json(200, "[]")).await;
    assert_eq!(client(&server).list_numbers().await.unwrap(), []);
    assert_eq!(client(&server).find_number("+1").await.unwrap(), None);
    for body in ["{}", "null", "7", r#"{"data":{}}"#, r#"{"id":"num_1"}"#, "[", ""] {
        let server = always(Reply::json(200, body)).await;
        let error = client(&server).list_numbers().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(error.to_string().starts_with("the list of numbers: "), "{error}");
    }
}

#[tokio::test]
async fn find_number_compares_digits_and_prefers_exact() {
    let numbered = |numbers: [&str; 2]| {
        let [first, second] = numbers;
        json!([{ "id": "first", "number": first }, { "id": "second", "number": second }])
    };
    let with_and_without_ninth = numbered(["5511999999999", "551199999999"]);
    let without_country_code = numbered(["11999999999", "5511999999999"]);
    let cases = [
        (list(), "+55 11 99999-9999", Some("num_1")),
        (list(), "5521988888888", Some("num_2")),
        (list(), "5511988887777", Some("3")),
        (list(), "5511999999990", None),
        (with_and_without_ninth.clone(), "+5511999999999", Some("first")),
        (with_and_without_ninth, "+551199999999", Some("second")),
        // A number that is stored without a country code matches only the same digits.
        (without_country_code, "11 99999-9999", Some("first")),
    ];
    for (list, phone, expected) in cases {
        let server = always(Reply::json(200, list.to_string())).await;
        let found = client(&server).find_number(phone).await.unwrap();
        assert_eq!(found.map(|number| number.id).as_deref(), expected, "{phone} in {list}");
    }
}

#[tokio::test]
async fn phone_number_without_digits_or_country_code_is_rejected() {
    let server = always(Reply::json(200, list().to_string())).await;
    let cases = [("my number", "has no digit", 0), ("(11) 8888-7777", "has no country code", 1)];
    for (phone, expected, requests) in cases {
        let error = client(&server).find_number(phone).await.unwrap_err();
        assert!(error.is_invalid_input(), "{phone}: {error}");
        assert!(error.to_string().contains(expected), "{phone}: {error}");
        assert_eq!(server.requests().len(), requests, "{phone}");
    }
}

#[tokio::test]
async fn ambiguous_phone_number_error_lists_ids() {
    let body = json!([
        { "id": "num_1", "number": "5511999999999" },
        { "id": "num_2", "number": "+55 11 99999-9999" },
        { "id": "num_1", "number": "5511999999999" },
        { "id": "num_3", "number": "5511999999998" },
    ]);
    let server = replies(vec![Reply::json(500, "{}"), Reply::json(200, body.to_string())]).await;
    let error = client(&server).find_number("+5511999999999").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Ambiguous, 2));
    assert!(
        error.to_string().ends_with("several numbers have this phone number: ids num_1, num_2"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("99999"), "{error:?}");
    assert!(error.hint().unwrap().contains("use the id"), "{:?}", error.hint());
    assert_eq!(error.candidates(), ["num_1", "num_2"]);
}

#[tokio::test]
async fn forbidden_list_error_hints_at_tenant_key() {
    for (body, hint) in [
        ("{}", "needs the tenant's key"),
        (r#"{"error":"x","code":"NUMBER_SCOPE_NOT_ALLOWED"}"#, "scoped to one number"),
    ] {
        let server = replies(vec![Reply::json(403, body)]).await;
        let error = client(&server).list_numbers().await.unwrap_err();
        assert!(error.is_forbidden() && error.hint().unwrap().contains(hint), "{error:?}");
    }
}
