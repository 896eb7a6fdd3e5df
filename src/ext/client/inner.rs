//! What every generated client carries: what all clones share, and the slot of one call. It is the
//! only value of ours that progenitor passes along.

use std::{fmt, sync::Arc, time::Duration};

use super::{outcome_slot::OutcomeSlot, shared::Shared};

/// What a generated client needs to make calls: HTTP client, credential, retry, pacing and limits.
/// Clones share it.
#[derive(Clone)]
pub struct Inner {
    shared: Arc<Shared>,
    /// Of a client that makes one call, for the caller; raw clients have none.
    slot: Option<OutcomeSlot>,
    /// The time of that call, where it is not that of the client.
    timeout: Option<Duration>,
}

impl Inner {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), slot: None, timeout: None }
    }

    pub(super) fn for_call(&self, slot: OutcomeSlot, timeout: Option<Duration>) -> Self {
        Self { shared: Arc::clone(&self.shared), slot: Some(slot), timeout }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn slot(&self) -> Option<&OutcomeSlot> {
        self.slot.as_ref()
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(self.shared.transport.limits.timeout)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
