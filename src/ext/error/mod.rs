//! [`Error`]: the error of every call. It has methods rather than public variants, so that a new
//! cause is not a breaking change.
//!
//! [`display`] prints it, [`hint`] suggests the next step, and [`kind`] names its kind.

mod api_error;
mod display;
pub(crate) mod gateway;
mod hint;
pub(crate) mod kind;
pub(crate) mod plain;

use std::{error::Error as StdError, fmt, io, iter, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use serde_json::error::Category;

use crate::{
    ext::number_id::NumberId,
    types::{ApiError, NumberStatus},
};

/// The error of a failed call.
///
/// `Display` prints one line: the target of the call, the failure, and the result of retrying.
/// [`hint`](Self::hint) suggests the next step. `Display`, `Debug` and the hint contain neither the
/// key nor data of a body, so they are safe to log; [`body`](Self::body) returns the body. See
/// [`guide::errors`](crate::guide::errors).
///
/// ```
/// let error = pilot_status::Client::builder().build().unwrap_err();
/// assert!(error.is_invalid_input());
/// assert!(error.to_string().starts_with("there is no credential"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Details>);

#[derive(Clone)]
pub(crate) struct Details {
    kind: Kind,
    target: Option<Target>,
    pub(crate) outcome: CallOutcome,
    /// True if the same call may succeed later.
    pub(crate) is_retryable: bool,
    /// Scheme, host and port of the target of a redirect, which was not followed.
    pub(crate) redirect: Option<String>,
    /// True if the server sent the credential back, so that nothing of its response is printed.
    pub(crate) echoes_credential: bool,
    pub(crate) body: Bytes,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The subject of a failed call or check.
#[derive(Clone)]
pub(crate) enum Target {
    Number(NumberId),
    /// Anything else, in the printed form.
    Other(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeoutScope {
    /// `attempt_timeout`.
    Attempt,
    /// `timeout`.
    Call,
}

/// The cause of a failure to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectFault {
    /// One side rejected the other's TLS.
    Handshake,
    /// This machine has no file descriptor, port or memory left.
    Machine,
    /// The network or the server.
    Network,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    InvalidInput(String),
    /// The system has no CA certificates, so no TLS client can be built.
    NoTrustStore,
    /// An error status, with the API's own error if the body has one; or a success whose body is
    /// the API's error.
    Status(StatusCode, Option<ApiError>),
    /// A success that does not match the documentation, with the fault of its body; `None` if the
    /// status is not documented.
    Decode(Option<DecodeError>, StatusCode),
    /// Not sent, because the turn after a 429 would have missed the deadline.
    NotAdmitted,
    /// No connection could be made.
    Connect(ConnectFault),
    /// The connection failed before the response was complete.
    Network,
    TimedOut(Duration, TimeoutScope),
    /// The response exceeds this number of bytes in a way such as `is longer`.
    TooLarge {
        limit: usize,
        excess: &'static str,
    },
    /// Several numbers, with these ids, have the phone number.
    Ambiguous(Vec<NumberId>),
    NotOpen(Box<NotOpen>),
}

/// The last state of a number that was not open in time.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotOpen {
    /// The time limit of the wait, if it is over.
    pub(crate) limit: Option<Duration>,
    /// The last status that was received.
    pub(crate) status: Option<NumberStatus>,
    /// The error of the last poll, if it failed.
    pub(crate) failure: Option<Error>,
}

/// Metadata about a finished call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallOutcome {
    pub(crate) attempts: u32,
    pub(crate) stop_reason: Option<StopReason>,
    /// The wait that the server requested last.
    pub(crate) retry_after: Option<Duration>,
    /// The time until the call's turn after a 429, an estimate, if that was too late.
    pub(crate) turn_in: Option<Duration>,
}

/// The reason why a failed attempt was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The same request would fail again.
    Final,
    /// The method is not safe, and the request may have taken effect.
    NotSafe,
    /// All attempts were used.
    Attempts,
    /// The server requested a wait longer than `max_delay`.
    MaxDelay,
    /// The next attempt would have missed the call's deadline.
    Timeout,
    /// The retry budget was empty.
    Budget,
}

/// The cause of a failed decode. It names the place and the type of the fault, and never quotes the
/// body, which may contain personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// The body does not begin like JSON; often it is a page of a proxy or a login form.
    NotJson,
    /// The body is empty, or ends before the JSON is complete.
    Truncated(String),
    /// The JSON is invalid, or a value has an unexpected type.
    Broken(String),
}

impl DecodeError {
    /// Returns the fault of a `body` that failed to decode with this error.
    pub(crate) fn new(body: &[u8], error: &serde_json::Error) -> Self {
        let place = format!("line {}, column {}", error.line(), error.column());
        match (body.trim_ascii().first(), error.classify()) {
            (None, _) => Self::Truncated("the body is empty".to_owned()),
            (Some(first), _) if !b"{[\"tfn-0123456789".contains(first) => Self::NotJson,
            (_, Category::Eof) => Self::Truncated(format!("the body ends too early, at {place}")),
            (_, Category::Data) => Self::Broken(error.to_string()),
            _ => Self::Broken(format!("the body is not valid JSON at {place}")),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("the body is not JSON"),
            Self::Truncated(fault) | Self::Broken(fault) => f.write_str(fault),
        }
    }
}

