//! A response whose body is in memory. The body is read in the attempt, and not by the generated
//! code, so that a body that is cut short can be retried.

use std::mem;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header::LOCATION};
use reqwest::{Response, ResponseBuilderExt, Url};

use crate::{ext::retry::classify, types::ApiError};

/// A response with its whole body.
pub(crate) struct BufferedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The API's own error, if it is a refusal that has one.
    pub(super) api_error: Option<ApiError>,
    version: Version,
}

impl BufferedResponse {
    /// Boxed, since it is passed on often.
    pub(super) fn new(
        mut response: Response,
        body: Bytes,
        api_error: Option<ApiError>,
    ) -> Box<Self> {
        Box::new(Self {
            status: response.status(),
            version: response.version(),
            headers: mem::take(response.headers_mut()),
            body,
            api_error,
        })
    }

    pub(super) fn is_permanent(&self) -> bool {
        classify::is_permanent(self.api_error.as_ref().and_then(|e| e.code.as_deref()))
    }

    /// Scheme, host and port of where a redirect leads to; the rest of a URL may hold secrets.
    pub(super) fn redirect(&self, url: &Url) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let url = url.join(location).ok().filter(|_| self.status.is_redirection())?;
        Some(url.origin().ascii_serialization())
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
