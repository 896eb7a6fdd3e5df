//! Invalid settings and ids are rejected before a request is sent, with an error that names the
//! fix.

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, NumberId, RetryPolicy};
use support::{always, client, ok};

#[test]
fn invalid_settings_are_rejected_by_build() {
    let ok = || Client::builder().api_key("ps_1");
    let zero = Duration::ZERO;
    let cases: Vec<(ClientBuilder, &str)> = vec![
        (Client::builder(), "set PILOT_STATUS_API_KEY"),
        (Client::builder().api_key(""), "API key is empty"),
        (Client::builder().api_key_id(""), "API key id is empty"),
        (Client::builder().api_key(" \"\" "), "API key is empty"),
        (Client::builder().api_key("ps_\n1"), "the API key contains a line break"),
        (Client::builder().api_key("ps_secret # prod"), "the API key contains white space"),
        (Client::builder().api_key("ps_\"1"), "the API key contains a quote"),
        (Client::builder().api_key("ps_\u{7f}"), "the API key contains a control character"),
        (Client::builder().api_key_id("ç"), "the API key id contains a character that is not"),
        (ok().base_url("pilotstatus.com.br"), "the base URL has no scheme"),
        (ok().base_url("http://pilotstatus.com.br"), "allow_insecure_http"),
        (ok().retry(RetryPolicy::default().max_attempts(0)), "RetryPolicy::none()"),
        (ok().timeout(zero), "timeout is 0"),
        (ok().attempt_timeout(zero), "attempt_timeout is 0"),
        (ok().connect_timeout(zero), "connect_timeout is 0"),
        (ok().max_response_bytes(0), "max_response_bytes is 0"),
        (ok().user_agent("a\nb"), "user_agent contains a line break"),
    ];
    for (builder, expected) in cases {
        let error = builder.build().unwrap_err();
        assert!(error.is_invalid_input() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
        assert_eq!((error.attempts(), error.status()), (0, None));
        assert!(!format!("{error:?}").contains("(kind"), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    assert!(ok().base_url("http://pilotstatus.example").allow_insecure_http(true).build().is_ok());
    assert!(ok().timeout(Duration::MAX).attempt_timeout(Duration::MAX).build().is_ok());
}

#[tokio::test]
async fn id_that_would_change_path_is_rejected() {
    let server = always(ok()).await;
    let client = client(&server);
    for id in ["", ".", "..", "a\nb", "\0", "\u{7f}", "\u{85}", "\t", "..\\admin", "a\\b"] {
        for error in [
            client.number(id).get().await.unwrap_err(),
            client.number(id).refresh().await.unwrap_err(),
            id.parse::<NumberId>().unwrap_err(),
        ] {
            assert!(error.is_invalid_input(), "{id:?}: {error}");
            assert!(error.to_string().contains("the number id"), "{id:?}: {error}");
        }
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn rejected_long_id_is_truncated_in_error() {
    let id = "é".repeat(100_000) + "\n1";
    let error = id.parse::<NumberId>().unwrap_err().to_string();
    assert!(error.len() < 300 && error.contains("é\"… contains a control character"), "{error}");
}
