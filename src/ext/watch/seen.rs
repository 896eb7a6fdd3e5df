//! What a watch remembers of a number, and what has changed from one answer to the next. Little, so
//! that the memory of a watch is that of its ids.

use serde::{Deserialize, Serialize};

use crate::{
    ext::{error::error::Error, number::readiness::ReadinessLevel},
    types::{ConnectionState, MessagingLimitTier, Number, QualityRating},
};

/// What a [`Watch`](crate::Watch) has seen of a number last. What a failed call does not say stays
/// as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Seen {
    /// Whether it can send; `None` before the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<ReadinessLevel>,
    /// Why it cannot, or not freely, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Meta's rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityRating>,
    /// How many customers it may write to in 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<MessagingLimitTier>,
    /// The state of its connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ConnectionState>,
    /// The call for it failed: the error's kind, status and code, such as
    /// `forbidden 403 NUMBER_SCOPE_NOT_ALLOWED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What of a number changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Changed {
    /// It is seen for the first time.
    First,
    /// The verdict or its reasons.
    Readiness,
    /// Meta's rating.
    Quality,
    /// The messaging limit.
    Limit,
    /// The state of the connection.
    State,
    /// Calls for it fail, or fail by something else than before.
    ErrorBegan,
    /// Calls for it succeed again.
    ErrorEnded,
    /// It came into the list of numbers that is followed.
    Listed,
    /// It is no longer in the list, and not watched any more.
    Unlisted,
}

impl Seen {
    /// After an answer.
    pub(super) fn of(number: &Number) -> Self {
        let readiness = number.readiness();
        Self {
            level: Some(readiness.level()),
            reasons: readiness.reasons().iter().map(ToString::to_string).collect(),
            quality: number.quality().cloned(),
            limit: number.messaging_limit().cloned(),
            state: number.state.clone(),
            error: None,
        }
    }

    /// After a failed call, of a number of which this was seen before.
    pub(super) fn failed(before: Option<&Self>, error: &Error) -> Self {
        let mut words = error.kind().to_string();
        // A limit is one error, whether it is met or not even tried.
        if !error.is_rate_limited() {
            if let Some(status) = error.status() {
                words += &format!(" {}", status.as_u16());
            }
            if let Some(code) = error.code() {
                // It is the server's, and there may be thousands of them.
                words.push(' ');
                words.extend(code.chars().take(64));
            }
        }
        Self { error: Some(words), ..before.cloned().unwrap_or_default() }
    }

    /// After an answer that has only the state, of a number of which this was seen before.
    pub(super) fn of_state(before: Option<&Self>, state: Option<ConnectionState>) -> Self {
        Self { state, error: None, ..before.cloned().unwrap_or_default() }
    }

    /// What is otherwise than before.
    pub(super) fn changes(&self, before: Option<&Self>) -> Vec<Changed> {
        let Some(before) = before else {
            let error = self.error.is_some().then_some(Changed::ErrorBegan);
            return [Changed::First].into_iter().chain(error).collect();
        };
        let readiness = (self.level, &self.reasons) != (before.level, &before.reasons);
        let ended = self.error.is_none() && before.error.is_some();
        let began = self.error.is_some() && self.error != before.error;
        let all = [
            (readiness, Changed::Readiness),
            (self.quality != before.quality, Changed::Quality),
            (self.limit != before.limit, Changed::Limit),
            (self.state != before.state, Changed::State),
            (began, Changed::ErrorBegan),
            (ended, Changed::ErrorEnded),
        ];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, changed)| changed).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(number: &serde_json::Value) -> Seen {
        let mut number = number.clone();
        number["id"] = "num_1".into();
        Seen::of(&serde_json::from_value(number).unwrap())
    }

    #[test]
    fn what_changed_is_told_by_what_it_is() {
        use Changed::{Limit, Quality, Readiness, State};
        let health = |json: serde_json::Value| json!({ "health": json });
        let cases: [(serde_json::Value, serde_json::Value, &[Changed]); 9] = [
            (json!({}), json!({}), &[]),
            (json!({}), json!({ "name": "new", "number": "1", "meta": { "fetchedAt": "x" } }), &[]),
            (json!({ "state": "OPEN" }), json!({ "state": "open" }), &[]),
            (json!({ "state": "OPEN" }), json!({ "state": "CLOSE" }), &[Readiness, State]),
            (json!({}), health(json!({ "qualityRating": "GREEN" })), &[Quality]),
            (
                health(json!({ "qualityRating": "YELLOW" })),
                health(json!({ "qualityRating": "RED" })),
                &[Readiness, Quality],
            ),
            (json!({}), health(json!({ "messagingLimitTier": "TIER_2K" })), &[Limit]),
            (
                health(json!({ "sendable": false })),
                health(json!({ "sendable": false, "code": "X" })),
                &[Readiness],
            ),
            (health(json!({ "sendable": true })), health(json!({ "sendable": true })), &[]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(seen(&after).changes(Some(&seen(&before))), expected, "{before} {after}");
        }
    }

    #[test]
    fn an_error_keeps_what_was_seen_and_is_the_same_by_kind_status_and_code() {
        let ready = seen(&json!({ "health": { "sendable": true } }));
        let error = Error::invalid_input("one");
        let failed = Seen::failed(Some(&ready), &error);
        assert_eq!(failed.error.as_deref(), Some("invalid_input"));
        assert_eq!(failed.changes(Some(&ready)), [Changed::ErrorBegan]);
        let again = Seen::failed(Some(&failed), &Error::invalid_input("another"));
        assert_eq!(again.changes(Some(&failed)), []);
        assert_eq!(ready.changes(Some(&again)), [Changed::ErrorEnded]);
        assert_eq!(ready.changes(None), [Changed::First]);
        assert_eq!(failed.changes(None), [Changed::First, Changed::ErrorBegan]);
    }

    #[test]
    fn what_is_kept_comes_back() {
        let number = json!({
            "state": "NEW", "health": { "qualityRating": "RED", "messagingLimitTier": "TIER_2K" },
        });
        let seen = Seen::failed(Some(&seen(&number)), &Error::invalid_input("x"));
        let kept = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&kept).unwrap(), seen);
    }
}
