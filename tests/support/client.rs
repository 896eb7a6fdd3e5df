//! Clients for a server on loopback.

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, RetryPolicy};

use crate::Server;

/// The API key of the tests, which may appear only in the request header.
pub const KEY: &str = "ps_live_0123456789abcdef";

/// Returns a builder for a client of this server, with a short base delay.
pub fn builder(server: &Server) -> ClientBuilder {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(2));
    Client::builder().api_key(KEY).base_url(server.url()).retry(retry)
}

pub fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}
