//! Pages from the network: whole and from where they were asked for, within limits, or an error
//! that says why not.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};

/// The time for everything and the size of the body: enough for any page of documentation.
pub(crate) const LIMITS: (Duration, usize) = (Duration::from_secs(30), 8 * 1024 * 1024);
const REDIRECTS: usize = 5;

pub(crate) fn fetch(url: &str, limits: (Duration, usize)) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(get(url, limits)).with_context(|| url.to_owned())
}

async fn get(url: &str, (total, size): (Duration, usize)) -> Result<String> {
    let client = Client::builder().timeout(total).redirect(Policy::custom(redirect)).build()?;
    // The error's own text would repeat the address.
    let mut response = client.get(url).send().await.map_err(reqwest::Error::without_url)?;
    let status = response.status();
    ensure!(status.is_success(), "expected the page, found the status {status}");
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        bytes.extend_from_slice(&chunk);
        ensure!(bytes.len() <= size, "expected at most {size} bytes, found more");
    }
    String::from_utf8(bytes).context("expected text in UTF-8")
}

/// Follows redirects inside one origin; another host may be another vendor.
fn redirect(attempt: Attempt) -> reqwest::redirect::Action {
    let (target, previous) = (attempt.url().clone(), attempt.previous().to_vec());
    if previous.len() > REDIRECTS {
        return attempt.error(format!("expected at most {REDIRECTS} redirects"));
    }
    let same = previous.last().is_some_and(|from| from.origin() == target.origin());
    if same {
        attempt.follow()
    } else {
        attempt.error(format!("expected no redirect to another host, found one to {target}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::fetch;

    const LIMITS: (Duration, usize) = (Duration::from_millis(500), 100);

    /// A server that gives these answers in their order, one a connection, and then falls silent;
    /// its address.
    fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> =
            answers.into_iter().map(|answer| answer.replace("SELF", &address)).collect();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer.as_bytes());
            }
            thread::park();
        });
        address
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
    }

    #[test]
    fn fetch_follows_redirects_of_the_same_host() {
        let moved = answer("301 Moved", "location: SELF/new\r\n", "");
        let url = server(vec![moved, answer("200 OK", "", "# Título")]);
        assert_eq!(fetch(&url, LIMITS).unwrap(), "# Título");
    }

    #[test]
    fn fetch_of_anything_else_is_an_error() {
        let elsewhere = answer("302 Found", "location: http://localhost:1/x\r\n", "");
        let table = [
            ("an error", vec![answer("404 Not Found", "", "")], "found the status 404"),
            ("too much", vec![answer("200 OK", "", &"a".repeat(101))], "at most 100 bytes"),
            ("another host", vec![elsewhere], "found one to http://localhost:1/x"),
            ("silence", vec![], "timed out"),
        ];
        for (name, answers, expected) in table {
            let url = server(answers);
            let error = format!("{:#}", fetch(&url, LIMITS).expect_err(name));
            assert!(error.starts_with(&url), "{name}: {error}");
            assert!(error.contains(expected), "{name}: expected {expected:?}, found {error:?}");
        }
    }
}
