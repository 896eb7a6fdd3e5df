//! The one error of this crate.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{future, stream};
use http::StatusCode;
use reqwest::Response;

use super::{
    decode::Misfit,
    report::Report,
    retry::{GaveUp, classify},
};
use crate::types::ApiError;

/// Why a call failed.
///
/// Its `Display` is one line that says what happened, to what, and what came of retrying it; [`hint`](Self::hint) says what to
/// do. Neither they nor `Debug` hold the key or any of the answer's body, which [`body`](Self::body) gives to who asks.
#[derive(Clone)]
pub struct Error(Arc<Details>);

#[derive(Clone)]
struct Details {
    kind: Kind,
    /// What the call was about, where that is known.
    target: Option<String>,
    report: Report,
    body: Bytes,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Debug)]
enum Kind {
    InvalidInput(String),
    /// An answer that is not a success, with the API's own error if it had one.
    Refused(StatusCode, Option<ApiError>),
    Decode(Option<Misfit>, StatusCode),
    /// Not sent: its turn after a 429 would have come too late.
    NotAdmitted,
    Connect,
    Network,
    TimedOut(Duration, &'static str),
    TooLarge(usize, &'static str),
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
        self.api_error()?.code.as_deref()
    }

    /// The API's own sentence. It is not in `Display`, since it may name what the call was about.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.api_error()?.error.as_deref()
    }

    /// The body of the answer, empty if there was none or it was not kept. It may hold personal data: do not log it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// How long the server asked to wait after the last attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.report.retry_after
    }

    /// How often the request was sent or tried to be sent; 0 if the input was refused before.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.report.attempts
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match &self.0.kind {
            _ if self.0.report.gave_up == Some(GaveUp::NotSafe) => {
                Some("see by get() whether it was carried out, before you call again")
            }
            Kind::Refused(..) if self.is_told_to_wait() => Some(match self.0.report.gave_up {
                Some(GaveUp::Timeout) => {
                    "call again after the time that retry_after() tells, or raise timeout"
                }
                _ => {
                    "call again after the time that retry_after() tells, or raise max_delay and timeout above it"
                }
            }),
            Kind::NotAdmitted => Some(
                "call again after the time that retry_after() tells, raise timeout, or send fewer requests at a time",
            ),
            Kind::Refused(status, api_error) => {
                hint_for_status(status.as_u16(), api_error.as_ref())
            }
            Kind::Connect if !HAS_TLS => Some(
                "check the base URL, the network and the proxy settings; https needs one of the features rustls, native-tls, rustls-no-provider",
            ),
            Kind::Connect if self.is_refused_handshake() => Some(
                "check the host of the base URL, the certificate and the clock; add an authority of your own by configure_http",
            ),
            Kind::Connect => Some("check the base URL, the network and the proxy settings"),
            Kind::Network => Some(
                "call again, since this is mostly temporary; if it lasts, check the base URL, the network and the proxy settings",
            ),
            Kind::Decode(Some(misfit), _) if misfit.is_not_json() => Some(
                "something other than the API answered: check the base URL, and whether a proxy or a login page is in front of it",
            ),
            Kind::Decode(Some(misfit), _) if misfit.is_cut() => Some(
                "call again; if it lasts, check the base URL, and whether a proxy in front of it cuts answers",
            ),
            Kind::Decode(..) => {
                Some("the API may have changed: see whether there is a newer version of this crate")
            }
            Kind::TimedOut(..) => Some("if the network is fine, raise timeout or attempt_timeout"),
            Kind::TooLarge(..) => {
                Some("raise max_response_bytes if the answer is meant to be that long")
            }
            Kind::InvalidInput(_) => None,
        }
    }

    /// The API has had too many requests: 429; or it has, and this call would have had to wait for longer than its timeout.
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

    /// There was no whole answer in the time that connecting, an attempt or the call may take.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::TimedOut(..))
            || self.network_error().is_some_and(reqwest::Error::is_timeout)
    }

    /// There was no connection, so the request was not sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect)
    }

    /// The answer was a success with a body that is not what the API documents.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(..))
    }

    /// A setting or an argument was refused before anything was sent.
    #[must_use]
    pub fn is_invalid_input(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidInput(_))
    }

    /// The same call may succeed later: no connection (unless its TLS was refused), a broken one, a time-out, or 408, 429, 500, 502, 503, 504.
    /// After a removal that broke off, see first whether it was carried out: [`hint`](Self::hint) says so.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::Refused(status, _) => {
                classify::is_transient(status) && !classify::is_permanent(self.code())
            }
            Kind::Connect => !self.is_refused_handshake(),
            Kind::NotAdmitted | Kind::Network | Kind::TimedOut(..) => true,
            Kind::InvalidInput(_) | Kind::Decode(..) | Kind::TooLarge(..) => false,
        }
    }

    fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            Kind::Refused(_, api_error) => api_error.as_ref(),
            _ => None,
        }
    }

    /// The server named a time, and was not asked again after it for as often as the policy says.
    fn is_told_to_wait(&self) -> bool {
        matches!(self.status().map(|s| s.as_u16()), Some(429 | 503))
            && self.retry_after().is_some()
            && self.0.report.gave_up != Some(GaveUp::Attempts)
    }

    fn is_refused_handshake(&self) -> bool {
        self.network_error().is_some_and(|e| classify::is_refused_handshake(e))
    }

    fn network_error(&self) -> Option<&reqwest::Error> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

