//! What the server itself says is left of its limit, and how far that is believed. Pure.
//!
//! It only ever restricts, and never for longer than `max_delay`: a server that promises more than
//! it serves is paced by its 429s. One that serves two requests in a row, and says after each that
//! nothing is left, is not believed again. (A limit of one request looks the same.)

use std::time::Duration;

use super::under_way::Permit;

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
    /// The last request that was served said that nothing is left.
    is_suspect: bool,
    is_disbelieved: bool,
    /// The newest request whose answer was looked at: what older ones say is past.
    newest: u64,
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: u64,
    until: Duration,
}

impl Quota {
    /// When the next request may be sent.
    pub(super) fn ready(&self) -> Duration {
        match self.allowance {
            Some(allowance) if allowance.left == 0 => allowance.until,
            _ => Duration::ZERO,
        }
    }

    /// Something stronger says when the next request may be sent; what was said before, if nothing
    /// is left until then.
    pub(super) fn overrule(&mut self) -> Option<Duration> {
        self.allowance
            .take()
            .filter(|allowance| allowance.left == 0)
            .map(|allowance| allowance.until)
    }

    /// A request is sent; if it is the first after a reset, its answer is waited for no longer than
    /// `patience`.
    pub(super) fn take(&mut self, now: Duration, patience: Duration) {
        let Some(allowance) = &mut self.allowance else {
            return;
        };
        if now >= allowance.until {
            let until = now.saturating_add(patience);
            *allowance = Allowance { left: 0, until };
        } else {
            allowance.left = allowance.left.saturating_sub(1);
        }
    }

    /// An answer says what is left, of which those under way take their part; or it says nothing.
    pub(super) fn update(
        &mut self,
        permit: Permit,
        limit: Option<RateLimit>,
        is_served: bool,
        under_way: usize,
        max_delay: Duration,
        now: Duration,
    ) {
        if permit.id < self.newest {
            return;
        }
        self.newest = permit.id;
        self.allowance = None;
        let is_last = limit.is_some_and(|limit| limit.remaining == 0);
        if is_served {
            self.is_disbelieved |= is_last && self.is_suspect;
            self.is_suspect = is_last;
        }
        let Some(RateLimit { remaining, reset }) = limit.filter(|_| !self.is_disbelieved) else {
            return;
        };
        let left = remaining.saturating_sub(under_way as u64);
        let until = now.saturating_add(reset.min(max_delay));
        self.allowance = Some(Allowance { left, until });
    }
}
