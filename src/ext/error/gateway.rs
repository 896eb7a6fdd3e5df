//! [`Error::gateway_status`]: the status by which a service passes an error on to its own callers.

use http::StatusCode;

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