/// Whether a feature of this crate brings TLS; another crate may bring it, too.
const HAS_TLS: bool =
    cfg!(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"));

fn hint_for_status(status: u16, api_error: Option<&ApiError>) -> Option<&'static str> {
    Some(match (status, api_error.and_then(|e| e.code.as_deref())) {
        (300..=399, _) => {
            "redirects are not followed, so that the key stays with the configured host: set the base URL to the final address"
        }
        (_, Some("PROVIDER_NOT_CONFIGURED")) => {
            "the number's provider is not set up: connect it in the dashboard"
        }
        (401, _) => "check the API key or the key id (dashboard, Profile → API)",
        (402, _) => "check the subscription in the dashboard",
        (403, Some("NUMBER_SCOPE_NOT_ALLOWED")) => {
            "this key is scoped to one number: use the tenant's key (dashboard, Profile → API)"
        }
        (403, _) => {
            "check what this key may do; number details need the tenant's key (dashboard, Profile → API)"
        }
        (404, _) => {
            "check the id, that the key is of the tenant that owns the number, and that the base URL does not end in /v1"
        }
        (429, _) => "send fewer requests at a time, or raise max_attempts, max_delay and timeout",
        (500..=599, _) => "the server or a provider behind it failed: try again later",
        _ if api_error.is_some_and(|e| e.error.is_some()) => {
            "message() has the API's own explanation; it may name personal data"
        }
        _ => return None,
    })
}

/// How errors are made, by the rest of the crate.
impl Error {
    fn new(kind: Kind, report: Report) -> Self {
        Self(Arc::new(Details { kind, target: None, report, body: Bytes::new(), source: None }))
    }

    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn invalid_input(sentence: impl Into<String>) -> Self {
        Self::new(Kind::InvalidInput(sentence.into()), Report::default())
    }

