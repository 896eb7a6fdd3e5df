//! How an error prints: one line that is safe to log. Neither the key nor anything of a body is in
//! it.

use std::{fmt, time::Duration};

use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    Error, Kind, NotOpen, SizeLimit, TimeoutScope,
    outcome::{CallOutcome, StopReason},
    plain::{plain, plain_or_withheld, printable_id},
    root_cause,
};
use crate::types::NumberStatus;

/// The ids that an error names at most.
const SHOWN_IDS: usize = 10;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(target) = &self.0.target {
            write!(f, "{}: ", target.text)?;
        }
        self.fmt_what(f)?;
        self.fmt_report(f)
    }
}

impl Error {
    /// The API's code, where it may be printed and kept.
    pub(crate) fn plain_code(&self) -> Option<&str> {
        self.code().and_then(plain).filter(|_| !self.0.outcome.echoes_credential)
    }

    fn fmt_what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.0.source.as_deref().map(|e| root_cause(e)).unwrap_or_default();
        match &self.0.kind {
            Kind::InvalidInput(sentence) => f.write_str(sentence),
            Kind::NoTrustStore => f.write_str(
                "the HTTP client cannot be made: this system has no certificates of authorities, by which it would know the API's host",
            ),
            Kind::Refused(status, _) => {
                write!(f, "the API answered {}", named(*status))?;
                if status.is_success() {
                    f.write_str(", but with an error")?;
                }
                match (self.plain_code(), &self.0.outcome.redirect) {
                    (Some(code), _) => write!(f, " ({code})"),
                    (None, Some(origin)) => write!(f, ", a redirect to {origin}"),
                    (None, None) => Ok(()),
                }
            }
            Kind::Decode(Some(_), _) if self.0.outcome.echoes_credential => {
                f.write_str("the answer is not what the API documents, and holds the key")
            }
            Kind::Decode(Some(error), _) => {
                write!(f, "the answer is not what the API documents: {error}")
            }
            Kind::Decode(None, status) => {
                write!(f, "the API answered {}, which it does not document", named(*status))
            }
            Kind::NotAdmitted => {
                f.write_str("not sent: the server limits the rate, so calls wait for their turns, and this one's ")?;
                match self.retry_after().filter(|wait| !wait.is_zero()) {
                    Some(wait) => write!(f, "would come in {wait:.1?}, after its timeout"),
                    None => f.write_str("did not come before its timeout"),
                }
            }
            Kind::Connect(_) => match self.network_error().and_then(reqwest::Error::url) {
                Some(url) => {
                    write!(f, "cannot connect to {}: {cause}", url.origin().ascii_serialization())
                }
                None => write!(f, "cannot connect: {cause}"),
            },
            Kind::Network => {
                write!(f, "no whole answer came over the connection: {cause}")
            }
            Kind::TimedOut(after, scope) => {
                let setting = match scope {
                    TimeoutScope::Attempt => "attempt_timeout",
                    TimeoutScope::Call => "timeout",
                };
                write!(f, "no whole answer within {after:?} ({setting})")
            }
            Kind::TooLarge(bytes, limit) => {
                let how = match limit {
                    SizeLimit::Length => "is longer",
                    SizeLimit::Memory => "takes more memory",
                };
                write!(f, "the answer {how} than the limit of {bytes} bytes")
            }
            Kind::Ambiguous(ids) => {
                let more = if ids.len() > SHOWN_IDS { ", …" } else { "" };
                let ids: Vec<_> = ids.iter().take(SHOWN_IDS).map(|id| printable_id(id)).collect();
                let ids = ids.join(", ");
                write!(f, "several numbers have this phone number, with the ids {ids}{more}")
            }
            Kind::NotOpen(wait) => {
                let NotOpen { limit, status, failure } = &**wait;
                write!(f, "not open within {limit:?}: ")?;
                match failure {
                    Some(failure) => failure.fmt_what(f),
                    None => f.write_str(&state(status.as_ref())),
                }
            }
        }
    }

    fn fmt_report(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallOutcome { attempts, stop_reason, retry_after, .. } = &self.0.outcome;
        let asked = retry_after.unwrap_or_default();
        match stop_reason {
            Some(StopReason::Attempts) if *attempts > 1 => {
                write!(f, "; gave up after {attempts} attempts")
            }
            Some(StopReason::MaxDelay) => write!(
                f,
                "; not tried again, since the server asks to wait {}, longer than max_delay",
                in_words(asked)
            ),
            // That it took too long is all that is said already.
            Some(StopReason::Timeout)
                if matches!(self.0.kind, Kind::TimedOut(_, TimeoutScope::Call)) =>
            {
                Ok(())
            }
            Some(StopReason::Timeout) if *attempts > 0 => {
                let s = if *attempts == 1 { "" } else { "s" };
                write!(
                    f,
                    "; gave up after {attempts} attempt{s}, since too little is left of the call's timeout"
                )
            }
            Some(StopReason::NotSafe) => {
                write!(f, "; not tried again, since the request may have been carried out")
            }
            Some(StopReason::Budget) => {
                write!(f, "; not tried again, since too many calls fail: the retry budget is spent")
            }
            Some(StopReason::Final | StopReason::Attempts | StopReason::Timeout) | None => Ok(()),
        }
    }
}

