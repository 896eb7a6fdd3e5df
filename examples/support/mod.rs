//! What the examples share: a client of the API, or without a credential of a server of their own.

#[allow(dead_code, reason = "the tests use more of it than the examples")]
mod server;

use std::{env, error::Error};

use pilot_status::Client;
use server::{Reply, Server};

/// The client, and the server that it needs to be kept for it, if any.
pub(crate) async fn client() -> Result<(Client, Option<Server>), Box<dyn Error>> {
    let credentials = ["PILOT_STATUS_API_KEY", "PILOT_STATUS_API_KEY_ID"];
    if credentials.iter().any(|name| env::var_os(name).is_some_and(|v| !v.is_empty())) {
        return Ok((Client::from_env()?, None));
    }
    let example = documented_example()?;
    let server = Server::start(move |n, request| {
        let reply = if n == 0 {
            Reply::json(429, r#"{"error":"Too many requests"}"#).with("retry-after", "1")
        } else {
            Reply::json(200, example.clone())
        };
        eprintln!("{} -> {}", request.line, if n == 0 { "429, Retry-After: 1" } else { "200" });
        reply
    })
    .await?;
    eprintln!("PILOT_STATUS_API_KEY is not set: asking a server of this example, {}", server.url());
    let client = Client::builder().api_key("ps_example").base_url(server.url()).build()?;
    Ok((client, Some(server)))
}

fn documented_example() -> Result<String, Box<dyn Error>> {
    let spec: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let example = "/paths/~1v1~1numbers~1{id}/get/responses/200/content/application~1json/example";
    Ok(spec.pointer(example).ok_or("openapi.json has no example")?.to_string())
}
