//! [`FleetTable::fresh`]: the lookup of a number whose last response is recent.

use std::{error::Error as StdError, fmt, time::Duration};

use chrono::{DateTime, Utc};
use http::{Response, StatusCode};
use serde_json::json;

use super::{
    seen::SeenError,
    table::{FleetEntry, FleetTable, Rows},
};
use crate::ext::{clock, error::gateway::json_response, number::phone::Phone};

/// The reason why [`FleetTable::fresh`] returns no number. It is displayed as a line that is safe to
/// log, such as `the last call failed: forbidden 403 NUMBER_SCOPE_NOT_ALLOWED`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotFresh {
    /// No watched number has this id or phone number.
    NotFound,
    /// No watched number has this id, and as a phone number it lacks its country code.
    NoCountryCode,
    /// There is no response yet: the first round may be under way, or the number was
    /// [resumed](crate::Watch::resume). A phone number is also pending until the phone numbers of all
    /// watched numbers are known.
    Pending,
    /// The last call for the number failed, or the API refuses the key. It is the error of the list of
    /// numbers if the list fails, and there is no response for the number yet.
    Failing(SeenError),
    /// The last success is older than allowed. This is its age.
    Old(Duration),
}

impl FleetTable {
    /// Returns the number with this id or phone number, if its last call succeeded, at most `max_age`
    /// ago by this machine's clock. Phone numbers are compared as by [`by_phone`](Self::by_phone). If a
    /// tenant has the same phone number several times, a number that works counts first. Choose a
    /// `max_age` of at least twice the interval of the watch.
    ///
    /// # Errors
    /// [`NotFresh`] says why there is no such number. While a watch hangs, and after it ended, its
    /// numbers become [`Old`](NotFresh::Old). With [`Watch::statuses`](crate::Watch::statuses) of given
    /// ids no phone number is known.
    pub fn fresh(&self, id_or_phone: &str, max_age: Duration) -> Result<FleetEntry, NotFresh> {
        let (rows, now) = (self.0.borrow(), clock::wall().into());
        if let Some(fault) = &rows.fault {
            return Err(NotFresh::Failing(SeenError::of(fault)));
        }
        let phone = parse_phone(id_or_phone);
        let found = match (rows.entries.get(id_or_phone), &phone) {
            (Some(entry), _) => vec![entry],
            (None, Some(phone)) => rows.with_phone(phone),
            (None, None) => Vec::new(),
        };
        let checked = found.into_iter().map(|entry| rows.check(entry, max_age, now));
        checked.min_by_key(Result::is_err).unwrap_or_else(|| Err(rows.absence(phone.as_ref())))
    }
}

impl Rows {
    fn check(
        &self,
        entry: &FleetEntry,
        max_age: Duration,
        now: DateTime<Utc>,
    ) -> Result<FleetEntry, NotFresh> {
        // A resumed entry has the error of an earlier process.
        match (&entry.seen.error, entry.seen_at) {
            (Some(error), _) if entry.polled_at.is_some() => Err(NotFresh::Failing(error.clone())),
            (None, Some(at)) => {
                // Zero after the clock was set back.
                let age = (now - at).to_std().unwrap_or_default();
                if age > max_age { Err(NotFresh::Old(age)) } else { Ok(entry.clone()) }
            }
            _ => Err(self.unless_list_fails(NotFresh::Pending)),
        }
    }

    /// Returns the reason why no entry has this phone number, or the id if it is `None`.
    fn absence(&self, phone: Option<&Phone>) -> NotFresh {
        let reason = match phone {
            _ if !self.all_polled() => NotFresh::Pending,
            Some(phone) if phone.may_be_national => return NotFresh::NoCountryCode,
            Some(_) if !self.all_have_phones() => NotFresh::Pending,
            _ => NotFresh::NotFound,
        };
        self.unless_list_fails(reason)
    }

    /// Returns the error of the list, if it fails: it may have the number. Otherwise returns `reason`.
    fn unless_list_fails(&self, reason: NotFresh) -> NotFresh {
        let failure = self.list_error.as_ref().map(SeenError::of);
        failure.map_or(reason, NotFresh::Failing)
    }
}

impl NotFresh {
    /// Returns the HTTP status for the response of a handler: 404 for [`NotFound`](Self::NotFound), 400
    /// for [`NoCountryCode`](Self::NoCountryCode), and otherwise 503.
    #[must_use]
    pub fn gateway_status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoCountryCode => StatusCode::BAD_REQUEST,
            Self::Pending | Self::Failing(_) | Self::Old(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Parses a phone number, such as `tel:+55…` or `+55 (0xx11) …`; `None` for a text with other letters,
/// which is an id.
fn parse_phone(text: &str) -> Option<Phone> {
    let is_letter = |c: char| c.is_ascii_alphabetic() && !"xX".contains(c);
    let has_letters = text.rsplit(':').next()?.contains(is_letter);
    Phone::parse(text).filter(|_| !has_letters)
}

impl fmt::Display for NotFresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no watched number has this id or phone number"),
            Self::NoCountryCode => f.write_str(
                "no watched number has this id, and as a phone number it lacks its country code",
            ),
            Self::Pending => f.write_str("there is no response yet"),
            Self::Failing(error) => write!(f, "the last call failed: {error}"),
            Self::Old(age) => write!(f, "the last response is {} s old", age.as_secs()),
        }
    }
}

impl StdError for NotFresh {}

/// The reason as the response of a handler, so that `?` works in a handler that returns
/// `Result<_, http::Response<String>>`. The status is [`NotFresh::gateway_status`], and the body is
/// JSON: a `kind` such as `pending` or `no_country_code`, and the displayed reason as `line`.
impl From<NotFresh> for Response<String> {
    fn from(reason: NotFresh) -> Self {
        let kind = match reason {
            NotFresh::NotFound => "not_found",
            NotFresh::NoCountryCode => "no_country_code",
            NotFresh::Pending => "pending",
            NotFresh::Failing(_) => "failing",
            NotFresh::Old(_) => "old",
        };
        json_response(reason.gateway_status(), &json!({ "kind": kind, "line": reason.to_string() }))
    }
}
