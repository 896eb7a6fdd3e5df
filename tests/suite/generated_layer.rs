//! The generated operations stay in reach, with the same retry under them, and their errors convert.

use std::time::Duration;

use pilot_status::Error;
use progenitor_client::Error as Generated;

use crate::support::{Reply, always, builder, client, ok, replies};

#[tokio::test]
async fn an_operation_is_retried_and_returns_status_and_headers() {
    let success = ok().with("x-request-id", "r1");
    let server = replies(vec![Reply::json(429, "{}"), success]).await;
    let client = client(&server);
    let response = client.get_numbers_id().id("num_1").refresh("1").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.id.as_str()), (200, "num_01HZX..."));
    assert_eq!(response.headers()["x-request-id"], "r1");
    assert_eq!(server.requests()[1].line, "GET /v1/numbers/num_1?refresh=1");
}

#[tokio::test]
async fn a_documented_refusal_is_progenitors_error_response() {
    let server = always(Reply::json(429, r#"{"error":"slow","code":"SLOW"}"#)).await;
    let client = builder(&server).timeout(Duration::from_secs(2)).build().unwrap();
    let error = client.get_numbers_id().id("num_1").send().await.unwrap_err();
    assert!(matches!(&error, Generated::ErrorResponse(e) if e.code.as_deref() == Some("SLOW")));
    let error = Error::from(error);
    assert!(error.is_rate_limited());
    assert_eq!((error.attempts(), error.code()), (5, Some("SLOW")));
}

#[tokio::test]
async fn every_other_failure_converts_with_what_is_known_of_it() {
    type Is = fn(&Error) -> bool;
    let cases: [(Reply, Is); 7] = [
        (Reply::json(302, ""), |e| e.status().unwrap() == 302),
        (Reply::json(418, r#"{"code":"TEAPOT"}"#), |e| e.code() == Some("TEAPOT")),
        (Reply::json(502, "<html>"), |e| e.status().unwrap() == 502 && e.attempts() == 5),
        (Reply::json(204, ""), Error::is_decode),
        (Reply::json(201, "{}"), |e| e.is_decode() && e.body() == b"{}"),
        (Reply::json(200, "[]"), |e| e.is_decode() && e.to_string().contains("found an array")),
        (Reply::Raw(Vec::new()), |e| e.is_retryable() && e.attempts() == 5),
    ];
    for (reply, is) in cases {
        let server = always(reply).await;
        let client = client(&server);
        let error = Error::from(client.get_numbers_id().id("num_1").send().await.unwrap_err());
        assert!(is(&error), "{error:?}");
    }
}

#[tokio::test]
async fn calls_can_be_spawned() {
    let server = always(ok()).await;
    let client = client(&server);
    let task = tokio::spawn(async move { client.number("num_1").get().await });
    assert!(task.await.unwrap().is_ok());
}
