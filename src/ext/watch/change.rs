//! What a watch tells of a number.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};

use super::seen::{Changed, Seen};
use crate::{
    ext::{error::error::Error, number::handle::printable},
    types::Number,
};

/// Something of a watched number is otherwise than before. It prints as a line that is safe to log:
/// `num_17  ready → degraded: quality RED`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The number; empty where the list of numbers could not be read.
    pub id: Arc<str>,
    /// What was seen last, if anything.
    pub before: Option<Seen>,
    /// What is seen now.
    pub after: Seen,
    /// Whence it is known.
    pub current: Current,
    /// What is otherwise; empty where only [`Watch::on`](crate::Watch::on) says that it counts.
    pub changed: Vec<Changed>,
    /// When the answer came, by this machine's clock.
    pub at: DateTime<Utc>,
}

/// What a change was found by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Current {
    /// The number, whole. Of [`Watch::statuses`](crate::Watch::statuses) it has only id and state.
    Number(Arc<Number>),
    /// The call failed, after its retries. The watch goes on.
    Failed(Error),
    /// The list of numbers no longer has it.
    Unlisted,
}

impl Change {
    /// Whether this is among what changed.
    #[must_use]
    pub fn has(&self, changed: Changed) -> bool {
        self.changed.contains(&changed)
    }

    /// The number, if there was an answer.
    #[must_use]
    pub fn number(&self) -> Option<&Arc<Number>> {
        match &self.current {
            Current::Number(number) => Some(number),
            Current::Failed(_) | Current::Unlisted => None,
        }
    }

    /// The error, if the call failed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.current {
            Current::Failed(error) => Some(error),
            Current::Number(_) | Current::Unlisted => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.id.is_empty() {
            write!(f, "{}  ", printable(&self.id))?;
        }
        match &self.current {
            Current::Failed(error) => {
                let text = error.to_string();
                let target = format!("number {}: ", printable(&self.id));
                f.write_str(text.strip_prefix(&target).unwrap_or(&text))
            }
            Current::Unlisted => f.write_str("no longer listed"),
            Current::Number(_) => self.fmt_number(f),
        }
    }
}

impl Change {
    fn fmt_number(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unseen = Seen::default();
        let before = self.before.as_ref().unwrap_or(&unseen);
        let after = &self.after;
        let mut parts = Vec::new();
        if self.has(Changed::ErrorEnded) {
            parts.push("answers again".to_owned());
        }
        if self.has(Changed::First) || self.has(Changed::Readiness) || self.changed.is_empty() {
            let is_other = before.level.is_some() && before.level != after.level;
            let was = before.level.filter(|_| is_other).map(|level| format!("{level} → "));
            let level = after.level.map_or("unknown", |level| level.as_str());
            let reasons = if after.reasons.is_empty() { "" } else { ": " };
            let was = was.unwrap_or_default();
            parts.push(format!("{was}{level}{reasons}{}", after.reasons.join(", ")));
        }
        let texts = [
            (
                Changed::Quality,
                "quality",
                text(before.quality.as_ref()),
                text(after.quality.as_ref()),
            ),
            (Changed::Limit, "limit", text(before.limit.as_ref()), text(after.limit.as_ref())),
            (Changed::State, "state", text(before.state.as_ref()), text(after.state.as_ref())),
        ];
        // A reason says it already.
        let is_said = |now: &str| after.reasons.iter().any(|reason| reason.ends_with(now));
        for (_, what, was, now) in
            texts.into_iter().filter(|(changed, _, _, now)| self.has(*changed) && !is_said(now))
        {
            parts.push(format!("{what} {was} → {now}"));
        }
        f.write_str(&parts.join("; "))
    }
}

/// A value in words; what the server made up has no line breaks in a log.
fn text(value: Option<&impl fmt::Display>) -> String {
    let text = value.map_or_else(|| "not told".to_owned(), ToString::to_string);
    text.replace(char::is_control, " ")
}
