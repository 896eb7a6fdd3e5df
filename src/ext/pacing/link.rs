//! The link of a process to its store: the reports to the store, and the failures of the store. 429s
//! are merged, so that a hundred of them are one report, which includes the age of the 429. Pure.

use std::{mem, time::Duration};

use super::{
    Delays,
    limiter::{Rejection, Reply, Slot, Step},
};

/// Interval between two background checks, and pause after a failure.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A store that admits no request for this time and `max_delay` has failed.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// A 429 that is older than this is not reported.
const MAX_AGE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Link {
    /// The store reports an active limit, or this process has met a 429 since.
    pub(super) is_limited: bool,
    /// Time of the next background check.
    pub(super) next_look: Duration,
    /// After a failure, the time at which the store is tried again.
    off_until: Option<Duration>,
    /// Time of the first wait since the store last admitted a request.
    pub(super) waits_since: Option<Duration>,
    /// Requests served since this time.
    pub(super) served: u32,
    since: Duration,
    met: Option<Met>,
    /// Epoch and latency of a probe that was served.
    pub(super) served_probe: Option<(u64, Duration)>,
    /// Epoch of a request that got no response.
    pub(super) unanswered: Option<u64>,
    /// True if the process wants to know whether a limit is active.
    look: bool,
}

#[derive(Clone, Copy, Debug)]
struct Met {
    epoch: u64,
    at: Duration,
    requested_until: Option<Duration>,
}

impl Link {
    /// Returns false for a while after a failure of the store.
    pub(super) fn is_up(&self, now: Duration) -> bool {
        self.off_until.is_none_or(|until| now >= until)
    }

    pub(super) fn has_report(&self, now: Duration) -> bool {
        let is_event = self.served_probe.is_some() || self.unanswered.is_some() || self.look;
        self.is_up(now) && (self.met.is_some() || is_event)
    }

    pub(super) fn look_when_due(&mut self, now: Duration) {
        if now >= self.next_look {
            (self.next_look, self.look) = (now + LOOK_EVERY, true);
        }
    }

    /// Records that the process meets a limit, and the requests that were served before.
    pub(super) fn begins(&mut self, served: u32, lasted: Duration, now: Duration) {
        (self.served, self.since) = (served, now.saturating_sub(lasted));
    }

    pub(super) fn rejected(&mut self, epoch: u64, requested: Option<Duration>, now: Duration) {
        self.is_limited |= self.is_up(now);
        self.merge(epoch, requested, now);
    }

    /// Adds a 429 that arrived at this time to the next report.
    fn merge(&mut self, epoch: u64, requested: Option<Duration>, at: Duration) {
        let requested_until = requested.map(|requested| at.saturating_add(requested));
        let met = self.met.get_or_insert(Met { epoch, at, requested_until });
        if epoch > met.epoch {
            (met.epoch, met.at) = (epoch, at);
        }
        met.requested_until = met.requested_until.max(requested_until);
    }

    /// Returns the next report. A 429 comes first.
    pub(super) fn report(&mut self, delays: Delays, now: Duration, random: f64) -> Option<Step> {
        if !self.has_report(now) {
            return None;
        }
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

    /// Returns a request for turns.
    pub(super) fn request(&mut self, want: u32, slot: Slot, now: Duration) -> Step {
        let (served, _) = self.counts(now);
        // After a failure, this process has reserved the turns, and the store does not know them.
        let slot = if self.off_until.is_some() { Slot::default() } else { slot };
        Step::Admit { served, want, slot }
    }

    /// Returns the number of requests served since the last report, and the time in which they were
    /// served.
    fn counts(&mut self, now: Duration) -> (u32, Duration) {
        let since = mem::replace(&mut self.since, now);
        (mem::take(&mut self.served), now.saturating_sub(since))
    }

    /// Reads the reply to a step. `is_limited` is true if a limit is active by the responses to this
    /// process. Returns true if the store had failed before, or the reason if the reply cannot be
    /// used.
    pub(super) fn accept(
        &mut self,
        step: &Step,
        reply: Reply,
        is_limited: bool,
        max_delay: Duration,
        now: Duration,
    ) -> Result<bool, &'static str> {
        match reply {
            Reply::Limited | Reply::Noted if matches!(step, Step::Admit { .. }) => {
                return Err("unexpected reply to a request for turns");
            }
            Reply::Limited => self.is_limited = true,
            Reply::Free if is_limited => {
                return Err("the store has lost the state of this limit");
            }
            Reply::Free => self.is_limited = false,
            Reply::Go { .. } => self.waits_since = None,
            Reply::Wait { time, .. } => {
                let since = *self.waits_since.get_or_insert(now);
                if time.max(now.saturating_sub(since)) > max_delay.saturating_add(MAX_WAIT) {
                    return Err("the store admits no request for longer than max_delay");
                }
            }
            Reply::Noted => {}
        }
        Ok(self.off_until.take().is_some())
    }

    /// Records a failure of the store in a step, whose 429 is reported again unless it is old. Returns
    /// true if the store worked before.
    pub(super) fn fails(&mut self, step: &Step, now: Duration) -> bool {
        if let Step::Rejected(Rejection { epoch, age, requested, max_delay, .. }) = *step
            && age < max_delay.min(MAX_AGE)
        {
            self.merge(epoch, requested, now.saturating_sub(age));
        }
        (self.is_limited, self.waits_since) = (false, None);
        self.off_until.replace(now + LOOK_EVERY).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const DELAYS: Delays =
        Delays { base: Duration::from_millis(500), max: Duration::from_secs(60) };

    fn report(link: &mut Link, now: Duration) -> Rejection {
        let next = link.report(DELAYS, now, 0.5);
        let Some(Step::Rejected(report)) = next else { panic!("{next:?}") };
        report
    }

    #[test]
    fn many_429s_are_one_report_with_its_age() {
        let mut link = Link::default();
        link.begins(20, S(2), S(10));
        for n in 0..100 {
            link.rejected(n / 50, (n % 3 == 0).then_some(S(5)), S(10));
        }
        let report = report(&mut link, S(13));
        assert_eq!((report.served, report.lasted, report.epoch), (20, S(2), 1));
        assert_eq!((report.age, report.requested), (S(3), Some(S(5))));
        assert!(!link.has_report(S(14)));
    }

    #[test]
    fn older_429_can_lengthen_the_requested_wait() {
        let mut link = Link::default();
        link.rejected(2, None, S(10));
        link.rejected(1, Some(S(9)), S(11));
        let report = report(&mut link, S(12));
        assert_eq!((report.epoch, report.age, report.requested), (2, S(2), Some(S(10))));
    }
}
