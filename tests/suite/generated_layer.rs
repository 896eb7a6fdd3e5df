//! The generated operations are available through `raw`, with the same retries.

use std::time::Duration;

use pilot_status::{NumberId, raw};
use progenitor_client::{ClientInfo, Error as Generated};
use support::{Reply, always, builder, client, ok, replies};

fn id() -> NumberId {
    "num_1".parse().unwrap()
}

#[tokio::test]
async fn raw_operation_retries_and_returns_status_and_headers() {
    let success = ok().with("x-request-id", "r1");
    let server = replies(vec![Reply::json(429, "{}"), success]).await;
    let client = client(&server);
    let response = client.raw().get_numbers_id(&id(), Some("1")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.id.as_str()), (200, "num_1"));
    assert_eq!(response.headers()["x-request-id"], "r1");
    assert_eq!(server.requests()[1].line, "GET /v1/numbers/num_1?refresh=1");
}

#[tokio::test]
async fn server_reads_the_body_of_a_request() {
    let server = always(ok()).await;
    for body in ["one", "two"] {
        reqwest::Client::new().post(server.url()).body(body).send().await.unwrap();
        assert_eq!(server.requests().last().unwrap().body, body);
    }
}

#[tokio::test]
async fn raw_failure_has_documented_variant() {
    type Is = fn(&raw::Error) -> bool;
    let documented = r#"{"error":"slow","code":"SLOW"}"#;
    let cases: [(Reply, Is); 9] = [
        (
            Reply::json(404, documented),
            |e| matches!(e, Generated::ErrorResponse(e) if e.code.as_deref() == Some("SLOW")),
        ),
        (Reply::json(503, documented), |e| matches!(e, Generated::ErrorResponse(_))),
        (Reply::json(502, "<html>"), |e| matches!(e, Generated::InvalidResponsePayload(..))),
        (Reply::json(302, ""), |e| matches!(e, Generated::UnexpectedResponse(_))),
        (Reply::json(418, "{}"), |e| matches!(e, Generated::UnexpectedResponse(_))),
        (Reply::json(201, "{}"), |e| matches!(e, Generated::UnexpectedResponse(_))),
        (Reply::json(200, "[]"), |e| matches!(e, Generated::InvalidResponsePayload(..))),
        (Reply::Raw(Vec::new()), |e| matches!(e, Generated::CommunicationError(_))),
        (Reply::Silence, |e| matches!(e, Generated::Custom(why) if why.contains("timeout"))),
    ];
    for (reply, is) in cases {
        let server = always(reply).await;
        let client = builder(&server).timeout(Duration::from_millis(500)).build().unwrap();
        let error = client.raw().get_numbers_id_status(&id()).await.unwrap_err();
        assert!(is(&error), "{error:?}");
    }
}

#[tokio::test]
async fn raw_client_for_other_host_sends_nothing() {
    let (ours, other) = (always(ok()).await, always(ok()).await);
    let inner = client(&ours).raw().inner().clone();
    let raw = raw::Client::new(&ours.url(), inner.clone());
    assert!(raw.get_numbers_id(&id(), None).await.is_ok());
    let raw = raw::Client::new(&other.url(), inner);
    let error = raw.get_numbers_id(&id(), None).await.unwrap_err();
    assert!(matches!(error, Generated::InvalidRequest(_)), "{error:?}");
    assert_eq!((ours.requests().len(), other.requests().len()), (1, 0));
}
