//! What the tests share.

#[allow(dead_code, reason = "the benchmarks use more of it")]
#[path = "../../examples/support/server.rs"]
pub(crate) mod server;

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, RetryPolicy, types::Number};
use serde_json::Value;

pub(crate) use server::{Reply, Server};

pub(crate) const KEY: &str = "ps_live_0123456789abcdef";

/// A client's builder for a server, with waits that are short.
pub(crate) fn builder(server: &Server) -> ClientBuilder {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(2));
    Client::builder().api_key(KEY).base_url(server.url()).retry(retry)
}

pub(crate) fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}

/// A server that gives these replies in turn, and the last one from then on.
pub(crate) async fn replies(replies: Vec<Reply>) -> Server {
    Server::start(move |n, _| replies[n.min(replies.len() - 1)].clone()).await.unwrap()
}

/// A server that always gives this reply.
pub(crate) async fn always(reply: Reply) -> Server {
    replies(vec![reply]).await
}

/// The documented answer.
pub(crate) fn ok() -> Reply {
    Reply::json(200, example().to_string())
}

/// The example of a number in the documentation.
pub(crate) fn example() -> Value {
    let spec: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    spec["paths"]["/v1/numbers/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["example"]
        .clone()
}

pub(crate) fn number(json: &Value) -> Number {
    serde_json::from_value(json.clone()).unwrap()
}
