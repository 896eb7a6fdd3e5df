//! [`Change`], the event of a watch.

use std::{fmt, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::seen::{Changed, Seen};
use crate::{
    ext::error::{Error, plain::printable_id},
    types::{Number, NumberStatus},
};

/// A change of a watched number, or of the watch itself. It is displayed as a line that is safe to
/// log: `num_17  ready → degraded: quality RED`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The id of the number, valid or not; `None` for a change of the watch itself, which is one of its
    /// key, its list or its interval.
    pub id: Option<Arc<str>>,
    /// The values before the change, if any are known.
    pub before: Option<Seen>,
    /// The values after the change. For a number that is no longer listed they are its last values.
    pub after: Seen,
    /// The source of the change.
    pub current: Current,
    /// The previous response, if [`Watch::keep_whole`](crate::Watch::keep_whole) is set.
    pub previous: Option<Arc<Number>>,
    /// The parts that changed; empty if only [`Watch::on`](crate::Watch::on) counts it as a change.
    pub changed: Vec<Changed>,
    /// The time of the response, by this machine's clock.
    pub at: DateTime<Utc>,
}

/// The source of a change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Current {
    /// A response with the whole number.
    Number(Arc<Number>),
    /// A response with the connection state, if [`Watch::statuses`](crate::Watch::statuses) is set.
    Status(Arc<NumberStatus>),
    /// A call that failed after its retries. The watch continues.
    Failed(Error),
    /// A list of numbers that no longer has the number.
    Unlisted,
    /// A list of numbers that could be read, after one that failed.
    List,
    /// A call with a key that is accepted, after it was refused.
    KeyAccepted,
}

impl Change {
    /// Returns a change of the watch itself.
    pub(super) fn of_watch(
        before: Option<Seen>,
        current: Current,
        changed: Changed,
        at: DateTime<Utc>,
    ) -> Self {
        let after = match &current {
            Current::Failed(error) => Seen::failed(None, error),
            _ => Seen::default(),
        };
        Self { id: None, before, after, current, previous: None, changed: vec![changed], at }
    }

    /// Returns true if this part changed.
    #[must_use]
    pub fn has(&self, changed: Changed) -> bool {
        self.changed.contains(&changed)
    }

    /// Returns the number, if the change comes from a response that has it.
    #[must_use]
    pub fn number(&self) -> Option<&Arc<Number>> {
        match &self.current {
            Current::Number(number) => Some(number),
            Current::Status(_)
            | Current::Failed(_)
            | Current::Unlisted
            | Current::List
            | Current::KeyAccepted => None,
        }
    }

    /// Returns the error, if the call failed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.current {
            Current::Failed(error) => Some(error),
            Current::Number(_)
            | Current::Status(_)
            | Current::Unlisted
            | Current::List
            | Current::KeyAccepted => None,
        }
    }
}

/// Serializes `id` (or null), `at`, `changed`, `before`, `after`, and the `error` as one line (or
/// null). There is no `Deserialize`, because a response and an error cannot be read back.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Change", 6)?;
        object.serialize_field("id", &self.id.as_deref())?;
        object.serialize_field("at", &self.at.to_rfc3339_opts(SecondsFormat::Millis, true))?;
        object.serialize_field("changed", &self.changed)?;
        object.serialize_field("before", &self.before)?;
        object.serialize_field("after", &self.after)?;
        // Always the same fields, because some formats cannot omit one.
        object.serialize_field("error", &self.error().map(ToString::to_string))?;
        object.end()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().map(printable_id);
        if let Some(id) = &id {
            write!(f, "{id}  ")?;
        }
        match &self.current {
            Current::Failed(error) if error.is_unauthorized() => {
                write!(f, "the key is refused: {error}")
            }
            Current::Failed(error) => {
                let text = error.to_string();
                let target = format!("number {}: ", id.unwrap_or_default());
                f.write_str(text.strip_prefix(&target).unwrap_or(&text))
            }
            Current::Unlisted => f.write_str("no longer listed"),
            Current::List => f.write_str("the list of numbers: answers again"),
            Current::KeyAccepted => f.write_str("the key is accepted again"),
            Current::Number(_) | Current::Status(_) => self.fmt_number(f),
        }
    }
}

impl Change {
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
            let verdict = match after.level {
                Some(_) => verdict(before, after),
                None => format!("state {}", text(after.state.as_ref())),
            };
            parts.push(format!("{}{verdict}", self.prefix(before)));
        }
        let values = [
            (
                Changed::Quality,
                "quality",
                text(before.quality.as_ref()),
                text(after.quality.as_ref()),
            ),
            (Changed::Limit, "limit", text(before.limit.as_ref()), text(after.limit.as_ref())),
            (Changed::State, "state", text(before.state.as_ref()), text(after.state.as_ref())),
        ];
        for (changed, what, was, now) in values {
            let is_reason = after.reasons.iter().any(|reason| reason.value() == Some(&now));
            let is_said = shows && (is_reason || after.level.is_none());
            if self.has(changed) && !is_said {
                parts.push(format!("{what} {was} → {now}"));
            }
        }
        f.write_str(&parts.join("; "))
    }
}

/// Returns the change of the level, and the reasons.
fn verdict(before: &Seen, after: &Seen) -> String {
    let was = before.level.filter(|_| before.level != after.level);
    let was = was.map(|level| format!("{level} → ")).unwrap_or_default();
    let level = after.level.map_or("unknown", |level| level.as_str());
    let reasons: Vec<_> = after.reasons.iter().map(ToString::to_string).collect();
    let colon = if reasons.is_empty() { "" } else { ": " };
    format!("{was}{level}{colon}{}", reasons.join(", "))
}

fn text(value: Option<&impl fmt::Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}
