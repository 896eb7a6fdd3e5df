//! What users ask of a removal.

use chrono::{DateTime, Utc};

use crate::types::NumberRemoved;

/// What users ask of a removal.
impl NumberRemoved {
    /// Until when it can be restored; `None` also if the text is no RFC 3339 date.
    #[must_use]
    pub fn restorable_until(&self) -> Option<DateTime<Utc>> {
        self.restorable_until.as_ref()?.parse().ok()
    }
}
