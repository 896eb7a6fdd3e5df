//! [`Error`]: what is known of a call that failed. It has questions rather than public variants, so
//! that a new cause breaks nobody's code.
//!
//! [`display`] prints it, [`hint`] says what to do, and [`kind`] tells its kind in one word.

mod api_error;
pub(crate) mod decode_error;
mod display;
mod hint;
pub(crate) mod kind;
pub(crate) mod outcome;
pub(crate) mod plain;
#[cfg(feature = "mock")]
mod sample;

use std::{error::Error as StdError, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use self::{
    decode_error::DecodeError,
    outcome::{CallOutcome, StopReason},
};
use crate::types::{ApiError, NumberStatus};

/// Why a call failed.
///
/// `Display` is one line: what happened, to what, and what came of retrying it.
/// [`hint`](Self::hint) says what to do. Neither holds the key or anything of a body, and nor does
/// `Debug`; [`body`](Self::body) has the body. See [`guide::errors`](crate::guide::errors).
///
/// ```
/// let error = pilot_status::Client::builder().build().unwrap_err();
/// assert!(error.is_invalid_input());
/// assert!(error.to_string().starts_with("there is no credential"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Details>);

#[derive(Clone)]
struct Details {
    kind: Kind,
    /// What the call was about, where that is known.
    target: Option<Target>,
    outcome: CallOutcome,
    body: Bytes,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What a call was about.
#[derive(Clone)]
pub(crate) struct Target {
    /// As it is printed, such as `number num_1`.
    pub(crate) text: String,
    /// The id of a number that looks like a phone number.
    pub(crate) is_phone_number: bool,
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), is_phone_number: false }
    }
}

/// The limit of time that a call did not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeoutScope {
    /// `attempt_timeout`.
    Attempt,
    /// `timeout`.
    Call,
}

/// The limit of size that an answer goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SizeLimit {
    /// Its length.
    Length,
    /// The memory that its values would take.
    Memory,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectFault {
    /// One side refused the other's TLS.
    Handshake,
    /// This machine lacks a descriptor, a port or memory.
    Machine,
    /// Anything between this machine and the server.
    Network,
}

#[derive(Clone, Debug)]
enum Kind {
    InvalidInput(String),
    /// The system has no certificates of authorities, so no TLS client can be made.
    NoTrustStore,
    /// An answer that is not a success, with the API's own error if it had one; or a success that
    /// is the API's error.
    Refused(StatusCode, Option<ApiError>),
    Decode(Option<DecodeError>, StatusCode),
    /// Not sent: its turn after a 429 would have come too late.
    NotAdmitted,
    Connect(ConnectFault),
    Network,
    TimedOut(Duration, TimeoutScope),
    TooLarge(usize, SizeLimit),
    /// Several numbers, with these ids, are meant.
    Ambiguous(Vec<String>),
    NotOpen(Box<NotOpen>),
}

/// What is known of a number that was not open in time.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotOpen {
    /// The time that was waited for it.
    pub(crate) limit: Duration,
    /// Its state at the last answer.
    pub(crate) status: Option<NumberStatus>,
    /// The failure of the last question, where it failed.
    pub(crate) failure: Option<Error>,
}

/// What is known of an error.
impl Error {
    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.kind {
            Kind::Refused(status, _) | Kind::Decode(_, status) => Some(status),
            _ => None,
        }
    }

    /// The API's own code, such as `NUMBER_SCOPE_NOT_ALLOWED`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.api_error()?.code()
    }

    /// The API's own sentence. It is not in `Display`, since it may name what the call was about.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.api_error()?.message()
    }

    /// The body of the answer, empty if there was none or it was not kept. It may hold personal
    /// data: do not log it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// How long to wait before the same call: what the server asked for after the last attempt, or
    /// in how long the call's turn after a 429 would have come. `None` where the same call would
    /// fail again: see [`is_retryable`](Self::is_retryable).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.outcome.retry_after.filter(|_| self.is_retryable())
    }

    /// How often requests of the call were sent or tried to be sent; 0 if the input was refused
    /// before.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.outcome.attempts
    }

    /// The server limits the rate: 429, or a turn after a 429 that would come after the call's
    /// timeout.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
            || matches!(self.0.kind, Kind::NotAdmitted)
    }

    /// The credential is missing or wrong: 401.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// The credential may not do this: 403.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// No number of the caller's tenant has this id: 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// The ids of the numbers that have the phone number that was looked for; empty for other
    /// errors.
    #[must_use]
    pub fn candidates(&self) -> &[String] {
        match &self.0.kind {
            Kind::Ambiguous(ids) => ids,
            _ => &[],
        }
    }

    /// The last status of a number that was not open in time, if it was answered at all.
    #[must_use]
    pub fn last_status(&self) -> Option<&NumberStatus> {
        match &self.0.kind {
            Kind::NotOpen(wait) => wait.status.as_ref(),
            _ => None,
        }
    }

    /// There was no whole answer in the time that connecting, an attempt or the call may take.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::TimedOut(..))
            || self.network_error().is_some_and(reqwest::Error::is_timeout)
    }

    /// There was no connection, so the request was not sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_))
    }

    /// The answer was a success with a body that is not what the API documents.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(..))
    }

    /// A setting or an argument was refused.
    #[must_use]
    pub fn is_invalid_input(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidInput(_) | Kind::NoTrustStore)
    }

    /// The same call may succeed later: no connection (unless its TLS was refused), a broken one, a
    /// time-out, or 408, 429, 500, 502 to 504, 520 to 524, 529, 530 without the code
    /// `PROVIDER_NOT_CONFIGURED`. After a removal that broke off, see first whether it was carried
    /// out: [`hint`](Self::hint) says so.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::Refused(..) | Kind::Connect(_) | Kind::Network => self.0.outcome.is_retryable,
            Kind::NotAdmitted | Kind::TimedOut(..) | Kind::NotOpen(..) => true,
            Kind::InvalidInput(_)
            | Kind::NoTrustStore
            | Kind::Decode(..)
            | Kind::TooLarge(..)
            | Kind::Ambiguous(_) => false,
        }
    }

    fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            Kind::Refused(_, api_error) => api_error.as_ref(),
            _ => None,
        }
    }

    fn network_error(&self) -> Option<&reqwest::Error> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

