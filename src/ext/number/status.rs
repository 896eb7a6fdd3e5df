//! What users ask of a connection's state.

use chrono::{DateTime, Utc};

use crate::types::{ConnectionState, NumberStatus};

/// What users ask of a state.
impl NumberStatus {
    /// Whether it is connected to WhatsApp: `state` is `OPEN`, and `isFullyConnected` is not false;
    /// `false` if the answer does not say, or `isFullyConnected` cannot be read.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_partial =
            self.is_fully_connected == Some(false) || self.extra.contains_key("isFullyConnected");
        self.state == Some(ConnectionState::Open) && !is_partial
    }

    /// Whether it is a live reading rather than the last remembered one; `false` if the answer does
    /// not say.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.stale == Some(false)
    }

    /// When the reading was made, live or remembered; `None` also if the text is no RFC 3339 date.
    #[must_use]
    pub fn read_at(&self) -> Option<DateTime<Utc>> {
        let text = self.checked_at.as_ref().filter(|_| self.stale != Some(true));
        text.or(self.last_known_at.as_ref())?.parse().ok()
    }
}
