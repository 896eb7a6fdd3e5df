//! Feature `mock`: an error of each kind, for tests of code that handles errors.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{
    error::{Error, Kind, SizeLimit, TimeoutScope},
    kind::ErrorKind,
};
use crate::{ext::call::outcome::CallOutcome, types::ApiError};

impl Error {
    pub(crate) fn sample(kind: ErrorKind) -> Self {
        let outcome = CallOutcome { attempts: 1, ..CallOutcome::default() };
        let refused = |status| {
            let api_error =
                ApiError { error: Some("a sentence".to_owned()), ..ApiError::default() };
            Self::unexpected_status(status, Some(api_error), Bytes::new(), outcome.clone())
        };
        let broken = |kind, cause| {
            let source = Arc::new(io::Error::from(cause));
            Self::new(kind, outcome.clone()).with(|d| d.source = Some(source))
        };
        let second = Duration::from_secs(1);
        let error = match kind {
            ErrorKind::InvalidInput => Self::invalid_input("an argument cannot be used"),
            ErrorKind::Unauthorized => refused(StatusCode::UNAUTHORIZED),
            ErrorKind::PaymentRequired => refused(StatusCode::PAYMENT_REQUIRED),
            ErrorKind::Forbidden => refused(StatusCode::FORBIDDEN),
            ErrorKind::NotFound => refused(StatusCode::NOT_FOUND),
            ErrorKind::Conflict => refused(StatusCode::CONFLICT),
            ErrorKind::RateLimited => refused(StatusCode::TOO_MANY_REQUESTS),
            ErrorKind::Server => refused(StatusCode::INTERNAL_SERVER_ERROR),
            ErrorKind::Status => refused(StatusCode::BAD_REQUEST),
            ErrorKind::Connect => broken(Kind::Connect, io::ErrorKind::ConnectionRefused),
            ErrorKind::Network => broken(Kind::Network, io::ErrorKind::ConnectionReset),
            ErrorKind::Timeout => Self::timed_out(second, TimeoutScope::Attempt, outcome),
            ErrorKind::Decode => {
                Self::unexpected_status(StatusCode::ACCEPTED, None, Bytes::new(), outcome)
            }
            ErrorKind::TooLarge => Self::too_large(4 * 1024 * 1024, SizeLimit::Length, outcome),
            ErrorKind::Ambiguous => {
                Self::ambiguous(vec!["num_1".to_owned(), "num_2".to_owned()]).after(1)
            }
            ErrorKind::NotOpen => {
                Self::not_open(second, "its state is CONNECTING".to_owned()).after(3)
            }
        };
        error.about("number num_1")
    }
}
