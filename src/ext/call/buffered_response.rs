//! A response whose body is in memory. The attempt reads the body, so that a truncated body can be
//! retried; generated code reads it too late for that.

use std::mem;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header::LOCATION};
use reqwest::{Response, ResponseBuilderExt, Url};

use crate::{ext::error::SizeLimit, types::ApiError};

/// Estimated memory of one JSON value with its key, without the text itself.
const VALUE_BYTES: usize = 128;
/// Memory that decoding may always use, even if the limit is lower.
const MIN_DECODE_BYTES: usize = 1024 * 1024;

/// A response with its whole body.
pub(crate) struct BufferedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The API's own error, if this is an error response that contains one.
    pub(super) api_error: Option<ApiError>,
    version: Version,
}

/// The reason why a response could not be read completely.
pub(crate) enum ReadError {
    Network(reqwest::Error),
    /// The body is shorter than announced. HTTP/2 may end a body early without an error
    /// (`RST_STREAM` with `NO_ERROR`), and hyper does not report that.
    CutShort,
    /// The body exceeds this number of bytes.
    TooLarge(usize, SizeLimit),
}

impl BufferedResponse {
    /// Returns the API's error code, if this is an error response that contains one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.api_error.as_ref()?.code()
    }

    /// Returns scheme, host and port of a redirect's target. The rest of the URL is omitted, since
    /// it may hold secrets.
    pub(super) fn redirect(&self, url: &Url) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let url = url.join(location).ok().filter(|_| self.status.is_redirection())?;
        Some(url.origin().ascii_serialization())
    }

    /// Changes a success of a removal to a status and a body that generated code accepts: the
    /// number is removed, even if the body has no details. An HTML page is left unchanged, since it
    /// does not come from the API and has to be an error.
    pub(crate) fn into_removed(self) -> Self {
        // `ApiError` accepts any object.
        let is_object = ApiError::read(&self.body).is_some();
        let is_page = self.body.trim_ascii_start().starts_with(b"<");
        let body = if is_page || is_object { self.body } else { Bytes::from_static(b"{}") };
        Self { status: StatusCode::OK, body, ..self }
    }

    /// Converts it to the response that generated code expects. The body is in memory, so reading
    /// it cannot fail.
    pub(crate) fn into_response(self, url: Url) -> Response {
        let with_url = http::Response::builder().url(url).body(());
        // Building fails only for invalid parts, and there are none.
        let mut response = with_url.unwrap_or_default().map(|()| self.body);
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        response.into()
    }
}

/// Reads the whole response.
pub(super) async fn read(
    response: impl Future<Output = reqwest::Result<Response>>,
    limit: usize,
) -> Result<BufferedResponse, ReadError> {
    let mut response = response.await.map_err(ReadError::Network)?;
    let is_success = response.status().is_success();
    let announced = response.content_length().unwrap_or_default();
    if is_success && announced > limit as u64 {
        return Err(ReadError::TooLarge(limit, SizeLimit::Length));
    }
    let (body, is_whole) = read_body(&mut response, limit).await.map_err(ReadError::Network)?;
    // The status of an error response is enough; the rest of a long body is not needed.
    if is_success && !is_whole {
        return Err(ReadError::TooLarge(limit, SizeLimit::Length));
    }
    if is_success && (body.len() as u64) < announced {
        return Err(ReadError::CutShort);
    }
    let fits = fits(&body, limit);
    if is_success && !fits {
        return Err(ReadError::TooLarge(limit.max(MIN_DECODE_BYTES), SizeLimit::Memory));
    }
    let api_error = if is_success || !fits { None } else { ApiError::read(&body) };
    Ok(BufferedResponse {
        status: response.status(),
        version: response.version(),
        headers: mem::take(response.headers_mut()),
        body,
        api_error,
    })
}

/// Returns the body up to the limit, and whether it is complete.
async fn read_body(response: &mut Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    // Most bodies have one chunk, which is not copied.
    let first = response.chunk().await?.unwrap_or_default();
    if first.len() > limit {
        return Ok((first.slice(..limit), false));
    }
    let Some(mut chunk) = response.chunk().await? else {
        return Ok((first, true));
    };
    // Copied, because the chunk was allocated on the connection's thread, whose memory would stay
    // with the process.
    let mut body = first.to_vec();
    loop {
        let room = limit - body.len();
        let more = &chunk[..chunk.len().min(room)];
        if more.len() > body.capacity() - body.len() {
            // Grows by a large factor, because each reallocation leaves a hole in memory.
            body.reserve_exact(body.len().saturating_mul(8).clamp(more.len(), room));
        }
        body.extend_from_slice(more);
        if chunk.len() > room {
            return Ok((body.into(), false));
        }
        match response.chunk().await? {
            Some(next) => chunk = next,
            None => return Ok((body.into(), true)),
        }
    }
}

/// Returns true if decoding a body takes at most `limit` bytes of memory, or 1 MiB if that is more.
/// A body such as `[[],[],[],…` takes many times its length.
fn fits(body: &[u8], limit: usize) -> bool {
    let limit = limit.max(MIN_DECODE_BYTES);
    // A value takes at least two bytes of text, so most bodies need no count.
    let short = body.len() / 2 <= limit / VALUE_BYTES;
    short || body.iter().filter(|b| matches!(b, b',' | b'[' | b'{')).count() <= limit / VALUE_BYTES
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
