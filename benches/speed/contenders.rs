//! Two clients that fetch a number.

use pilot_status::Client;

use crate::hand_written::Number;

const KEY: &str = "ps_live_0123456789abcdef";

/// A client that takes part in the comparison.
pub(crate) enum Contender {
    /// This crate with its defaults: retry, pacing, limits.
    Ours(Client),
    /// reqwest and a struct.
    Bare(reqwest::Client, String),
}

impl Contender {
    pub(crate) const NAMES: [&str; 2] = ["ours", "bare reqwest"];

    pub(crate) fn new(name: &str, url: &str) -> Self {
        match name {
            "ours" => {
                let builder = Client::builder().api_key(KEY).base_url(url);
                Self::Ours(builder.build().expect("the settings are right"))
            }
            "bare reqwest" => {
                let http = reqwest::Client::builder().no_proxy().build();
                Self::Bare(http.expect("reqwest has its defaults"), url.to_owned())
            }
            _ => panic!("no contender has the name {name}"),
        }
    }

    /// Fetches one number. Returns true on success.
    pub(crate) async fn get(&self, id: &str) -> bool {
        match self {
            Self::Ours(client) => client.number(id).get().await.is_ok(),
            Self::Bare(http, url) => bare(http, url, id).await.is_ok(),
        }
    }
}

async fn bare(http: &reqwest::Client, url: &str, id: &str) -> reqwest::Result<Number> {
    let request = http.get(format!("{url}/v1/numbers/{id}")).header("x-api-key", KEY);
    request.header("accept", "application/json").send().await?.error_for_status()?.json().await
}
