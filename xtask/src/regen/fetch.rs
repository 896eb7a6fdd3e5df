//! Pages from the network: whole and from where they were asked for, within limits, or an error
//! that says why not.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};

/// The time for everything.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// The size of the body, in bytes: enough for any page of documentation.
const SIZE: usize = 8 * 1024 * 1024;
const REDIRECTS: usize = 5;

pub(crate) fn fetch(url: &str, timeout: Duration) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(get(url, timeout)).with_context(|| url.to_owned())
}

async fn get(url: &str, timeout: Duration) -> Result<String> {
    let client = Client::builder().timeout(timeout).redirect(Policy::custom(redirect)).build()?;
    // The error's own text would repeat the address.
    let mut response = client.get(url).send().await.map_err(reqwest::Error::without_url)?;
    let status = response.status();
    ensure!(status.is_success(), "expected the page, found the status {status}");
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() <= SIZE, "expected at most {SIZE} bytes, found more");
    }
    String::from_utf8(bytes).context("expected text in UTF-8")
}

/// Follows redirects inside one origin; another host may be another vendor.
fn redirect(attempt: Attempt) -> reqwest::redirect::Action {
    let (target, previous) = (attempt.url().clone(), attempt.previous().to_vec());
    if previous.len() > REDIRECTS {
        return attempt.error(format!("expected at most {REDIRECTS} redirects"));
    }
    if previous.last().is_some_and(|from| from.origin() == target.origin()) {
        attempt.follow()
    } else {
        attempt.error(format!("expected no redirect to another host, found one to {target}"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::fetch;

    #[test]
    fn fetch_from_silent_server_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let error = format!("{:#}", fetch(&url, Duration::from_millis(500)).unwrap_err());
        assert!(error.starts_with(&url) && error.contains("timed out"), "{error}");
    }
}
