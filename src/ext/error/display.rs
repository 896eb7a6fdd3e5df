//! Formatting of errors. Everything printed or serialized here is safe to log: it contains neither
//! the key nor data of a body.

use std::{fmt, time::Duration};

use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    CallOutcome, Error, Kind, NotOpen, StopReason, Target, TimeoutScope,
    plain::{plain, plain_or_withheld, printable_id},
    root_cause,
};
use crate::types::NumberStatus;

/// The longest wait that is printed or serialized.
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The maximum number of ids that an error lists.
const SHOWN_IDS: usize = 10;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.target {
            Some(Target::Number(id)) => write!(f, "number {}: ", printable_id(id.as_str()))?,
            Some(Target::Other(text)) => write!(f, "{text}: ")?,
            None => {}
        }
        f.write_str(&self.failure())?;
        f.write_str(&self.end_of_retries())
    }
}

impl Error {
    /// Returns the API's code, if it may be printed and stored.
    pub(crate) fn plain_code(&self) -> Option<&str> {
        self.code().and_then(plain).filter(|_| !self.0.echoes_credential)
    }

    fn failure(&self) -> String {
        let cause = self.0.source.as_deref().map(|e| root_cause(e)).unwrap_or_default();
        match &self.0.kind {
            Kind::InvalidInput(text) => text.clone(),
            Kind::NoTrustStore => {
                "cannot build the HTTP client: this system has no CA certificates to verify the API's host".to_owned()
            }
            Kind::Status(status, _) => {
                let remark = if status.is_success() { ", but the body is an error" } else { "" };
                let detail = match (self.plain_code(), self.redirect()) {
                    (Some(code), _) => format!(" ({code})"),
                    (None, Some(to)) if !self.0.echoes_credential => format!(", a redirect to {to}"),
                    _ => String::new(),
                };
                format!("the API answered {}{remark}{detail}", named(*status))
            }
            Kind::Decode(None, status) => {
                format!("the API answered {}, a status that it does not document", named(*status))
            }
            Kind::Decode(Some(fault), _) => {
                let start = "the response is not what the API documents";
                if self.0.echoes_credential {
                    return format!("{start}, and contains the key");
                }
                format!("{start}: {fault}")
            }
            Kind::NotAdmitted => match self.retry_after().filter(|wait| !wait.is_zero()) {
                Some(wait) => format!(
                    "not sent: rate limited; the next slot is in {wait:.1?}, after this call's timeout"
                ),
                None => "not sent: rate limited; no slot before this call's timeout".to_owned(),
            },
            Kind::Connect(_) => {
                let url = self.network_error().and_then(reqwest::Error::url);
                let to = url.map(|url| format!(" to {}", url.origin().ascii_serialization()));
                format!("cannot connect{}: {cause}", to.unwrap_or_default())
            }
            Kind::Network => {
                format!("the connection failed before the response was complete: {cause}")
            }
            Kind::TimedOut(after, scope) => {
                let setting = match scope {
                    TimeoutScope::Attempt => "attempt_timeout",
                    TimeoutScope::Call => "timeout",
                };
                format!("no complete response within {after:?} ({setting})")
            }
            Kind::TooLarge { limit, excess } => {
                format!("the response {excess} than the limit of {limit} bytes")
            }
            Kind::Ambiguous(ids) => {
                let more = if ids.len() > SHOWN_IDS { ", …" } else { "" };
                let ids = ids.iter().take(SHOWN_IDS).map(|id| printable_id(id.as_str()));
                let ids = ids.collect::<Vec<_>>().join(", ");
                format!("several numbers have this phone number: ids {ids}{more}")
            }
            Kind::NotOpen(wait) => {
                let NotOpen { limit, status, failure } = &**wait;
                let within = limit.map_or("yet".to_owned(), |limit| format!("within {limit:?}"));
                let last = failure.as_ref().map_or_else(|| state(status.as_ref()), Self::failure);
                format!("not open {within}: {last}")
            }
        }
    }

    /// Returns the reason why no other attempt was made, unless the failure implies it.
    fn end_of_retries(&self) -> String {
        let CallOutcome { attempts, stop_reason, retry_after, .. } = self.0.outcome;
        // The failure then names the timeout of the call.
        let is_timed_out = matches!(self.0.kind, Kind::TimedOut(_, TimeoutScope::Call));
        match stop_reason {
            Some(StopReason::Attempts) if attempts > 1 => {
                format!("; gave up after {attempts} attempts")
            }
            Some(StopReason::MaxDelay) => format!(
                "; not retried: the server requests a wait of {}, longer than max_delay",
                rounded(retry_after.unwrap_or_default())
            ),
            Some(StopReason::Timeout) if attempts > 0 && !is_timed_out => {
                let s = if attempts == 1 { "" } else { "s" };
                format!(
                    "; gave up after {attempts} attempt{s}: too little of the call's timeout is left"
                )
            }
            Some(StopReason::NotSafe) => {
                "; not retried: the request may have taken effect".to_owned()
            }
            Some(StopReason::Budget) => {
                "; not retried: too many calls fail, so the retry budget is spent".to_owned()
            }
            _ => String::new(),
        }
    }
}

fn state(status: Option<&NumberStatus>) -> String {
    let Some(state) = status.and_then(|status| status.state.as_ref()) else {
        return "state unknown".to_owned();
    };
    let state = plain_or_withheld(state.as_str());
    let remark = match status.map(|status| (status.stale, status.is_fully_connected)) {
        Some((Some(true), _)) => " (remembered, not live)",
        Some((_, Some(false))) => " (not fully connected)",
        _ => "",
    };
    format!("last state {state}{remark}")
}

/// Returns a status with its name, if it has one.
fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(name) => format!("{} {name}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns a wait that the server requests, in seconds. A very long one is not printed, because its
/// digits may be a phone number.
fn rounded(wait: Duration) -> String {
    if wait > YEAR { "over a year".to_owned() } else { format!("{wait:.0?}") }
}

/// Serializes the fields `kind`, `status`, `code`, `attempts`, `retryAfterMs`, `line`, `hint` and
/// `lastState`.
/// Unknown ones are null, and the wait is at most 366 days. Safe to log.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wait = self.retry_after().map(|wait| wait.min(YEAR).as_millis());
        let wait = wait.and_then(|wait| u64::try_from(wait).ok());
        let mut object = serializer.serialize_struct("Error", 8)?;
        object.serialize_field("kind", &self.kind())?;
        object.serialize_field("status", &self.status().map(|status| status.as_u16()))?;
        object.serialize_field("code", &self.plain_code())?;
        object.serialize_field("attempts", &self.attempts())?;
        object.serialize_field("retryAfterMs", &wait)?;
        object.serialize_field("line", &self.to_string())?;
        object.serialize_field("hint", &self.hint())?;
        let last_state = self.last_status().and_then(|status| status.state.as_ref());
        object.serialize_field("lastState", &last_state.map(|s| plain_or_withheld(s.as_str())))?;
        object.end()
    }
}

impl Error {
    /// Returns up to three lines for people: the error, the hint, and the cause if the first line
    /// does not contain it. Safe to log.
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

/// Prints the [report](Error::report) and further details, because programs print the `Debug` form
/// of an error that `main` returns.
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
            write!(f, ", retry after {}", rounded(wait))?;
        }
        if !self.body().is_empty() {
            write!(f, ", {} bytes in body()", self.body().len())?;
        }
        f.write_str(")")
    }
}
