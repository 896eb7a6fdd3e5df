//! Systems without root certificates, such as slim containers.

use pilot_status::{Client, ClientBuilder};
use support::{KEY, process};

use crate::{
    authority::Authority,
    servers::{ANSWER, Server},
};

fn builder(base_url: &str) -> ClientBuilder {
    Client::builder().api_key(KEY).base_url(base_url).allow_insecure_http(true)
}

#[test]
fn missing_certificate_store_error_has_hint() {
    let mut child = process::child("store::child_without_certificate_store");
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        child.env(name, "/nowhere/certificates");
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
#[ignore = "the test above runs it in a child process without certificates"]
async fn child_without_certificate_store() {
    if !process::is_child() {
        return;
    }
    for base_url in ["https://api.example", "http://api.example", "https://localhost:1"] {
        let error = builder(base_url).build().unwrap_err();
        let text = "cannot build the HTTP client: this system has no CA certificates";
        assert!(error.to_string().starts_with(text), "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("ca-certificates") && hint.contains("SSL_CERT_FILE"), "{hint}");
        assert!(error.is_invalid_input() && !error.is_retryable());
    }
    // A client with its own root certificate needs no system store.
    let certificate = Authority::new("ours").certificate();
    let own = builder("https://api.example");
    assert!(own.configure_http(|http| http.tls_certs_only([certificate])).build().is_ok());

    let server = Server::plain(ANSWER).await;
    let loopback = || builder(&format!("http://{}", server.address));
    for client in [loopback(), loopback().configure_http(|_| reqwest::Client::builder())] {
        assert_eq!(client.build().unwrap().number("1").get().await.unwrap().id, "1");
    }
}