impl Error {
    /// Returns the status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.kind {
            Kind::Status(status, _) | Kind::Decode(_, status) => Some(status),
            _ => None,
        }
    }

    /// Returns the API's own code, such as `NUMBER_SCOPE_NOT_ALLOWED`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.api_error()?.code()
    }

    /// Returns the API's own message. It is not in `Display`, because it may contain personal data.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.api_error()?.message()
    }

    /// Returns the body of the response; empty if there was none or it was not retained. Do not log
    /// it, because it may contain personal data.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// Returns the time to wait before the same call: the wait that the server requested after the
    /// last attempt, or the time until the call's turn after a 429. `None` if neither is known, or
    /// if the same call would fail again; see [`is_retryable`](Self::is_retryable).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.outcome.retry_after.max(self.0.outcome.turn_in).filter(|_| self.is_retryable())
    }

    /// Returns the wait that the server requested. Unlike [`retry_after`](Self::retry_after) it is no
    /// estimate.
    pub(crate) fn requested_wait(&self) -> Option<Duration> {
        self.0.outcome.retry_after
    }

    /// Returns the number of attempts to send a request; 0 if none was made, for example because
    /// of invalid input.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.outcome.attempts
    }

    /// Returns the ids of the numbers that have the requested phone number; empty for other errors.
    #[must_use]
    pub fn candidates(&self) -> &[NumberId] {
        let Kind::Ambiguous(ids) = &self.0.kind else { return &[] };
        ids
    }

    /// Returns the last status of a number that was not open in time, if one was received.
    #[must_use]
    pub fn last_status(&self) -> Option<&NumberStatus> {
        let Kind::NotOpen(wait) = &self.0.kind else { return None };
        wait.status.as_ref()
    }

    /// Returns true if the timeout of the connection, the attempt or the call was exceeded. A
    /// connection that timed out is also [`is_connect`](Self::is_connect).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::TimedOut(..))
            || self.network_error().is_some_and(reqwest::Error::is_timeout)
    }

    /// Returns true if the same call may succeed later. These errors are retryable:
    ///
    /// - a failure to connect, unless TLS was rejected; a broken connection; a timeout
    /// - the status 429; a number that is not open yet
    /// - the statuses 408, 500, 502 to 504, 520 to 524, 529 and 530, unless the code is
    ///   `PROVIDER_NOT_CONFIGURED`
    ///
    /// A failed [`delete`](crate::NumberHandle::delete) may have taken effect even so. Check the
    /// number before repeating it, as [`hint`](Self::hint) suggests.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let is_temporary =
            matches!(self.0.kind, Kind::NotAdmitted | Kind::TimedOut(..) | Kind::NotOpen(_));
        is_temporary || self.0.is_retryable
    }

    fn api_error(&self) -> Option<&ApiError> {
        let Kind::Status(_, api_error) = &self.0.kind else { return None };
        api_error.as_ref()
    }

    /// Returns scheme, host and port of the target of a redirect, which was not followed.
    pub(crate) fn redirect(&self) -> Option<&str> {
        self.0.redirect.as_deref()
    }

    fn network_error(&self) -> Option<&reqwest::Error> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

/// Constructors, for the rest of the crate.
impl Error {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Arc::new(Details {
            kind,
            target: None,
            outcome: CallOutcome::default(),
            is_retryable: false,
            redirect: None,
            echoes_credential: false,
            body: Bytes::new(),
            source: None,
        }))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn caused_by(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn invalid_input(sentence: impl Into<String>) -> Self {
        Self::new(Kind::InvalidInput(sentence.into()))
    }

    pub(crate) fn timed_out(after: Duration, scope: TimeoutScope) -> Self {
        // Code that inspects the chain of sources finds an I/O timeout.
        let source = io::Error::from(io::ErrorKind::TimedOut);
        Self::new(Kind::TimedOut(after, scope)).caused_by(source)
    }

    /// Returns the error of a wait. Its source is the error of the last poll.
    pub(crate) fn not_open(wait: NotOpen) -> Self {
        let failure = wait.failure.clone();
        Self::new(Kind::NotOpen(Box::new(wait))).with(|d| {
            d.outcome.retry_after = failure.as_ref().and_then(Error::retry_after);
            d.source = failure.map(|failure| Arc::new(failure) as _);
        })
    }

    /// Adds the attempts of earlier requests of the call.
    pub(crate) fn after(self, attempts: u32) -> Self {
        self.with(|d| d.outcome.attempts = d.outcome.attempts.saturating_add(attempts))
    }

    /// Returns true if the call was not sent, because its turn after a 429 would have missed the
    /// deadline.
    pub(crate) fn is_not_admitted(&self) -> bool {
        matches!(self.0.kind, Kind::NotAdmitted)
    }

    /// Returns true if the call's own time limit ended it, so that a longer limit may help.
    pub(crate) fn is_out_of_time(&self) -> bool {
        let by_timeout = self.0.outcome.stop_reason == Some(StopReason::Timeout);
        by_timeout || matches!(self.0.kind, Kind::TimedOut(..) | Kind::NotAdmitted)
    }

    pub(crate) fn about(self, target: Target) -> Self {
        self.with(|d| d.target = Some(target))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

/// Returns the text of the innermost source of an error.
pub(crate) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let causes = iter::successors(Some(error), |&cause| cause.source());
    causes.last().unwrap_or(error).to_string()
}
