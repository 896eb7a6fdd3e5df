//! The values that a watch retains of a number, and their comparison with the next response. They are
//! few, so that a watch needs little more memory than its ids. They are codes only: free text of the
//! server may differ in each response, and may be personal data.

use std::{fmt, mem::discriminant};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ext::{
        clock,
        error::{Error, kind::ErrorKind, plain::plain_or_withheld},
        number::{
            handle::MAX_SKEW,
            named_enum::named_enum,
            open_enums::OpenEnum,
            readiness::{ReadinessLevel, ReadinessReason, line},
            recipient_limit::RecipientLimit,
        },
    },
    types::{ConnectionState, MessagingLimitTier, Number, QualityRating},
};

/// The last known values of a number of a [`Watch`](crate::Watch). A failed call leaves the other
/// fields unchanged, and so does a snapshot that is older than the last one.
///
/// A value that this version of the crate does not know is retained if it is a plain code, such as
/// `PURPLE`, and otherwise becomes `withheld`.
///
/// ```
/// use pilot_status::{Seen, types::Number};
///
/// let number: Number = serde_json::from_str(r#"{"id":"num_1","health":{"qualityRating":"RED"}}"#)?;
/// let seen = Seen::from(&number);
/// assert_eq!(seen.reasons[0].code(), "quality");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Seen {
    /// The readiness level; `None` before the first response.
    pub level: Option<ReadinessLevel>,
    /// The reasons for the level, without free text of the server.
    pub reasons: Vec<ReadinessReason>,
    /// Meta's quality rating.
    pub quality: Option<QualityRating>,
    /// The number of customers it may write to in 24 hours.
    pub limit: Option<MessagingLimitTier>,
    /// The state of its connection.
    pub state: Option<ConnectionState>,
    /// The error of the last call, if it failed.
    pub error: Option<SeenError>,
    /// The date of the newest snapshot.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub fetched_at: Option<DateTime<Utc>>,
}

/// The error of a call, such as `forbidden 403 NUMBER_SCOPE_NOT_ALLOWED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SeenError {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The status of the response. It is absent for a rate limit, so that a 429 and a call that was
    /// not sent count as the same error.
    pub status: Option<u16>,
    /// The API's code, if it is a plain code.
    pub code: Option<String>,
}

named_enum! {
    /// The part of a number that changed.
    #[non_exhaustive]
    Changed {
        /// All of it: this is its first response.
        First = "first",
        /// The readiness level or its reasons.
        Readiness = "readiness",
        /// Meta's quality rating.
        Quality = "quality",
        /// The messaging limit.
        Limit = "limit",
        /// The connection state.
        State = "state",
        /// Its calls fail, or fail with another error than before.
        ErrorBegan = "error_began",
        /// Its calls succeed again.
        ErrorEnded = "error_ended",
        /// It is new in the list of numbers.
        Listed = "listed",
        /// It is no longer in the list of numbers, and no longer watched.
        Unlisted = "unlisted",
    }
}

impl SeenError {
    pub(super) fn of(error: &Error) -> Self {
        let kind = error.kind();
        if error.is_rate_limited() {
            return Self { kind, status: None, code: None };
        }
        let status = error.status().map(|status| status.as_u16());
        Self { kind, status, code: error.plain_code().map(str::to_owned) }
    }

    /// Returns the parts that count in a comparison.
    fn comparable(&self) -> (ErrorKind, Option<u16>, Option<String>) {
        (self.kind, self.status, self.code.as_deref().map(comparable))
    }
}

impl fmt::Display for SeenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        self.code.as_ref().map_or(Ok(()), |code| write!(f, " {}", plain_or_withheld(code)))
    }
}

/// The verdict as a line that is safe to log, such as `degraded: quality RED`; the connection state if
/// there is no verdict; and the error if the last call failed.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, self.level, &self.state) {
            (Some(error), ..) => write!(f, "failed: {error}"),
            (None, Some(level), _) => f.write_str(&line(level, &self.reasons)),
            (None, None, Some(state)) => write!(f, "state {}", state.printable()),
            (None, None, None) => f.write_str("state unknown"),
        }
    }
}

/// The values of a number that was read now, by the clock of this machine.
impl From<&Number> for Seen {
    fn from(number: &Number) -> Self {
        Self::of(None, number, clock::wall().into())
    }
}

