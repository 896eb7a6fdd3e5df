//! A response whose body is in memory. The body is read in the attempt, and not by the generated
//! code, so that a body that is cut short can be retried.

use std::mem;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header::LOCATION};
use reqwest::{Response, ResponseBuilderExt, Url};

use crate::{ext::error::SizeLimit, types::ApiError};

/// Memory that one value of a JSON document may take, with its key, apart from the text itself.
const VALUE_BYTES: usize = 128;
/// What decoding may take, however low the limit is.
const MIN_DECODE_BYTES: usize = 1024 * 1024;

/// A response with its whole body.
pub(crate) struct BufferedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The API's own error, if it is a refusal that has one.
    pub(super) api_error: Option<ApiError>,
    version: Version,
}

/// Why there is no whole response.
pub(crate) enum ReadError {
    Network(reqwest::Error),
    /// HTTP/2 may end a body early in order (`RST_STREAM` with `NO_ERROR`), which is no error to hyper.
    CutShort,
    /// The body goes beyond this many bytes.
    TooLarge(usize, SizeLimit),
}

impl BufferedResponse {
    /// The API's code, if it is a refusal that has one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.api_error.as_ref()?.code()
    }

    /// Scheme, host and port of where a redirect leads to; the rest of a URL may hold secrets.
    pub(super) fn redirect(&self, url: &Url) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let url = url.join(location).ok().filter(|_| self.status.is_redirection())?;
        Some(url.origin().ascii_serialization())
    }

    /// The success of a removal, with a status and a body that generated code knows: the number is
    /// removed, and what the body does not say is not known. A page is no answer of the API, and
    /// stays one.
    pub(crate) fn into_removed(self) -> Self {
        // Any object is one of these.
        let is_object = ApiError::read(&self.body).is_some();
        let is_page = self.body.trim_ascii_start().starts_with(b"<");
        let body = if is_page || is_object { self.body } else { Bytes::from_static(b"{}") };
        Self { status: StatusCode::OK, body, ..self }
    }

    /// The response as generated code expects it. Its body is in memory, so reading it cannot fail.
    pub(crate) fn into_response(self, url: Url) -> Response {
        let with_url = http::Response::builder().url(url).body(());
        // Nothing that could be invalid was set.
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
    // The status says what was refused; the rest of a long page is not needed.
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

/// The body up to the limit, and whether that is all of it.
async fn read_body(response: &mut Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    // Mostly the only one, which is not copied.
    let first = response.chunk().await?.unwrap_or_default();
    if first.len() > limit {
        return Ok((first.slice(..limit), false));
    }
    let Some(mut chunk) = response.chunk().await? else {
        return Ok((first, true));
    };
    // A copy, since the chunk's own memory is that of the connection's thread, where it would stay
    // with the process.
    let mut body = first.to_vec();
    loop {
        let room = limit - body.len();
        let more = &chunk[..chunk.len().min(room)];
        if more.len() > body.capacity() - body.len() {
            // Far ahead, since each step leaves a hole.
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

/// Whether decoding a body takes no more memory than `limit` (or 1 MiB, if that is more).
/// `[[],[],[],…` takes many times its length.
fn fits(body: &[u8], limit: usize) -> bool {
    let limit = limit.max(MIN_DECODE_BYTES);
    // No value is written in less than two bytes, so most bodies need no look.
    let short = body.len() / 2 <= limit / VALUE_BYTES;
    short || body.iter().filter(|b| matches!(b, b',' | b'[' | b'{')).count() <= limit / VALUE_BYTES
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_body_fits_unless_its_values_take_more_memory_than_the_limit() {
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
