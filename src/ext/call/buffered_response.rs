//! A response whose body is in memory. The attempt reads the body, so that a truncated body can be
//! retried; generated code reads it too late for that.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header::LOCATION};
use reqwest::{Response, ResponseBuilderExt, Url};

use crate::types::ApiError;

pub(crate) struct BufferedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The API's own error, if this is an error response that contains one.
    pub(super) api_error: Option<ApiError>,
    pub(super) version: Version,
}

impl BufferedResponse {
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
