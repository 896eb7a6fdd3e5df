//! Feature `mock`: sample errors of every kind, for tests of error handling.

use std::{io, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{
    ConnectFault, Error, Kind, NotOpen, SizeLimit, Target, TimeoutScope, kind::ErrorKind,
    outcome::CallOutcome,
};
use crate::{
    ext::number_id::NumberId,
    types::{ApiError, ConnectionState, NumberStatus},
};

impl Error {
    pub(crate) fn sample_of(
        status: StatusCode,
        code: Option<&str>,
        is_retryable: bool,
        retry_after: Option<Duration>,
    ) -> Self {
        let outcome =
            CallOutcome { attempts: 1, is_retryable, retry_after, ..CallOutcome::default() };
        let mut api_error = ApiError { error: Some("a message".to_owned()), ..ApiError::default() };
        api_error.code = code.map(str::to_owned);
        Self::unexpected_status(status, Some(api_error), Bytes::new(), outcome)
            .about(Target::Number(NumberId::checked("num_1")))
    }

    pub(crate) fn sample(kind: ErrorKind) -> Self {
        let is_retryable = matches!(
            kind,
            ErrorKind::RateLimited | ErrorKind::Server | ErrorKind::Connect | ErrorKind::Network
        );
        let outcome = CallOutcome { attempts: 1, is_retryable, ..CallOutcome::default() };
        let of = |kind| Self::new(kind, outcome.clone());
        let with_status = |status| Self::sample_of(status, None, is_retryable, None);
        let second = Duration::from_secs(1);
        let error = match kind {
            ErrorKind::InvalidInput => Self::invalid_input("an argument is invalid"),
            ErrorKind::Unauthorized => with_status(StatusCode::UNAUTHORIZED),
            ErrorKind::PaymentRequired => with_status(StatusCode::PAYMENT_REQUIRED),
            ErrorKind::Forbidden => with_status(StatusCode::FORBIDDEN),
            ErrorKind::NotFound => with_status(StatusCode::NOT_FOUND),
            ErrorKind::Conflict => with_status(StatusCode::CONFLICT),
            ErrorKind::RateLimited => with_status(StatusCode::TOO_MANY_REQUESTS),
            ErrorKind::Server => with_status(StatusCode::INTERNAL_SERVER_ERROR),
            ErrorKind::Status => with_status(StatusCode::BAD_REQUEST),
            ErrorKind::Connect => of(Kind::Connect(ConnectFault::Network))
                .caused_by(io::Error::from(io::ErrorKind::ConnectionRefused)),
            ErrorKind::Network => {
                of(Kind::Network).caused_by(io::Error::from(io::ErrorKind::ConnectionReset))
            }
            ErrorKind::Timeout => Self::timed_out(second, TimeoutScope::Attempt).after(1),
            ErrorKind::Decode => of(Kind::Decode(None, StatusCode::ACCEPTED)),
            ErrorKind::TooLarge => of(Kind::TooLarge(4 * 1024 * 1024, SizeLimit::Length)),
            ErrorKind::Ambiguous => {
                of(Kind::Ambiguous(["num_1", "num_2"].map(NumberId::checked).into()))
            }
            ErrorKind::NotOpen => {
                let status = NumberStatus {
                    state: Some(ConnectionState::Connecting),
                    ..NumberStatus::default()
                };
                Self::not_open(NotOpen { limit: Some(second), status: Some(status), failure: None })
                    .after(3)
            }
        };
        error.about(Target::Number(NumberId::checked("num_1")))
    }
}
