//! What the examples share: a client of the API, or without a credential of a server of their own.

use std::{env, error::Error};

use pilot_status::Client;
use support::{Reply, Request, Server};

/// A client of the API with the credential of the environment; without one, of a server that
/// answers as told, which is returned to be kept alive.
pub(crate) async fn client(
    answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
) -> Result<(Client, Option<Server>), Box<dyn Error>> {
    let credentials = ["PILOT_STATUS_API_KEY", "PILOT_STATUS_API_KEY_ID"];
    if credentials.iter().any(|name| env::var_os(name).is_some_and(|v| !v.is_empty())) {
        return Ok((Client::from_env()?, None));
    }
    let server = Server::start(answer).await?;
    eprintln!("PILOT_STATUS_API_KEY is not set: asking a server of this example, {}", server.url());
    let client = Client::builder().api_key("ps_example").base_url(server.url()).build()?;
    Ok((client, Some(server)))
}
