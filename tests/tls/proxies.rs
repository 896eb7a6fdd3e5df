//! Proxy variables work as in reqwest, and a proxy never sees the key of an https request.

use std::{env, time::Duration};

use pilot_status::{Client, Error, RetryPolicy};
use support::{KEY, process};

use crate::{
    authority::{Authority, Years},
    servers::{ANSWER, Server},
};

/// The base URL for the child process.
const BASE_URL: &str = "PILOT_STATUS_TEST_BASE_URL";
/// Makes the child's `configure_http` return a new builder.
const NEW_BUILDER: &str = "PILOT_STATUS_TEST_NEW_BUILDER";

#[tokio::test]
async fn https_proxy_sees_only_host() {
    let authority = Authority::new("ours");
    let server = Server::tls(authority.server("api.example", Years(2000, 3000))).await;
    let proxy = Server::tunnel(server.address).await;
    let url = format!("http://{}", proxy.address);
    let certificate = authority.certificate();
    let client = Client::builder()
        .api_key(KEY)
        .base_url("https://api.example")
        .configure_http(move |http| {
            let proxy = reqwest::Proxy::all(url).unwrap();
            http.proxy(proxy).tls_certs_only([certificate])
        })
        .build()
        .unwrap();
    assert!(client.number("1").get().await.is_ok());
    assert!(server.heard().contains(KEY));
    let heard = proxy.heard();
    assert!(heard.starts_with("CONNECT api.example:443 HTTP/1.1\r\n"), "{heard}");
    for secret in [KEY, "x-api-key", "/numbers/", "GET"] {
        assert!(!heard.contains(secret), "{secret} in {heard}");
    }
}

#[tokio::test]
async fn refusing_proxy_error_does_not_print_password() {
    for answer in [
        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n".as_slice(),
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
    ] {
        let proxy = Server::plain(answer).await;
        let url = format!("http://user:password@{}", proxy.address);
        let client = Client::builder()
            .api_key(KEY)
            .base_url("https://api.example")
            .retry(RetryPolicy::none())
            .configure_http(|http| http.proxy(reqwest::Proxy::all(url).unwrap()))
            .build()
            .unwrap();
        let error = client.number("num_1").get().await.unwrap_err();
        assert!(error.is_connect() && error.hint().unwrap().contains("proxy"), "{error}");
        let printed = format!("{error} {error:?} {client:?}");
        assert!(!printed.contains("password") && !printed.contains(KEY), "{printed}");
        assert!(!proxy.heard().contains(KEY));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_environment_applies_except_http_to_loopback() {
    let proxy = Server::plain(ANSWER).await;
    let direct = Server::plain(ANSWER).await;
    let proxied = format!("http://{}", proxy.address);
    let port = direct.address.port();
    let loopback = &format!("http://127.0.0.1:{port}");
    let localhost = &format!("http://localhost:{port}");
    let secure = &format!("https://localhost:{port}");
    // The variables set, the base URL, and the start of the bytes the proxy receives.
    let cases: [(&[&str], &str, &str); 6] = [
        (&["https_proxy"], "https://api.example", "CONNECT api.example:443"),
        (&["ALL_PROXY"], "https://api.example", "CONNECT api.example:443"),
        (&["http_proxy"], "http://api.example", "GET http://api.example/v1/numbers/num_1"),
        (&["HTTPS_PROXY", "NO_PROXY"], secure, ""),
        (&["http_proxy"], loopback, ""),
        (&["HTTP_PROXY", "ALL_PROXY"], localhost, ""),
    ];
    let mut before = String::new();
    for (variables, base_url, expected) in cases {
        run_with(variables, &proxied, base_url, false);
        if expected.is_empty() && base_url.starts_with("http:") {
            // A new builder in `configure_http` does not enable the proxy again.
            run_with(variables, &proxied, base_url, true);
        }
        let heard = proxy.heard();
        let new = heard.strip_prefix(&before).unwrap();
        assert!(
            if expected.is_empty() { new.is_empty() } else { new.starts_with(expected) },
            "{variables:?} {base_url}: {new}"
        );
        assert_eq!(new.contains(KEY), base_url == "http://api.example", "{new}");
        before = heard;
    }
    assert_eq!(direct.heard().matches(KEY).count(), 4, "{}", direct.heard());
}

/// Makes one call in a child process with these variables set to the proxy.
fn run_with(variables: &[&str], proxy: &str, base_url: &str, is_new: bool) {
    let mut child = process::child("proxies::child_makes_one_call");
    child.env(BASE_URL, base_url);
    if is_new {
        child.env(NEW_BUILDER, "1");
    }
    for proxied in ["http", "https", "all", "no"] {
        let name = format!("{proxied}_proxy");
        child.env_remove(name.to_uppercase()).env_remove(name);
    }
    for variable in variables {
        child.env(variable, if *variable == "NO_PROXY" { "localhost" } else { proxy });
    }
    assert!(child.output().unwrap().status.success());
}

#[tokio::test]
#[ignore = "the test above runs it in child processes with other environments"]
async fn child_makes_one_call() {
    let Ok(base_url) = env::var(BASE_URL) else {
        return;
    };
    let client = Client::builder()
        .api_key(KEY)
        .base_url(base_url)
        .allow_insecure_http(true)
        .retry(RetryPolicy::none())
        .attempt_timeout(Duration::from_millis(500))
        // Resolve to loopback, so that no request leaves the machine if the proxy is ignored.
        .configure_http(|http| {
            let is_new = env::var_os(NEW_BUILDER).is_some();
            let http = if is_new { reqwest::Client::builder() } else { http };
            http.resolve("api.example", ([127, 0, 0, 1], 1).into())
        })
        .build()
        .unwrap();
    // The parent checks the result from the servers' side.
    let _: Result<_, Error> = client.number("num_1").get().await;
}
