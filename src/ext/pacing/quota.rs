//! What the server itself says is left of its limit, and how far that is believed. Pure.
//!
//! It only ever restricts, and never for longer than `max_delay`: a server that promises more than it serves is paced by its 429s. One whose
//! reset brings no more than a single request is not believed again, since pacing by its 429s is faster.

use std::time::Duration;

/// What an answer says: so many requests more, until a time from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) remaining: u64,
    pub(crate) reset: Duration,
}

/// The requests that are left, if the server says so.
#[derive(Debug, Default)]
pub(super) struct Quota {
    allowance: Option<Allowance>,
    is_disbelieved: bool,
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: u64,
    until: Duration,
    /// After a reset one request asks what is left.
    is_asking: bool,
}

impl Quota {
    /// When the next request may be sent.
    pub(super) fn ready(&self) -> Duration {
        match self.allowance {
            Some(allowance) if allowance.left == 0 => allowance.until,
            _ => Duration::ZERO,
        }
    }

    /// A request is sent; if it is the first after a reset, its answer is waited for no longer than `patience`.
    pub(super) fn take(&mut self, now: Duration, patience: Duration) {
        let Some(allowance) = &mut self.allowance else {
            return;
        };
        if now >= allowance.until {
            let until = now.saturating_add(patience);
            *allowance = Allowance { left: 0, until, is_asking: true };
        } else {
            allowance.left = allowance.left.saturating_sub(1);
        }
    }

    /// An answer says what is left, of which those under way take their part; or it says nothing.
    pub(super) fn update(
        &mut self,
        limit: Option<RateLimit>,
        under_way: usize,
        max_delay: Duration,
        now: Duration,
    ) {
        let asked = self.allowance.take().is_some_and(|allowance| allowance.is_asking);
        let Some(RateLimit { remaining, reset }) = limit else {
            return;
        };
        self.is_disbelieved |= asked && remaining == 0;
        if self.is_disbelieved {
            return;
        }
        let left = remaining.saturating_sub(under_way as u64);
        let until = now.saturating_add(reset.min(max_delay));
        self.allowance = Some(Allowance { left, until, is_asking: false });
    }
}