    /// reqwest could not make its client.
    pub(crate) fn http_client(source: reqwest::Error) -> Self {
        let sentence = format!("the HTTP client cannot be made: {}", root_cause(&source));
        Self::invalid_input(sentence).with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn refused(
        status: StatusCode,
        api_error: Option<ApiError>,
        body: Bytes,
        report: Report,
    ) -> Self {
        let kind = if status.is_success() {
            Kind::Decode(None, status)
        } else {
            Kind::Refused(status, api_error)
        };
        Self::new(kind, report).with(|d| d.body = body)
    }

    pub(crate) fn decode(error: &serde_json::Error, body: Bytes, report: Report) -> Self {
        let misfit = Misfit::new(&body, error);
        Self::new(Kind::Decode(Some(misfit), StatusCode::OK), report).with(|d| d.body = body)
    }

    pub(crate) fn network(source: reqwest::Error, report: Report) -> Self {
        let kind = if source.is_connect() { Kind::Connect } else { Kind::Network };
        Self::new(kind, report).with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn timed_out(after: Duration, setting: &'static str, report: Report) -> Self {
        // So that reqwest's own is_timeout knows it, too.
        let source = io::Error::from(io::ErrorKind::TimedOut);
        Self::new(Kind::TimedOut(after, setting), report)
            .with(|d| d.source = Some(Arc::new(source)))
    }

    pub(crate) fn too_large(limit: usize, how: &'static str, report: Report) -> Self {
        Self::new(Kind::TooLarge(limit, how), report)
    }

    pub(crate) fn not_admitted(report: Report) -> Self {
        Self::new(Kind::NotAdmitted, report)
    }

    /// Whether the call's own time ended, so that a call with more of it might still succeed.
    pub(crate) fn is_out_of_time(&self) -> bool {
        let by_timeout = self.0.report.gave_up == Some(GaveUp::Timeout);
        by_timeout || matches!(self.0.kind, Kind::TimedOut(..) | Kind::NotAdmitted)
    }

    /// Names what the call was about.
    pub(crate) fn about(self, target: impl Into<String>) -> Self {
        self.with(|d| d.target = Some(target.into()))
    }

    /// The error as the only kind that a hook may return: a `reqwest::Error` with this one as its source.
    pub(crate) async fn into_result(self) -> reqwest::Result<Response> {
        // reqwest makes errors of others' only from bodies that fail.
        let failing =
            reqwest::Body::wrap_stream(stream::once(future::ready(Err::<Bytes, _>(self))));
        let body = Response::from(http::Response::new(failing)).bytes().await?;
        Ok(http::Response::new(body).into())
    }

    /// The error that [`into_result`](Self::into_result) put into `error`.
    fn carried_by(error: &reqwest::Error) -> Option<&Self> {
        let mut source = error.source();
        while let Some(e) = source {
            if let Some(ours) = e.downcast_ref() {
                return Some(ours);
            }
            source = e.source();
        }
        None
    }
}

impl From<progenitor_client::Error<ApiError>> for Error {
    fn from(error: progenitor_client::Error<ApiError>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            // What generated code makes of an id that was refused; it drops the reason.
            Generated::InvalidRequest(text) if text.contains("NumberId") => Self::invalid_input(
                "the number id is empty, a dot segment, or has a control character or a backslash: pass the id of a number",
            ),
            Generated::InvalidRequest(text) | Generated::Custom(text) => Self::invalid_input(text),
            Generated::CommunicationError(e)
            | Generated::ResponseBodyError(e)
            | Generated::InvalidUpgrade(e) => match Self::carried_by(&e) {
                Some(ours) => ours.clone(),
                None => Self::network(e, Report::first_attempt()),
            },
            Generated::ErrorResponse(answer) => {
                let (status, report) = (answer.status(), Report::of(answer.headers()));
                let api_error = answer.into_inner();
                let body = serde_json::to_vec(&api_error).unwrap_or_default();
                Self::refused(status, Some(api_error), body.into(), report)
            }
            Generated::InvalidResponsePayload(body, e) => {
                Self::decode(&e, body, Report::first_attempt())
            }
            Generated::UnexpectedResponse(answer) => match answer.extensions().get::<Self>() {
                Some(ours) => ours.clone(),
                None => {
                    Self::refused(answer.status(), None, Bytes::new(), Report::of(answer.headers()))
                }
            },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(target) = &self.0.target {
            write!(f, "{target}: ")?;
        }
        self.fmt_what(f)?;
        self.fmt_report(f)
    }
}

impl Error {
    fn fmt_what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.0.source.as_deref().map(|e| root_cause(e)).unwrap_or_default();
        match &self.0.kind {
            Kind::InvalidInput(sentence) => f.write_str(sentence),
            Kind::Refused(status, _) => {
                write!(f, "the API answered {status}")?;
                let code =
                    self.code().filter(|c| is_plain_code(c) && !self.0.report.echoes_credential);
                match (code, &self.0.report.redirect) {
                    (Some(code), _) => write!(f, " ({code})"),
                    (None, Some(origin)) => write!(f, ", a redirect to {origin}"),
                    (None, None) => Ok(()),
                }
            }
            Kind::Decode(Some(misfit), _) => {
                write!(f, "the answer is not what the API documents: {misfit}")
            }
            Kind::Decode(None, status) => {
                write!(f, "the API answered {status}, which it does not document")
            }
            Kind::NotAdmitted => {
                f.write_str("not sent: the server limits the rate, so calls wait for their turns, and this one's ")?;
                match self.retry_after().filter(|wait| !wait.is_zero()) {
                    Some(wait) => write!(f, "would come in {wait:.1?}, after its timeout"),
                    None => f.write_str("did not come before its timeout"),
                }
            }
            Kind::Connect => match self.network_error().and_then(reqwest::Error::url) {
                Some(url) => {
                    write!(f, "cannot connect to {}: {cause}", url.origin().ascii_serialization())
                }
                None => write!(f, "cannot connect: {cause}"),
            },
            Kind::Network => {
                write!(f, "no whole answer came over the connection: {cause}")
            }
            Kind::TimedOut(after, setting) => {
                write!(f, "no whole answer within {after:?} ({setting})")
            }
            Kind::TooLarge(limit, how) => {
                write!(f, "the answer {how} than the limit of {limit} bytes")
            }
        }
    }

    fn fmt_report(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { attempts, gave_up, retry_after, .. } = &self.0.report;
        let asked = retry_after.unwrap_or_default();
        match gave_up {
            Some(GaveUp::Attempts) if *attempts > 1 => {
                write!(f, "; gave up after {attempts} attempts")
            }
            Some(GaveUp::MaxDelay) => write!(
                f,
                "; not tried again, since the server asks to wait {asked:.0?}, longer than max_delay"
            ),
            // That it took too long is all that is said already.
            Some(GaveUp::Timeout) if matches!(self.0.kind, Kind::TimedOut(_, "timeout")) => Ok(()),
            Some(GaveUp::Timeout) if *attempts > 0 => {
                let s = if *attempts == 1 { "" } else { "s" };
                write!(
                    f,
                    "; gave up after {attempts} attempt{s}, since too little is left of the call's timeout"
                )
            }
            Some(GaveUp::NotSafe) => {
                write!(f, "; not tried again, since the request may have been carried out")
            }
            Some(GaveUp::Budget) => {
                write!(f, "; not tried again, since too many calls fail: the retry budget is spent")
            }
            Some(GaveUp::Attempts | GaveUp::Timeout) | None => Ok(()),
        }
    }
}

/// Whether a code from the server is safe to print: no sentence, no key, no phone number, no markup.
fn is_plain_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    code.len() <= 64 && digits <= 4 && code.bytes().all(plain)
}

fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { attempts, gave_up, retry_after, .. } = &self.0.report;
        f.debug_struct("Error")
            .field("message", &self.to_string())
            .field("hint", &self.hint())
            .field("status", &self.status())
            .field("attempts", attempts)
            .field("gave_up", gave_up)
            .field("retry_after", retry_after)
            .field("body_bytes", &self.0.body.len())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}
