//! Makes one attempt: sends a request, and reads the whole response within the limits of time and
//! size. reqwest itself limits only the time.

use std::{io, mem, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Request, Response};
use tokio::time::timeout;

use super::{buffered_response::BufferedResponse, failure::Failure, figures::Figures};
use crate::{
    ext::{
        error::{Error, Kind, TimeoutScope},
        pacing::pacer::Pacer,
        retry::{budget::Budget, policy::RetryPolicy},
    },
    types::ApiError,
};

/// Estimated memory of one JSON value with its key, without the text itself.
const VALUE_BYTES: usize = 128;
/// Memory that decoding may always use, even if the limit is lower.
const MIN_DECODE_BYTES: usize = 1024 * 1024;

/// State that the calls of all clones share.
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) retry: RetryPolicy,
    pub(crate) pacer: Option<Arc<Pacer>>,
    pub(crate) budget: Budget,
    pub(crate) limits: Limits,
    pub(crate) figures: Figures,
}

#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    /// The first delay between two polls of `wait_until_open`.
    pub(crate) poll_delay: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(90),
            attempt_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_response_bytes: 4 * 1024 * 1024,
            poll_delay: Duration::from_secs(1),
        }
    }
}

impl Transport {
    /// Sends a request. `left` is the remainder of `call_timeout`.
    pub(super) async fn send(
        &self,
        request: Request,
        left: Duration,
        call_timeout: Duration,
    ) -> Result<BufferedResponse, Failure> {
        let Limits { attempt_timeout, max_response_bytes, .. } = self.limits;
        let limit = attempt_timeout.min(left);
        let response = read(self.http.execute(request), max_response_bytes);
        match timeout(limit, response).await {
            Ok(response) => response,
            // The error names the timeout of the whole call, since the remainder alone would
            // mislead.
            Err(_) if limit < attempt_timeout => {
                Err(Failure::Other(Error::timed_out(call_timeout, TimeoutScope::Call)))
            }
            Err(_) => Err(Failure::Other(Error::timed_out(limit, TimeoutScope::Attempt))),
        }
    }
}

async fn read(
    response: impl Future<Output = reqwest::Result<Response>>,
    limit: usize,
) -> Result<BufferedResponse, Failure> {
    let mut response = response.await.map_err(Failure::Network)?;
    let is_success = response.status().is_success();
    let announced = response.content_length().unwrap_or_default();
    if is_success && announced > limit as u64 {
        return Err(too_large(limit, "is longer"));
    }
    let (body, is_whole) = read_body(&mut response, limit).await.map_err(Failure::Network)?;
    // The status of an error response is enough; the rest of a long body is not needed.
    if is_success && !is_whole {
        return Err(too_large(limit, "is longer"));
    }
    // HTTP/2 may end a body early without an error (`RST_STREAM` with `NO_ERROR`), and hyper does
    // not report that.
    if is_success && (body.len() as u64) < announced {
        let source = io::Error::from(io::ErrorKind::UnexpectedEof);
        let error = Error::new(Kind::Network).caused_by(source);
        return Err(Failure::Other(error.with(|d| d.is_retryable = true)));
    }
    let fits = fits(&body, limit);
    if is_success && !fits {
        return Err(too_large(limit.max(MIN_DECODE_BYTES), "takes more memory"));
    }
    let api_error = if is_success || !fits { None } else { ApiError::read(&body) };
    let response = BufferedResponse {
        status: response.status(),
        version: response.version(),
        headers: mem::take(response.headers_mut()),
        body,
        api_error,
    };
    if is_success { Ok(response) } else { Err(Failure::Status(Box::new(response))) }
}

fn too_large(limit: usize, excess: &'static str) -> Failure {
    Failure::Other(Error::new(Kind::TooLarge { limit, excess }))
}

/// Returns the body up to the limit, and true if it is complete.
async fn read_body(response: &mut Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    // Most bodies have one chunk, which is not copied.
    let mut body = response.chunk().await?.unwrap_or_default();
    if body.len() <= limit
        && let Some(chunk) = response.chunk().await?
    {
        // Copied, because the chunks were allocated on the connection's thread, whose memory would
        // stay with the process.
        let mut whole = [body, chunk].concat();
        while whole.len() <= limit
            && let Some(chunk) = response.chunk().await?
        {
            // Doubles like `extend`, but not beyond the limit.
            let room = limit - whole.len();
            if chunk.len() > whole.capacity() - whole.len() {
                whole.reserve_exact(whole.len().min(room).max(chunk.len()));
            }
            whole.extend_from_slice(&chunk);
        }
        body = whole.into();
    }
    let is_whole = body.len() <= limit;
    body.truncate(limit);
    Ok((body, is_whole))
}

/// Returns true if decoding a body takes at most `limit` bytes of memory, or 1 MiB if that is more.
/// A body such as `[[],[],[],…` takes many times its length.
fn fits(body: &[u8], limit: usize) -> bool {
    let most = limit.max(MIN_DECODE_BYTES) / VALUE_BYTES;
    // A value takes at least two bytes of text, so most bodies need no count.
    body.len() / 2 <= most
        || body.iter().filter(|b| matches!(b, b',' | b'[' | b'{')).count() <= most
}

#[cfg(test)]
mod tests {
    #[test]
    fn many_small_values_exceed_the_memory_limit() {
        const MIB: usize = 1024 * 1024;
        let text = format!(r#"{{"id":"{}"}}"#, "x".repeat(4 * MIB));
        let values = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        let cases = [
            ("", 1, true),
            (text.as_str(), 4 * MIB, true),
            (&values(8_192), 1, true),
            (&values(8_193), 1, false),
            (&values(8_193), MIB, false),
            (&values(32_768), 4 * MIB, true),
            (&values(32_769), 4 * MIB, false),
            (&"[".repeat(4 * MIB), 4 * MIB, false),
            (&"{".repeat(4 * MIB), 4 * MIB, false),
            (&values(32_769), usize::MAX, true),
        ];
        for (body, limit, fits) in cases {
            assert_eq!(super::fits(body.as_bytes(), limit), fits, "{} of {limit}", body.len());
        }
    }
}
