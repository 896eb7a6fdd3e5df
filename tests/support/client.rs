//! A client of a server on loopback.

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, RetryPolicy};

use crate::Server;

/// The key that no test may see where it does not belong.
pub const KEY: &str = "ps_live_0123456789abcdef";

/// A client's builder for a server, with waits that are short.
pub fn builder(server: &Server) -> ClientBuilder {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(2));
    Client::builder().api_key(KEY).base_url(server.url()).retry(retry)
}

/// A client for a server, with waits that are short.
pub fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}
