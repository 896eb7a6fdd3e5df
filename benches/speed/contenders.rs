//! Three clients that fetch a number.

use pilot_status::Client;
use reqwest_middleware::ClientWithMiddleware;
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};

use crate::hand_written::Number;

const KEY: &str = "ps_live_0123456789abcdef";

/// A client that takes part in the comparison.
pub(crate) enum Contender {
    /// This crate with its defaults: retry, pacing, limits.
    Ours(Client),
    /// reqwest and a struct.
    Bare(reqwest::Client, String),
    /// reqwest and a struct, with the usual middleware for retries.
    Middleware(ClientWithMiddleware, String),
}

impl Contender {
    pub(crate) const NAMES: [&str; 3] = ["ours", "bare reqwest", "middleware"];

    pub(crate) fn new(name: &str, url: &str) -> Self {
        match name {
            "ours" => {
                let builder = Client::builder().api_key(KEY).base_url(url);
                Self::Ours(builder.build().expect("the settings are right"))
            }
            "bare reqwest" => Self::Bare(http(), url.to_owned()),
            "middleware" => Self::Middleware(with_middleware(), url.to_owned()),
            _ => panic!("no contender has the name {name}"),
        }
    }

    /// Fetches one number. Returns true on success.
    pub(crate) async fn get(&self, id: &str) -> bool {
        match self {
            Self::Ours(client) => client.number(id).get().await.is_ok(),
            Self::Bare(http, url) => bare(http, url, id).await.is_ok(),
            Self::Middleware(http, url) => middleware(http, url, id).await.is_ok(),
        }
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("reqwest has its defaults")
}

async fn bare(http: &reqwest::Client, url: &str, id: &str) -> reqwest::Result<Number> {
    let request = http.get(format!("{url}/v1/numbers/{id}")).header("x-api-key", KEY);
    request.header("accept", "application/json").send().await?.error_for_status()?.json().await
}

fn with_middleware() -> ClientWithMiddleware {
    let policy = ExponentialBackoff::builder().build_with_max_retries(4);
    let retry = RetryTransientMiddleware::new_with_policy(policy);
    reqwest_middleware::ClientBuilder::new(http()).with(retry).build()
}

async fn middleware(
    http: &ClientWithMiddleware,
    url: &str,
    id: &str,
) -> reqwest_middleware::Result<Number> {
    let request = http.get(format!("{url}/v1/numbers/{id}")).header("x-api-key", KEY);
    let response = request.header("accept", "application/json").send().await?;
    Ok(response.error_for_status()?.json().await?)
}