/// How errors are made, by the rest of the crate.
impl Error {
    fn new(kind: Kind, outcome: CallOutcome) -> Self {
        Self(Arc::new(Details { kind, target: None, outcome, body: Bytes::new(), source: None }))
    }

    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn invalid_input(sentence: impl Into<String>) -> Self {
        Self::new(Kind::InvalidInput(sentence.into()), CallOutcome::default())
    }

    /// reqwest could not make its client.
    pub(crate) fn http_client(source: reqwest::Error) -> Self {
        let sentence = format!("the HTTP client cannot be made: {}", root_cause(&source));
        Self::invalid_input(sentence).with(|d| d.source = Some(Arc::new(source)))
    }

    /// reqwest could not make its client, since the system has no certificates of authorities.
    pub(crate) fn no_trust_store(source: reqwest::Error) -> Self {
        Self::new(Kind::NoTrustStore, CallOutcome::default())
            .with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn unexpected_status(
        status: StatusCode,
        api_error: Option<ApiError>,
        body: Bytes,
        outcome: CallOutcome,
    ) -> Self {
        let kind = if status.is_success() {
            Kind::Decode(None, status)
        } else {
            Kind::Refused(status, api_error)
        };
        Self::new(kind, outcome).with(|d| d.body = body)
    }

    /// A success whose body is the API's error.
    pub(crate) fn error_in_success(api_error: ApiError, body: Bytes, outcome: CallOutcome) -> Self {
        Self::new(Kind::Refused(StatusCode::OK, Some(api_error)), outcome).with(|d| d.body = body)
    }

    pub(crate) fn decode(error: DecodeError, body: Bytes, outcome: CallOutcome) -> Self {
        Self::new(Kind::Decode(Some(error), StatusCode::OK), outcome).with(|d| d.body = body)
    }

    /// There was no connection.
    pub(crate) fn connect(
        source: impl StdError + Send + Sync + 'static,
        fault: ConnectFault,
        outcome: CallOutcome,
    ) -> Self {
        Self::new(Kind::Connect(fault), outcome).with(|d| d.source = Some(Arc::new(source)))
    }

    /// The connection broke before the whole answer was there.
    pub(crate) fn network(
        source: impl StdError + Send + Sync + 'static,
        outcome: CallOutcome,
    ) -> Self {
        Self::new(Kind::Network, outcome).with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn timed_out(after: Duration, scope: TimeoutScope, outcome: CallOutcome) -> Self {
        // So that reqwest's own is_timeout knows it, too.
        let source = io::Error::from(io::ErrorKind::TimedOut);
        Self::new(Kind::TimedOut(after, scope), outcome).with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn too_large(bytes: usize, limit: SizeLimit, outcome: CallOutcome) -> Self {
        Self::new(Kind::TooLarge(bytes, limit), outcome)
    }

    pub(crate) fn not_admitted(outcome: CallOutcome) -> Self {
        Self::new(Kind::NotAdmitted, outcome)
    }

    pub(crate) fn ambiguous(ids: Vec<String>) -> Self {
        Self::new(Kind::Ambiguous(ids), CallOutcome::default())
    }

    /// Its cause is the failure of the last question.
    pub(crate) fn not_open(wait: NotOpen) -> Self {
        let failure = wait.failure.clone();
        let outcome = CallOutcome {
            retry_after: failure.as_ref().and_then(Error::retry_after),
            ..CallOutcome::default()
        };
        Self::new(Kind::NotOpen(Box::new(wait)), outcome).with(|d| {
            d.source = failure.map(|failure| Arc::new(failure) as _);
        })
    }

    /// Counts the attempts of requests that the call made before.
    pub(crate) fn after(self, attempts: u32) -> Self {
        self.with(|d| d.outcome.attempts = d.outcome.attempts.saturating_add(attempts))
    }

    /// Whether it was not sent, since its turn after a 429 would come too late: it says nothing of
    /// what the call is about.
    pub(crate) fn is_not_admitted(&self) -> bool {
        matches!(self.0.kind, Kind::NotAdmitted)
    }

    /// Whether the call's own time ended, so that a call with more of it might still succeed.
    pub(crate) fn is_out_of_time(&self) -> bool {
        let by_timeout = self.0.outcome.stop_reason == Some(StopReason::Timeout);
        by_timeout || matches!(self.0.kind, Kind::TimedOut(..) | Kind::NotAdmitted)
    }

    /// Names what the call was about.
    pub(crate) fn about(self, target: impl Into<Target>) -> Self {
        self.with(|d| d.target = Some(target.into()))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

/// What lies at the bottom of an error.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
