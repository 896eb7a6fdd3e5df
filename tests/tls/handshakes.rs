//! The key is sent only to a server with a valid certificate for the host of the base URL.

use std::{net::SocketAddr, time::Duration};

use pilot_status::{Client, Error, RetryPolicy, types::Number};
use support::KEY;
#[cfg(feature = "with-native-tls")]
use support::hostile::{Hostile, Protocol, Step};

use crate::{
    authority::{Authority, Years},
    servers::Server,
};

const NOW: Years = Years(2000, 3000);

/// A `ServerHello` of RFC 4346: version 3.2, 32 bytes of random, no session,
/// `TLS_RSA_WITH_AES_128_CBC_SHA`, no compression.
const TLS_1_1: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
    rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00";

type Configure = fn(reqwest::ClientBuilder, reqwest::Certificate) -> reqwest::ClientBuilder;

/// Returns a client that trusts the authority and connects to the server as `localhost`.
fn client(authority: &Authority, server: SocketAddr, configure: Configure) -> Client {
    let certificate = authority.certificate();
    Client::builder()
        .api_key(KEY)
        .base_url(format!("https://localhost:{}", server.port()))
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .configure_http(move |http| configure(http.no_proxy(), certificate))
        .build()
        .unwrap()
}

/// Makes a call with the TLS library of the crate's feature.
async fn call(authority: &Authority, server: &Server) -> Result<Number, Error> {
    let client = client(authority, server.address, |http, ours| http.tls_certs_only([ours]));
    client.number("1").get().await
}

#[tokio::test]
async fn http2_is_negotiated_only_with_its_feature() {
    let authority = Authority::new("ours");
    let mut config = (*authority.server("localhost", NOW)).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Server::tls(config.into()).await;
    let answered = call(&authority, &server).await.is_ok();
    // The server offers h2 but can answer only in HTTP/1.1.
    let has_http_2 = cfg!(feature = "like-an-application");
    let begin = if has_http_2 { "PRI * HTTP/2.0\r\n" } else { "GET /v1/numbers/1 HTTP/1.1\r\n" };
    assert!(server.heard().starts_with(begin), "{}", server.heard());
    assert_eq!(answered, !has_http_2);
}

#[tokio::test]
async fn failed_handshake_is_final_and_hides_key() {
    let (ours, other) = (Authority::new("ours"), Authority::new("another"));
    let cases = [
        (Server::tls(other.server("localhost", NOW)).await, "UnknownIssuer"),
        (Server::tls(ours.server("localhost", Years(2000, 2001))).await, "expired"),
        (Server::tls(ours.server("localhost", Years(2999, 3000))).await, "not valid yet"),
        (Server::tls(ours.server("other.example", NOW)).await, "not valid for name"),
        (Server::plain(TLS_1_1).await, "ServerDoesNotSupportTls12Or13"),
        (Server::plain(b"HTTP/1.1 400 -\r\ncontent-length: 0\r\n\r\n").await, "corrupt message"),
    ];
    for (server, why) in cases {
        assert_refused(&call(&ours, &server).await.unwrap_err(), &server, why);
    }
}

/// Checks the same guarantee with native-tls as the only TLS backend.
#[tokio::test]
#[cfg(feature = "with-native-tls")]
async fn native_tls_retries_cut_connection_not_bad_certificate() {
    let (ours, other) = (Authority::new("ours"), Authority::new("another"));
    let call = async |server: SocketAddr| {
        let native: Configure = |http, ours| http.tls_backend_native().tls_certs_merge([ours]);
        client(&ours, server, native).number("1").get().await
    };
    let server = Server::tls(ours.server("localhost", NOW)).await;
    assert!(call(server.address).await.is_ok());

    let server = Server::tls(other.server("localhost", NOW)).await;
    let error = call(server.address).await.unwrap_err();
    assert_refused(&error, &server, "certificate verify failed");

    for script in [vec![Step::Await, Step::Close], vec![Step::Await, Step::Reset]] {
        let server = Hostile::start(Protocol::Http1, move |_, _| script.clone()).unwrap();
        let error = call(server.address).await.unwrap_err();
        assert!(error.is_connect() && error.is_retryable(), "{error}");
        assert_eq!(error.attempts(), 5, "{error}");
    }
}

/// Asserts that the error names the cause, the host and the fix, that no attempt was repeated, and
/// that the server received no key.
fn assert_refused(error: &Error, server: &Server, why: &str) {
    let heard = server.heard();
    assert!(!heard.contains(KEY) && !heard.contains("GET"), "{heard}");
    let text = error.to_string();
    let host = format!("https://localhost:{}", server.address.port());
    assert!(text.contains(&host) && text.contains(why), "{text}: no {why}");
    assert!(error.hint().unwrap().contains("certificate"), "{:?}", error.hint());
    assert!(error.is_connect() && !error.is_retryable());
    assert_eq!(error.attempts(), 1, "{text}");
}
