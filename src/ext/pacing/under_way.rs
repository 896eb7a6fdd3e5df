//! The requests that have no answer yet. One that hangs counts for a while only, or it would stop
//! all others. Pure.

use std::{collections::VecDeque, time::Duration};

/// A request that was let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    pub(super) id: u64,
    pub(super) sent: Duration,
}

/// The oldest first.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    permits: VecDeque<Permit>,
    next_id: u64,
    /// The first permit after the last 429: what was sent before it says nothing new.
    first: u64,
    last_sent: Duration,
}

impl UnderWay {
    pub(super) fn len(&self) -> usize {
        self.permits.len()
    }

    pub(super) fn last_sent(&self) -> Duration {
        self.last_sent
    }

    pub(super) fn send(&mut self, now: Duration) -> Permit {
        let permit = Permit { id: self.next_id, sent: now };
        self.next_id += 1;
        self.last_sent = now;
        self.permits.push_back(permit);
        permit
    }

    /// Takes a request out; whether it was sent after the last 429, and so says something new.
    pub(super) fn settle(&mut self, permit: Permit) -> bool {
        if let Ok(at) = self.permits.binary_search_by_key(&permit.id, |permit| permit.id) {
            self.permits.remove(at);
        }
        permit.id >= self.first
    }

    /// A 429: nothing that is under way counts any more.
    pub(super) fn forget(&mut self) {
        self.first = self.next_id;
        self.permits.clear();
    }

    /// When there are fewer than so many. The oldest counts as gone after the patience, the next
    /// after twice that, and so on, so that a server that answers nothing gets fewer and fewer.
    pub(super) fn room(&self, window: usize, patience: Duration) -> Duration {
        let Some(excess) = self.permits.len().checked_sub(window) else {
            return Duration::ZERO;
        };
        let times = u32::try_from(excess).unwrap_or(u32::MAX).saturating_add(1);
        let gone = |permit: &Permit| permit.sent.saturating_add(patience.saturating_mul(times));
        self.permits.get(excess).map_or(Duration::ZERO, gone)
    }
}
