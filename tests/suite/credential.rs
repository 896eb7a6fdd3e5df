//! The key is sent in its own header and never printed.

use std::time::Duration;

use support::{Reply, always, builder, client, ok};

#[tokio::test]
async fn last_credential_set_is_sent() {
    let server = always(ok()).await;
    let cases = [
        (builder(&server).api_key_id("i").api_key("ps_1"), ("x-api-key", "ps_1"), "x-api-key-id"),
        (builder(&server).api_key_id("id_1"), ("x-api-key-id", "id_1"), "x-api-key"),
    ];
    for (builder, (name, value), absent) in cases {
        builder.build().unwrap().number("num_1").get().await.unwrap();
        let request = server.requests().pop().unwrap();
        assert_eq!(request.header(name), Some(value));
        for absent in [absent, "authorization", "api-version", "cookie", "referer"] {
            assert_eq!(request.header(absent), None, "{absent}");
        }
        assert_eq!(request.header("accept"), Some("application/json"));
    }
}

#[tokio::test]
async fn user_agent_names_application_before_crate() {
    let server = always(ok()).await;
    let own = concat!("pilot-status/", env!("CARGO_PKG_VERSION"));
    client(&server).number("num_1").get().await.unwrap();
    builder(&server).user_agent("my-app/1.0").build().unwrap().number("num_1").get().await.unwrap();
    let agents: Vec<_> =
        server.requests().iter().map(|r| r.header("user-agent").unwrap().to_owned()).collect();
    assert_eq!(agents, [own.to_owned(), format!("my-app/1.0 {own}")]);
}

#[tokio::test]
async fn key_in_response_is_not_printed() {
    let codes = [
        r#"{"code":"SECRET_KEY"}"#,
        r#"{"code":"SECRET\u005fKEY"}"#,
        r#"{"error":{"code":"\u0053ECRET_KEY"}}"#,
        r#"{"code":"A_SECRET_KEY_1"}"#,
    ];
    // Fields of a body that cannot be decoded.
    let fields = [
        r#"{"id":"a","SECRET_KEY":{"b":tru}}"#,
        r#"{"id":"a","secret_key":{"b":tru}}"#,
        r#"{"id":"a","x_secret_key":{"b":tru}}"#,
    ];
    for body in codes.into_iter().chain(fields) {
        for (status, key) in [(401, "SECRET_KEY"), (200, "SECRET_KEY"), (401, "secret_key")] {
            let server = always(Reply::json(status, body)).await;
            let client = builder(&server).api_key_id(key).build().unwrap();
            let error = client.number("num_1").get().await.unwrap_err();
            let has_code = error.code().is_some_and(|code| code.contains("SECRET_KEY"));
            assert_eq!(has_code, codes.contains(&body), "{status} {body}: code() returns the code");
            assert_eq!(error.is_decode(), status == 200 && !has_code, "{status} {body}: {error}");
            let change = client.numbers(["num_1"]).watch(Duration::from_secs(60)).next().await;
            let change = change.unwrap();
            let json = serde_json::to_string(&change).unwrap();
            let printed = format!("{error} {error:?} {change} {json}").to_ascii_uppercase();
            assert!(!printed.contains("SECRET"), "{status} {body}: {printed}");
        }
    }
}
