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
    error::{ConnectFault, Error, Kind},
    pacing::rate_limit,
    retry::{
        classify::{self, Resend},
        retry_after::retry_after,
    },
};

pub(crate) enum Failure {
    /// A complete response with an error status.
    Status(Box<BufferedResponse>),
    /// No response, or an incomplete one.
    Network(reqwest::Error),
    /// Any other failure.
    Other(Error),
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
            Self::Other(error) if error.is_retryable() => Resend::SafeMethods,
            Self::Other(_) => Resend::Never,
        }
    }

    /// Returns true if this machine lacked the resources to connect, so that nothing reached the
    /// server.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Network(e) if connect_fault(e) == Some(ConnectFault::Machine))
    }

    pub(crate) fn response(&self) -> Option<&BufferedResponse> {
        let Self::Status(response) = self else { return None };
        Some(response)
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.response().map(|response| response.status)
    }

    /// Returns the wait that the server requests, and its source. After a 429 a reset of the rate
    /// limit counts too.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<(Duration, &'static str)> {
        let BufferedResponse { status, headers, api_error, .. } = self.response()?;
        retry_after(headers, api_error.as_ref(), now).or_else(|| {
            let is_limited = *status == StatusCode::TOO_MANY_REQUESTS;
            let reset = rate_limit::reset(headers, now).filter(|_| is_limited)?;
            Some((reset, "header"))
        })
    }

    /// Returns the error of a call to this URL that ends with this failure.
    pub(crate) fn into_error(self, url: &Url) -> Error {
        let is_retryable = self.resend() != Resend::Never;
        let error = match self {
            Self::Status(response) => {
                let redirect = response.redirect(url);
                let BufferedResponse { status, api_error, body, .. } = *response;
                let error = Error::new(Kind::Status(status, api_error));
                error.with(|d| (d.redirect, d.body) = (redirect, body))
            }
            Self::Network(source) => match (connect_fault(&source), classify::go_away(&source)) {
                (Some(fault), _) => Error::new(Kind::Connect(fault)).caused_by(source),
                // The server's debug data is omitted, because it may contain anything.
                (None, Some(reason)) => {
                    let text = format!("the server ended it with GOAWAY, {reason}");
                    Error::new(Kind::Network).caused_by(io::Error::other(text))
                }
                (None, None) => Error::new(Kind::Network).caused_by(source),
            },
            Self::Other(error) => error,
        };
        error.with(|d| d.is_retryable = is_retryable)
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
