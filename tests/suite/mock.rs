//! Feature `mock`: the typed helpers cover each documented status, and the client reads their
//! responses.

use std::time::Duration;

use httpmock::MockServer;
use pilot_status::{
    Client, RetryPolicy,
    mock::{self, Answer, MockServerExt, WhenId},
    types::{ApiError, ConnectionState},
};

fn client(server: &MockServer) -> Client {
    let builder = Client::builder().api_key("ps_1").base_url(server.base_url());
    builder.retry(RetryPolicy::none()).build().unwrap()
}

#[tokio::test]
async fn every_documented_status_can_be_mocked() {
    let body: ApiError = serde_json::from_str(r#"{"error":"no","code":"NO"}"#).unwrap();
    for status in [400, 401, 402, 403, 404, 409, 429, 500, 503] {
        let server = MockServer::start_async().await;
        server.get_numbers_id(|_, then| {
            match status {
                400 => then.bad_request(&body),
                401 => then.unauthorized(&body),
                402 => then.payment_required(&body),
                403 => then.forbidden(&body),
                404 => then.not_found(&body),
                409 => then.conflict(&body),
                429 => then.too_many_requests(&body),
                status => then.server_error(status, &body),
            };
        });
        let second = Some(Duration::from_secs(1));
        let made = mock::status_error(status, Some("NO"), second);
        for error in [&client(&server).number("num_1").get().await.unwrap_err(), &made] {
            assert_eq!((error.status().unwrap().as_u16(), error.code()), (status, Some("NO")));
        }
        assert_eq!(made.retry_after(), second.filter(|_| [429, 500, 503].contains(&status)));
    }
}

#[tokio::test]
async fn mock_matches_id_literally_and_percent_encoded() {
    for (id, other) in [("num.1", "num_1"), ("a/b", "a"), ("(x", "x"), ("ç+ %", "ç")] {
        let server = MockServer::start_async().await;
        let mut number = mock::number();
        id.clone_into(&mut number.id);
        server.get_numbers_id(|when, then| {
            when.number(id);
            then.ok(&number);
        });
        let client = client(&server);
        assert!(client.number(id).get().await.is_ok(), "{id}");
        assert!(client.number(other).get().await.unwrap_err().is_not_found(), "{other}");
    }
}

#[tokio::test]
async fn fixtures_match_their_names_and_schema() {
    let cases = [
        (mock::number(), true, "ready"),
        (mock::qr_number(), false, "ready"),
        (mock::blocked_number(), true, "blocked: status BANNED"),
        (mock::red_number(), true, "degraded: quality RED"),
    ];
    for (number, is_meta, readiness) in cases {
        assert_eq!(
            (number.is_meta(), number.readiness().to_string().as_str()),
            (is_meta, readiness)
        );
        assert!(number.extra.is_empty() && number.meta.is_none_or(|m| m.extra.is_empty()));
    }
}

#[tokio::test]
async fn rate_limited_mock_rejects_every_nth_request() {
    let server = MockServer::start_async().await;
    let mock = mock::rate_limited(&server, 4, "0");
    let client = mock::client(&server).unwrap();
    for id in ["num 1", "100%", "%41", "a/b", "a+b", "ç", "a?b#c", "\u{ff11}"] {
        assert_eq!(client.number(id).get().await.unwrap().id, id);
    }
    assert_eq!((mock.calls(), client.stats().rejected), (10, 2));
}

#[test]
fn mock_snapshot_is_dated_now_by_default() {
    let now = chrono::Utc::now();
    assert!(mock::number().snapshot_age(now).unwrap().as_secs() < 60);
    let date = now - chrono::TimeDelta::hours(2);
    assert_eq!(mock::number_at(date).snapshot_age(now).unwrap().as_secs() / 60, 120);
}

#[tokio::test]
async fn sequence_of_list_status_and_removal_is_answered_in_turn() {
    let server = MockServer::start_async().await;
    let list = mock::number_list([mock::summary("a", "+55 11 98888-7777"), mock::summary("b", "")]);
    let answers = [
        Answer::error(503, ""),
        Answer::ok(&list),
        Answer::ok(&mock::status(ConnectionState::Connecting)),
        Answer::ok(&mock::status(ConnectionState::Open)),
        Answer::ok(&mock::removed()),
    ];
    let sequence = mock::sequence(&server, answers);
    let client = mock::client(&server).unwrap();
    assert_eq!(client.find_number("+5511988887777").await.unwrap().unwrap().id, "a");
    let number = client.number("a");
    assert!(number.wait_until_open(Duration::from_secs(60)).await.unwrap().is_open());
    // The last answer is repeated.
    for _ in 0..2 {
        assert!(number.delete().await.unwrap().restorable_until().is_some());
    }
    sequence.assert_calls(6);
}
