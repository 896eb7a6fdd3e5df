//! Feature `mock`: the typed helpers answer for each documented status, and their answers are what the client reads.

use httpmock::MockServer;
use pilot_status::{
    Client, NumberId, RetryPolicy,
    mock::MockServerExt,
    types::{ApiError, Number},
};

use crate::support::{example, number};

fn client(server: &MockServer) -> Client {
    let builder = Client::builder().api_key("ps_1").base_url(server.base_url());
    builder.retry(RetryPolicy::none()).build().unwrap()
}

#[tokio::test]
async fn a_mocked_number_is_read_back() {
    let server = MockServer::start_async().await;
    let expected: Number = number(&example());
    let id = NumberId::try_from("num_1").unwrap();
    let mock = server.get_numbers_id(|when, then| {
        when.id(&id).refresh("1");
        then.ok(&expected);
    });
    assert_eq!(client(&server).number("num_1").refresh().await.unwrap(), expected);
    mock.assert();
}

#[tokio::test]
async fn every_documented_status_can_be_mocked() {
    let error: ApiError = serde_json::from_str(r#"{"error":"no","code":"NO"}"#).unwrap();
    for status in [400, 401, 402, 403, 404, 409, 429, 500, 503] {
        let server = MockServer::start_async().await;
        server.get_numbers_id(|_, then| {
            match status {
                400 => then.bad_request(&error),
                401 => then.unauthorized(&error),
                402 => then.payment_required(&error),
                403 => then.forbidden(&error),
                404 => then.not_found(&error),
                409 => then.conflict(&error),
                429 => then.too_many_requests(&error),
                status => then.server_error(status, &error),
            };
        });
        let told = client(&server).number("num_1").get().await.unwrap_err();
        assert_eq!((told.status().unwrap().as_u16(), told.code()), (status, Some("NO")));
    }
}
