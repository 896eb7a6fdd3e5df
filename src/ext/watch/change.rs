//! [`Change`], the event of a watch.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::seen::{Changed, Seen};
use crate::{
    ext::{
        clock,
        error::{Error, kind::ErrorKind, plain::printable_id},
        number_id::NumberId,
    },
    types::{Number, NumberStatus},
};

/// A change of a watched number, or of the watch itself. It is displayed as a line that is safe to
/// log, such as `num_17  ready → degraded: quality RED`. The line has the reasons after the change
/// only.
///
/// Its serialized form has codes and dates, and can be read back from any format that writes field
/// names. The responses and the error are not part of it: `after.error` has the kind, the status and
/// the code of the error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Change {
    /// The id of the number; `None` for a change of the watch itself, which is one of its key, its
    /// list, its ids or its interval.
    pub id: Option<NumberId>,
    /// The time of the response, by this machine's clock.
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub at: DateTime<Utc>,
    /// The source of the change.
    pub source: ChangeSource,
    /// The parts that changed; empty if only [`Watch::on`](crate::Watch::on) counts it as a change.
    pub changed: Vec<Changed>,
    /// The values before the change, if any are known.
    pub before: Option<Seen>,
    /// The values after the change. For a number that is no longer listed they are its last values.
    pub after: Seen,
    /// The response, for [`ChangeSource::Number`].
    #[serde(skip)]
    pub number: Option<Arc<Number>>,
    /// The previous response, if [`Watch::keep_whole`](crate::Watch::keep_whole) is set, or a
    /// [table](crate::Watch::table) was made.
    #[serde(skip)]
    pub previous: Option<Arc<Number>>,
    /// The response, for [`ChangeSource::Status`].
    #[serde(skip)]
    pub status: Option<Arc<NumberStatus>>,
    /// The error, for [`ChangeSource::Failed`].
    #[serde(skip)]
    pub error: Option<Error>,
}

/// The source of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeSource {
    /// A response with the whole number.
    Number,
    /// A response with the connection state, if [`Watch::statuses`](crate::Watch::statuses) is set.
    Status,
    /// A call that failed after its retries. The watch continues.
    Failed,
    /// A list of numbers that no longer has the number.
    Unlisted,
    /// A list of numbers that could be read, after one that failed.
    List,
    /// A call with a key that is accepted, after it was refused.
    KeyAccepted,
}

impl Change {
    /// Returns a change at this moment, without a response.
    pub(super) fn new(
        id: Option<NumberId>,
        source: ChangeSource,
        before: Option<Seen>,
        after: Seen,
    ) -> Self {
        let at = clock::wall().into();
        let changed = vec![match source {
            ChangeSource::Unlisted => Changed::Unlisted,
            ChangeSource::Failed => Changed::ErrorBegan,
            _ => Changed::ErrorEnded,
        }];
        let (number, previous, status, error) = (None, None, None, None);
        Self { id, at, source, changed, before, after, number, previous, status, error }
    }

    /// Returns the failure of the watch itself.
    pub(super) fn failure(before: Option<Seen>, error: Error) -> Self {
        let after = Seen::failed(None, &error);
        let change = Self::new(None, ChangeSource::Failed, before, after);
        Self { error: Some(error), ..change }
    }

    /// Returns true if this part changed.
    #[must_use]
    pub fn has(&self, changed: Changed) -> bool {
        self.changed.contains(&changed)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &self.id {
            write!(f, "{}  ", printable_id(id.as_str()))?;
        }
        match self.source {
            ChangeSource::Failed => self.fmt_failure(f),
            ChangeSource::Unlisted => f.write_str("no longer listed"),
            ChangeSource::List => f.write_str("the list of numbers: answers again"),
            ChangeSource::KeyAccepted => f.write_str("the key is accepted again"),
            ChangeSource::Number | ChangeSource::Status => self.fmt_number(f),
        }
    }
}

impl Change {
    /// Writes the error, or its codes in a change that was deserialized.
    fn fmt_failure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.after.error.as_ref();
        let error = self.error.as_ref().map_or_else(|| text(seen), ToString::to_string);
        if seen.is_some_and(|seen| seen.kind == ErrorKind::Unauthorized) {
            return write!(f, "the key is refused: {error}");
        }
        let id = self.id.as_ref().map(|id| printable_id(id.as_str()));
        let target = format!("number {}: ", id.unwrap_or_default());
        f.write_str(error.strip_prefix(&target).unwrap_or(&error))
    }

    /// Returns the words before the verdict.
    fn prefix(&self, before: &Seen) -> &'static str {
        let was_seen = before.level.is_some() || before.state.is_some();
        if self.has(Changed::Listed) {
            "newly listed: "
        } else if self.has(Changed::ErrorEnded) && was_seen {
            "answers again: "
        } else {
            ""
        }
    }

    fn fmt_number(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unseen = Seen::default();
        let before = self.before.as_ref().unwrap_or(&unseen);
        let after = &self.after;
        let mut parts = Vec::new();
        let shows = [Changed::First, Changed::Readiness, Changed::ErrorEnded];
        let shows = self.changed.is_empty() || shows.iter().any(|changed| self.has(*changed));
        if shows {
            let was = before.level.filter(|_| before.level != after.level && after.level.is_some());
            let was = was.map(|level| format!("{level} → ")).unwrap_or_default();
            parts.push(format!("{}{was}{after}", self.prefix(before)));
        }
        let values = [
            (Changed::Quality, text(before.quality.as_ref()), text(after.quality.as_ref())),
            (Changed::Limit, text(before.limit.as_ref()), text(after.limit.as_ref())),
            (Changed::State, text(before.state.as_ref()), text(after.state.as_ref())),
        ];
        for (changed, was, now) in values {
            let is_reason = after.reasons.iter().any(|r| r.value().is_some_and(|v| v == now));
            let is_said = shows && (is_reason || after.level.is_none());
            if self.has(changed) && !is_said {
                parts.push(format!("{changed} {was} → {now}"));
            }
        }
        f.write_str(&parts.join("; "))
    }
}

fn text(value: Option<&impl fmt::Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}
