//! What cannot work is refused before anything is sent, with a sentence that says what to do.

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, NumberId, RetryPolicy};
use support::{always, builder, client, ok};

#[test]
fn settings_that_cannot_work_are_refused_when_the_client_is_built() {
    let ok = || Client::builder().api_key("ps_1");
    let zero = Duration::ZERO;
    let cases: Vec<(ClientBuilder, &str)> = vec![
        (Client::builder(), "set PILOT_STATUS_API_KEY"),
        (Client::builder().api_key(""), "API key is empty"),
        (Client::builder().api_key_id(""), "API key id is empty"),
        (Client::builder().api_key("ps_\n1"), "copy it again"),
        (Client::builder().api_key("ps_1\r\nx-evil: 1"), "copy it again"),
        (Client::builder().api_key("ps_1 "), "copy it again"),
        (Client::builder().api_key("\"ps_1\""), "quote"),
        (Client::builder().api_key("ps_1\n"), "line break at its end"),
        (Client::builder().api_key("ps_\u{7f}"), "copy it again"),
        (Client::builder().api_key_id("ç"), "copy it again"),
        (ok().base_url("pilotstatus.com.br"), "no scheme or no host"),
        (ok().base_url("https://pilotstatus.com.br?x=1"), "query"),
        (ok().base_url("http://pilotstatus.com.br"), "allow_insecure_http"),
        (ok().retry(RetryPolicy::default().max_attempts(0)), "RetryPolicy::none()"),
        (ok().timeout(zero), "timeout is 0"),
        (ok().attempt_timeout(zero), "attempt_timeout is 0"),
        (ok().connect_timeout(zero), "connect_timeout is 0"),
        (ok().max_response_bytes(0), "max_response_bytes is 0"),
        (ok().user_agent("a\nb"), "user_agent has a line break"),
    ];
    for (builder, expected) in cases {
        let error = builder.build().unwrap_err();
        assert!(error.is_invalid_input() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
        assert_eq!((error.attempts(), error.status()), (0, None));
        assert_eq!(format!("{error:?}"), format!("{error}\n(kind invalid_input)"));
    }
    assert!(ok().base_url("http://pilotstatus.example").allow_insecure_http(true).build().is_ok());
    assert!(ok().timeout(Duration::MAX).attempt_timeout(Duration::MAX).build().is_ok());
}

#[tokio::test]
async fn ids_that_would_reach_another_resource_are_refused_before_anything_is_sent() {
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

#[tokio::test]
async fn timeouts_without_end_are_timeouts_without_end() {
    let server = always(ok()).await;
    let builder = builder(&server).timeout(Duration::MAX).attempt_timeout(Duration::MAX);
    assert!(builder.build().unwrap().number("num_1").get().await.is_ok());
}
