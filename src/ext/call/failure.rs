//! The reason why an attempt failed. Retry, pacing and the user's error all decide by this one
//! type, so they agree.

use std::{
    io,
    time::{Duration, SystemTime},
};

use http::StatusCode;
use reqwest::Url;

use super::buffered_response::BufferedResponse;
use crate::ext::{
    error::{ConnectFault, Error, Kind, SizeLimit, TimeoutScope, outcome::CallOutcome},
    pacing::rate_limit,
    retry::{
        classify::{self, Resend},
        retry_after::{DelaySource, retry_after},
    },
};

pub(crate) enum Failure {
    /// A complete response with an error status.
    Status(Box<BufferedResponse>),
    /// No response, or an incomplete one.
    Network(reqwest::Error),
    /// A body that ends before its `content-length`.
    CutShort,
    /// The time limit, and what it applied to.
    TimedOut(Duration, TimeoutScope),
    /// A body that exceeds this number of bytes.
    TooLarge(usize, SizeLimit),
    /// A request that was not sent, because its turn would have missed the deadline.
    NotAdmitted,
}

impl Failure {
    pub(super) fn resend(&self) -> Resend {
        match self {
            Self::Status(response) => Resend::after(response.status, response.code()),
            Self::Network(e) => match connect_fault(e) {
                Some(ConnectFault::Handshake) => Resend::Never,
                Some(ConnectFault::Machine | ConnectFault::Network) => Resend::Always,
                None if classify::is_unprocessed(e) => Resend::Always,
                None if e.is_builder() => Resend::Never,
                None => Resend::SafeMethods,
            },
            Self::CutShort | Self::TimedOut(..) => Resend::SafeMethods,
            Self::TooLarge(..) | Self::NotAdmitted => Resend::Never,
        }
    }

    /// Returns true if this machine lacked the resources to connect, so that nothing reached the
    /// server.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Network(e) if connect_fault(e) == Some(ConnectFault::Machine))
    }

    pub(crate) fn response(&self) -> Option<&BufferedResponse> {
        match self {
            Self::Status(response) => Some(response),
            _ => None,
        }
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.response().map(|response| response.status)
    }

    /// Returns the wait that the server requests, and its source. After a 429 a reset of the rate
    /// limit counts too.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<(Duration, DelaySource)> {
        let BufferedResponse { status, headers, api_error, .. } = self.response()?;
        retry_after(headers, api_error.as_ref(), now).or_else(|| {
            let is_limited = *status == StatusCode::TOO_MANY_REQUESTS;
            let reset = rate_limit::reset(headers, now).filter(|_| is_limited)?;
            Some((reset, DelaySource::Header))
        })
    }

    /// Returns the error of a call to this URL that ends with this failure.
    pub(crate) fn into_error(self, mut outcome: CallOutcome, url: &Url) -> Error {
        outcome.is_retryable = self.resend() != Resend::Never;
        match self {
            Self::Status(response) => {
                outcome.redirect = response.redirect(url);
                let BufferedResponse { status, api_error, body, .. } = *response;
                Error::unexpected_status(status, api_error, body, outcome)
            }
            Self::Network(source) => network(source, outcome),
            Self::CutShort => {
                let source = io::Error::from(io::ErrorKind::UnexpectedEof);
                Error::new(Kind::Network, outcome).caused_by(source)
            }
            Self::TimedOut(after, scope) => Error::timed_out(after, scope, outcome),
            Self::TooLarge(bytes, limit) => Error::new(Kind::TooLarge(bytes, limit), outcome),
            Self::NotAdmitted => Error::new(Kind::NotAdmitted, outcome),
        }
    }
}

/// Returns the cause of a failure to connect; `None` for other errors.
fn connect_fault(error: &reqwest::Error) -> Option<ConnectFault> {
    error.is_connect().then(|| match error {
        e if classify::is_rejected_handshake(e) => ConnectFault::Handshake,
        e if classify::is_local(e) => ConnectFault::Machine,
        _ => ConnectFault::Network,
    })
}

fn network(source: reqwest::Error, outcome: CallOutcome) -> Error {
    if let Some(fault) = connect_fault(&source) {
        return Error::new(Kind::Connect(fault), outcome).caused_by(source);
    }
    let error = Error::new(Kind::Network, outcome);
    match classify::go_away(&source) {
        // The server's debug data is omitted, because it may contain anything.
        Some(reason) => {
            let text = format!("the server ended it with GOAWAY, {reason}");
            error.caused_by(io::Error::other(text))
        }
        None => error.caused_by(source),
    }
}