/// The state of a number, in words.
fn state(status: Option<&NumberStatus>) -> String {
    let Some(state) = status.and_then(|status| status.state.as_ref()) else {
        return "its state is not known".to_owned();
    };
    let state = plain_or_withheld(state.as_str());
    let but = match status.map(|status| (status.stale, status.is_fully_connected)) {
        Some((Some(true), _)) => ", as last remembered",
        Some((_, Some(false))) => ", not fully connected",
        _ => "",
    };
    format!("its state is {state}{but}")
}

/// A status, with its name where it has one.
fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(name) => format!("{} {name}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// A wait that the server asks for. No more digits than a wait has: it may be anybody's phone number.
fn in_words(wait: Duration) -> String {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    if wait > YEAR { "over a year".to_owned() } else { format!("{wait:.0?}") }
}

/// As `kind`, `status`, `code`, `attempts`, `retry_after_ms`, `line` and `hint`; what is not known is
/// null. Safe to log, as `Display`.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wait =
            self.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let mut object = serializer.serialize_struct("Error", 7)?;
        object.serialize_field("kind", &self.kind())?;
        object.serialize_field("status", &self.status().map(|status| status.as_u16()))?;
        object.serialize_field("code", &self.plain_code())?;
        object.serialize_field("attempts", &self.attempts())?;
        object.serialize_field("retry_after_ms", &wait)?;
        object.serialize_field("line", &self.to_string())?;
        object.serialize_field("hint", &self.hint())?;
        object.end()
    }
}

impl Error {
    /// The error for a person, in up to three lines: what happened, what to do about it, and the
    /// cause where the first line does not have it. Safe to log, as `Display`.
    ///
    /// ```
    /// let error = pilot_status::Client::builder().api_key("").build().unwrap_err();
    /// eprintln!("{}", error.report());
    /// ```
    #[must_use]
    pub fn report(&self) -> impl fmt::Display {
        let mut report = self.to_string();
        if let Some(hint) = self.hint() {
            report += &format!("\nhint: {hint}");
        }
        let cause = self.0.source.as_deref().map(|source| root_cause(source));
        if let Some(cause) = cause.filter(|cause| !report.contains(cause)) {
            report += &format!("\ncause: {cause}");
        }
        report
    }
}

/// What a person can read when `main` returns it: the report, and what else is known.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report())?;
        if self.attempts() == 0 {
            return Ok(());
        }
        write!(f, "\n(kind {}, attempts {}", self.kind(), self.attempts())?;
        if let Some(status) = self.status() {
            write!(f, ", status {}", status.as_u16())?;
        }
        if let Some(wait) = self.retry_after() {
            write!(f, ", retry after {}", in_words(wait))?;
        }
        if !self.body().is_empty() {
            write!(f, ", {} bytes in body()", self.body().len())?;
        }
        f.write_str(")")
    }
}
