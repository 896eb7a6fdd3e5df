//! The quota that a server reports as left, as a gate for requests. Pure.
//!
//! The gate can only delay requests, and at most for `max_delay`. A server's reports are trusted
//! once it has served a request and reported that something is left, because many servers report 0
//! at all times. The reports are no longer trusted once the server serves a request after it has
//! reported that nothing is left.

use std::time::Duration;

use super::rate_limit::RateLimit;

/// The gate of a process.
#[derive(Debug, Default)]
pub(super) struct Quota {
    allowance: Option<Allowance>,
    is_credible: bool,
    /// The end of the period in which, according to a served request, nothing is left.
    none_until: Duration,
    /// Number of the last request that was counted.
    sent: u64,
    /// The least number of a request: that of the last one before requests were not counted.
    unnumbered: u64,
    /// The newest request whose response was read; older responses are outdated.
    newest: u64,
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: usize,
    until: Duration,
}

impl Quota {
    pub(super) fn is_counting(&self) -> bool {
        self.allowance.is_some()
    }

    /// Returns the time at which the next request may be sent.
    pub(super) fn ready(&self) -> Duration {
        match self.allowance {
            Some(Allowance { left: 0, until }) => until,
            _ => Duration::ZERO,
        }
    }

    /// Returns the number of requests that may be sent now.
    pub(super) fn left(&self, now: Duration) -> usize {
        match self.allowance {
            Some(allowance) if now < allowance.until => allowance.left,
            // After a reset, one request finds out what is left.
            Some(_) => 1,
            None => usize::MAX,
        }
    }

    /// Stops counting requests.
    pub(super) fn rest(&mut self) {
        self.unnumbered = self.sent;
    }

    /// Counts a request that is sent, and returns its number. After a reset, other requests wait
    /// for the first response, but no longer than `patience`.
    pub(super) fn take(&mut self, now: Duration, patience: Duration) -> u64 {
        self.sent += 1;
        if let Some(allowance) = &mut self.allowance {
            if now < allowance.until {
                allowance.left = allowance.left.saturating_sub(1);
            } else {
                *allowance = Allowance { left: 0, until: now.saturating_add(patience) };
            }
        }
        self.sent
    }

    /// Reads the response to a request that was served: the quota that it reports as left, if any.
    /// The number is 0 if the request was not counted.
    pub(super) fn served(
        &mut self,
        number: u64,
        limit: Option<RateLimit>,
        now: Duration,
        max_delay: Duration,
    ) {
        let number = number.max(self.unnumbered);
        if number < self.newest {
            return;
        }
        self.newest = number;
        self.allowance = None;
        let Some(limit) = limit else { return };
        let until = now.saturating_add(limit.reset.min(max_delay));
        if limit.remaining > 0 {
            self.is_credible = true;
        } else {
            self.is_credible &= now >= self.none_until;
            self.none_until = until;
        }
        if self.is_credible && limit.is_little() {
            // Requests that were sent after this one have used a part of it.
            let left = limit.remaining.saturating_sub(self.sent.saturating_sub(number));
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            self.allowance = Some(Allowance { left, until });
        }
    }

    /// Stops counting after a 429, since the limiter takes over.
    pub(super) fn rejected(&mut self, number: u64) {
        self.newest = self.newest.max(self.unnumbered).max(number);
        self.allowance = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn answer(quota: &mut Quota, number: u64, remaining: u64, now: Duration) {
        let limit = Some(RateLimit { remaining, reset: S(10) });
        quota.served(number, limit, now, S(60));
    }

    #[test]
    fn quota_of_every_period_is_honoured() {
        let mut quota = Quota::default();
        for period in [0, 100, 200] {
            // Much is left at first, so that requests are not counted; then little.
            answer(&mut quota, 0, 1_000, S(period));
            assert!(!quota.is_counting());
            quota.rest();
            answer(&mut quota, 0, 2, S(period + 1));
            assert_eq!(quota.left(S(period + 1)), 2, "period {period}");
            let number = quota.take(S(period + 2), S(1));
            quota.take(S(period + 2), S(1));
            assert_eq!(quota.ready(), S(period + 11), "none left before the reset");
            answer(&mut quota, number, 1, S(period + 3));
            assert_eq!(quota.left(S(period + 3)), 0, "the second request has used its part");
            let number = quota.take(S(period + 12), S(1));
            answer(&mut quota, number, 1_000, S(period + 12));
        }
    }

    #[test]
    fn server_that_always_reports_zero_is_not_trusted() {
        let mut quota = Quota::default();
        for now in 0..3 {
            answer(&mut quota, 0, 0, S(now));
            assert_eq!(quota.left(S(now)), usize::MAX);
        }
        answer(&mut quota, 0, 5, S(20));
        answer(&mut quota, 0, 0, S(21));
        assert_eq!((quota.left(S(22)), quota.ready()), (0, S(31)));
        // The server serves a request nevertheless.
        answer(&mut quota, 0, 0, S(23));
        assert_eq!(quota.left(S(24)), usize::MAX);
    }
}
