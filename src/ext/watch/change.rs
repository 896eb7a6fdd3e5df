//! What a watch tells of a number.

use std::{fmt, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::seen::{Changed, Seen};
use crate::{
    ext::error::{Error, plain::printable_id},
    types::{Number, NumberStatus},
};

/// Something of a watched number is otherwise than before. It prints as a line that is safe to log:
/// `num_17  ready → degraded: quality RED`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The number; `None` where the change is of the watch itself: its key, its list, or its interval.
    pub id: Option<Arc<str>>,
    /// What was seen last, if anything.
    pub before: Option<Seen>,
    /// What is seen now; of one that is no longer listed, what was seen last.
    pub after: Seen,
    /// Whence it is known.
    pub current: Current,
    /// The number as it was at the answer before, where
    /// [`Watch::keep_whole`](crate::Watch::keep_whole) asks for it.
    pub previous: Option<Arc<Number>>,
    /// What is otherwise; empty where only [`Watch::on`](crate::Watch::on) says that it counts.
    pub changed: Vec<Changed>,
    /// When the answer came, by this machine's clock.
    pub at: DateTime<Utc>,
}

/// What a change was found by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Current {
    /// The number, whole.
    Number(Arc<Number>),
    /// The state alone, where [`Watch::statuses`](crate::Watch::statuses) asks for it.
    Status(Arc<NumberStatus>),
    /// The call failed, after its retries. The watch goes on.
    Failed(Error),
    /// The list of numbers no longer has it.
    Unlisted,
    /// The list of numbers is read again, which had failed.
    List,
    /// The key is accepted again, which was refused.
    KeyAccepted,
}

impl Change {
    /// A change of the watch itself.
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

    /// Whether this is among what changed.
    #[must_use]
    pub fn has(&self, changed: Changed) -> bool {
        self.changed.contains(&changed)
    }

    /// The number, if it was asked for and answered.
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

    /// The error, if the call failed.
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

/// As its `id` (or null), `at`, `changed`, `before`, `after`, and the `error` as its line, or null.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Change", 6)?;
        object.serialize_field("id", &self.id.as_deref())?;
        object.serialize_field("at", &self.at.to_rfc3339_opts(SecondsFormat::Millis, true))?;
        object.serialize_field("changed", &self.changed)?;
        object.serialize_field("before", &self.before)?;
        object.serialize_field("after", &self.after)?;
        // Of each change the same fields, since not each format can leave one out.
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
    /// What happened besides.
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

/// From which level to which, and why.
fn verdict(before: &Seen, after: &Seen) -> String {
    let was = before.level.filter(|_| before.level != after.level);
    let was = was.map(|level| format!("{level} → ")).unwrap_or_default();
    let level = after.level.map_or("unknown", |level| level.as_str());
    let reasons: Vec<_> = after.reasons.iter().map(ToString::to_string).collect();
    let colon = if reasons.is_empty() { "" } else { ": " };
    format!("{was}{level}{colon}{}", reasons.join(", "))
}

fn text(value: Option<&impl fmt::Display>) -> String {
    value.map_or_else(|| "not told".to_owned(), ToString::to_string)
}