impl Seen {
    /// Returns true if the last call succeeded, and the level
    /// [can send](ReadinessLevel::can_send).
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.error.is_none() && self.level.is_some_and(ReadinessLevel::can_send)
    }

    /// Returns the values of a response, at this time of the server.
    pub(super) fn of(before: Option<&Self>, number: &Number, now: DateTime<Utc>) -> Self {
        let readiness = number.readiness();
        let last = before.and_then(|before| before.fetched_at);
        Self {
            level: Some(readiness.level()),
            reasons: readiness.reasons().to_vec(),
            quality: number.quality().map(OpenEnum::without_free_text),
            limit: number.messaging_limit().map(kept_limit),
            state: number.state.as_ref().map(OpenEnum::without_free_text),
            error: None,
            // After a date in the future all later snapshots would count as older.
            fetched_at: number.fetched_at().filter(|at| *at <= now + MAX_SKEW).or(last),
        }
    }

    /// Adds a failed call to the values before it.
    pub(super) fn failed(before: Option<&Self>, error: &Error) -> Self {
        Self { error: Some(SeenError::of(error)), ..before.cloned().unwrap_or_default() }
    }

    /// Adds a response that has at most the connection state to the values before it.
    pub(super) fn of_state(before: Option<&Self>, state: Option<&ConnectionState>) -> Self {
        let before = before.cloned().unwrap_or_default();
        let state = state.map(OpenEnum::without_free_text).or(before.state);
        Self { state, error: None, ..before }
    }

    /// Returns true if the last snapshot is newer than that of this number, at this time of the
    /// server. A last date in the future does not count: it comes from a clock that was ahead.
    pub(super) fn is_newer_than(&self, number: &Number, now: DateTime<Utc>) -> bool {
        let seen = self.fetched_at.filter(|seen| *seen <= now + MAX_SKEW);
        matches!((seen, number.fetched_at()), (Some(seen), Some(at)) if at < seen)
    }

    /// Returns what changed. Compares levels, codes and known values, and no other text.
    pub(super) fn changes(&self, before: Option<&Self>) -> Vec<Changed> {
        let Some(before) = before else {
            let error = self.error.as_ref().map(|_| Changed::ErrorBegan);
            return [Changed::First].into_iter().chain(error).collect();
        };
        let reason = |r: &ReadinessReason| (discriminant(r), r.value().map(|v| comparable(&v)));
        let readiness =
            |seen: &Self| (seen.level, seen.reasons.iter().map(reason).collect::<Vec<_>>());
        let limit = |seen: &Self| seen.limit.as_ref().map(comparable_limit);
        let error = |seen: &Self| seen.error.as_ref().map(SeenError::comparable);
        let all = [
            (readiness(self) != readiness(before), Changed::Readiness),
            (!is_same(self.quality.as_ref(), before.quality.as_ref()), Changed::Quality),
            (limit(self) != limit(before), Changed::Limit),
            (!is_same(self.state.as_ref(), before.state.as_ref()), Changed::State),
            (self.error.is_some() && error(self) != error(before), Changed::ErrorBegan),
            (self.error.is_none() && before.error.is_some(), Changed::ErrorEnded),
        ];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, changed)| changed).collect()
    }
}

/// Returns a limit without text of the server: an unknown tier that has a figure is written by that
/// figure.
fn kept_limit(limit: &MessagingLimitTier) -> MessagingLimitTier {
    match limit.recipients() {
        Some(figure) if limit.known().is_none() => format!("TIER_{figure}").as_str().into(),
        _ => limit.without_free_text(),
    }
}

/// Returns true if both are the same known value, or both are unknown ones.
fn is_same<T: OpenEnum>(a: Option<&T>, b: Option<&T>) -> bool {
    a.map(OpenEnum::known) == b.map(OpenEnum::known)
}

/// Returns the figure of a limit, or its known value if it has no figure.
fn comparable_limit(limit: &MessagingLimitTier) -> Result<RecipientLimit, Option<String>> {
    limit.recipients().ok_or_else(|| limit.known().map(str::to_owned))
}

/// Returns a code without its digits, which may be an id that differs in each response. A code of
/// digits only is returned unchanged.
fn comparable(code: &str) -> String {
    let letters = code.replace(|c: char| c.is_ascii_digit(), "");
    if letters.is_empty() { code.to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(number: &serde_json::Value) -> Seen {
        let mut number = number.clone();
        number["id"] = "num_1".into();
        Seen::of(None, &serde_json::from_value(number).unwrap(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn changes_are_classified_by_field() {
        use Changed::{Limit, Quality, Readiness, State};
        // A field of `health`, its value before and after, and the changes.
        let cases: [(&str, Option<&str>, &str, &[Changed]); 9] = [
            ("qualityRating", None, "GREEN", &[Quality]),
            ("qualityRating", Some("YELLOW"), "RED", &[Readiness, Quality]),
            ("messagingLimitTier", None, "TIER_2K", &[Limit]),
            ("messagingLimitTier", Some("TIER_1K"), "\nTIER_1000\u{2028}", &[]),
            ("metaStatus", Some("FLAGGED"), "RESTRICTED", &[Readiness]),
            ("metaStatus", Some("A"), "B", &[]),
            ("code", None, "X", &[Readiness]),
            ("code", Some("131042"), "131031", &[Readiness]),
            ("code", Some("A_1"), "A_2", &[]),
        ];
        for (field, before, after, expected) in cases {
            let seen = |value| seen(&json!({ "health": { "sendable": false, (field): value } }));
            assert_eq!(seen(Some(after)).changes(Some(&seen(before))), expected, "{field} {after}");
        }
        let seen = |state, name, fetched_at| {
            seen(&json!({ "state": state, "name": name, "meta": { "fetchedAt": fetched_at } }))
        };
        let open = seen("OPEN", "old", "2026-01-01T00:00:00Z");
        for (state, expected) in [("OPEN", &[][..]), ("open", &[]), ("CLOSE", &[Readiness, State])]
        {
            assert_eq!(seen(state, "new", "x").changes(Some(&open)), expected, "{state}");
        }
    }

    #[test]
    fn unknown_limit_is_retained_as_its_figure() {
        let long = format!("TIER_{}1000", "0".repeat(100));
        for (sent, kept) in [
            ("TIER_2K", "TIER_2K"),
            ("\nTIER_5000\u{2028}", "TIER_5000"),
            (&long, "TIER_1000"),
            ("unlimited\n", "TIER_UNLIMITED"),
        ] {
            let seen = seen(&json!({ "health": { "messagingLimitTier": sent } }));
            assert_eq!(seen.limit.unwrap().as_str(), kept);
        }
    }
}
