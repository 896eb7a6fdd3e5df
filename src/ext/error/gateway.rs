//! Errors as the responses of a service that passes them on to its own callers.

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;

use super::{Error, kind::ErrorKind};

impl Error {
    /// Returns the HTTP status for the response of a service whose handler made this call:
    ///
    /// | Status | Kinds |
    /// |---|---|
    /// | 400 | `invalid_input` |
    /// | 404 | `not_found` |
    /// | 409 | `conflict`, `ambiguous` |
    /// | 503 | any other error with a [`retry_after`](Self::retry_after), and `rate_limited` |
    /// | 504 | `timeout`, `not_open` |
    /// | 502 | all others: the key, the network or the API is at fault, and not the caller |
    ///
    /// ```
    /// let error = pilot_status::Client::builder().build().unwrap_err();
    /// assert_eq!(error.gateway_status(), 400);
    /// ```
    #[must_use]
    pub fn gateway_status(&self) -> StatusCode {
        match self.kind() {
            ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::Ambiguous => StatusCode::CONFLICT,
            ErrorKind::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
            _ if self.retry_after().is_some() => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout | ErrorKind::NotOpen => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

/// The error as the response of a handler, so that `?` works in a handler that returns
/// `Result<_, http::Response<String>>`. The status is [`Error::gateway_status`], and the body is the
/// error's JSON. `Retry-After` is in whole seconds, if [`Error::retry_after`] is known.
///
/// ```
/// async fn handler(client: pilot_status::Client) -> Result<String, http::Response<String>> {
///     Ok(client.number("num_01HZX").get().await?.readiness().to_string())
/// }
/// ```
impl From<Error> for Response<String> {
    fn from(error: Error) -> Self {
        let mut response = json_response(error.gateway_status(), &error);
        if let Some(wait) = error.retry_after() {
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns a response whose body is the JSON of a value that always serializes.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response<String> {
    let mut response = Response::new(serde_json::to_string(body).unwrap_or_default());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
