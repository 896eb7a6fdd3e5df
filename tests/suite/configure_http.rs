//! Guarantees that `configure_http` cannot override.

use std::time::{Duration, Instant};

use pilot_status::{ClientBuilder, RetryPolicy};
use reqwest::header::{HeaderMap, HeaderValue};
use support::{KEY, Reply, always, builder, ok};

/// Sets every option that could expose the key or disable a limit.
fn reckless(builder: ClientBuilder) -> ClientBuilder {
    builder.configure_http(|http| {
        let other_key = HeaderMap::from_iter([
            ("x-api-key".parse().unwrap(), HeaderValue::from_static("other")),
            ("api-version".parse().unwrap(), HeaderValue::from_static("other")),
        ]);
        http.redirect(reqwest::redirect::Policy::limited(5))
            .referer(true)
            .https_only(false)
            .connection_verbose(true)
            .default_headers(other_key)
            .timeout(Duration::from_secs(60))
            .read_timeout(Duration::from_secs(60))
            .connect_timeout(Duration::from_secs(60))
    })
}

#[tokio::test]
async fn configure_http_cannot_enable_redirects() {
    let elsewhere = always(ok()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url();
        let server = always(Reply::json(status, "").with("location", location.clone())).await;
        let client = reckless(builder(&server)).build().unwrap();
        let error = client.number("num_1").get().await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(error.hint().unwrap().contains("redirects are not followed"));
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn configure_http_cannot_change_key_or_referer() {
    let server = always(ok()).await;
    reckless(builder(&server)).build().unwrap().number("num_1").get().await.unwrap();
    let request = server.requests().pop().unwrap();
    let keys: Vec<_> = request.headers.iter().filter(|(name, _)| name == "x-api-key").collect();
    assert_eq!(keys, [&("x-api-key".to_owned(), KEY.to_owned())]);
    assert_eq!(request.header("referer"), None);
}

#[tokio::test]
async fn configure_http_cannot_disable_timeout() {
    let server = always(Reply::Silence).await;
    let limited =
        builder(&server).attempt_timeout(Duration::from_millis(50)).retry(RetryPolicy::none());
    let start = Instant::now();
    let error = reckless(limited).build().unwrap().number("num_1").get().await.unwrap_err();
    assert!(error.is_timeout() && start.elapsed() < Duration::from_secs(5), "{error}");
}

#[tokio::test]
async fn configure_http_cannot_add_retries() {
    let server = always(Reply::json(503, "{}")).await;
    let retrying = builder(&server).retry(RetryPolicy::none()).configure_http(|http| {
        let retry = reqwest::retry::for_host("127.0.0.1").max_retries_per_request(3).no_budget();
        http.retry(retry.classify_fn(|answer| match answer.status() {
            Some(status) if status.is_success() => answer.success(),
            _ => answer.retryable(),
        }))
    });
    let error = retrying.build().unwrap().number("num_1").delete().await.unwrap_err();
    assert_eq!((error.attempts(), server.requests().len()), (1, 1));
}
