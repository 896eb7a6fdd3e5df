//! The reports of a process to its store. 429s are merged, so that a hundred of them are one
//! report, which includes the age of the 429. Pure.

use std::{mem, time::Duration};

use super::{
    Delays,
    limiter::{Rejection, Step},
};

/// A 429 that is older than this is not reported.
const MAX_AGE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Reports {
    served: u32,
    since: Duration,
    met: Option<Met>,
    /// Epoch and latency of a probe that was served.
    pub(super) served_probe: Option<(u64, Duration)>,
    /// Epoch of a request that got no response.
    pub(super) unanswered: Option<u64>,
    /// True if the process wants to know whether a limit is active.
    pub(super) look: bool,
}

#[derive(Clone, Copy, Debug)]
struct Met {
    epoch: u64,
    at: Duration,
    requested_until: Option<Duration>,
}

impl Reports {
    pub(super) fn is_empty(&self) -> bool {
        self.met.is_none() && self.served_probe.is_none() && self.unanswered.is_none() && !self.look
    }

    /// Records the requests that were served before the process met a limit.
    pub(super) fn begin(&mut self, served: u32, lasted: Duration, now: Duration) {
        (self.served, self.since) = (served, now.saturating_sub(lasted));
    }

    pub(super) fn served(&mut self) {
        self.served = self.served.saturating_add(1);
    }

    pub(super) fn rejected(&mut self, epoch: u64, requested: Option<Duration>, now: Duration) {
        let requested_until = requested.map(|requested| now.saturating_add(requested));
        let met = self.met.get_or_insert(Met { epoch, at: now, requested_until });
        if epoch > met.epoch {
            (met.epoch, met.at) = (epoch, now);
        }
        met.requested_until = met.requested_until.max(requested_until);
    }

    /// Restores a report that the store did not receive. An old 429 is not reported again.
    pub(super) fn restore(&mut self, step: &Step, now: Duration) {
        if let Step::Rejected(Rejection { epoch, age, requested, max_delay, .. }) = *step
            && age < max_delay.min(MAX_AGE)
        {
            self.rejected(epoch, requested, now.saturating_sub(age));
        }
    }

    /// Returns the number of requests served since the last report, and the time in which they were
    /// served.
    pub(super) fn counts(&mut self, now: Duration) -> (u32, Duration) {
        let since = mem::replace(&mut self.since, now);
        (mem::take(&mut self.served), now.saturating_sub(since))
    }

    /// Returns the next report. A 429 comes first.
    pub(super) fn take(&mut self, delays: Delays, now: Duration, random: f64) -> Option<Step> {
        let max_age = delays.max.min(MAX_AGE);
        let met = self.met.take().filter(|met| now.saturating_sub(met.at) <= max_age);
        if let Some(Met { epoch, at, requested_until }) = met {
            let (served, lasted) = self.counts(now);
            let age = now.saturating_sub(at);
            return Some(Step::Rejected(Rejection {
                served,
                // The limiter also counts only up to the 429.
                lasted: lasted.saturating_sub(age),
                epoch,
                age,
                requested: requested_until.map(|until| until.saturating_sub(at)),
                base_delay: delays.base,
                max_delay: delays.max,
                random,
            }));
        }
        if let Some((epoch, latency)) = self.served_probe.take() {
            let (served, _) = self.counts(now);
            return Some(Step::Served { served, epoch, latency });
        }
        if let Some(epoch) = self.unanswered.take() {
            return Some(Step::Unanswered { epoch });
        }
        mem::take(&mut self.look).then_some(Step::Look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const DELAYS: Delays =
        Delays { base: Duration::from_millis(500), max: Duration::from_secs(60) };

    #[test]
    fn many_429s_are_one_report_with_its_age() {
        let mut reports = Reports::default();
        reports.begin(20, S(2), S(10));
        for n in 0..100 {
            reports.rejected(n / 50, (n % 3 == 0).then_some(S(5)), S(10));
        }
        let step = reports.take(DELAYS, S(13), 0.5);
        let Some(Step::Rejected(report)) = step else { panic!("{step:?}") };
        assert_eq!((report.served, report.lasted, report.epoch), (20, S(2), 1));
        assert_eq!((report.age, report.requested), (S(3), Some(S(5))));
        assert!(reports.is_empty() && reports.take(DELAYS, S(14), 0.5).is_none());
    }

    #[test]
    fn older_429_can_lengthen_the_requested_wait() {
        let mut reports = Reports::default();
        reports.rejected(2, None, S(10));
        reports.rejected(1, Some(S(9)), S(11));
        let step = reports.take(DELAYS, S(12), 0.5);
        let Some(Step::Rejected(report)) = step else { panic!("{step:?}") };
        assert_eq!((report.epoch, report.age, report.requested), (2, S(2), Some(S(10))));
    }
}
