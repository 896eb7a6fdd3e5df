//! Faults that concern the whole fleet: the API refuses the key, or is out of service. Pure.

use std::{collections::HashSet, mem, time::Duration};

use super::rounds::Target;
use crate::ext::{error::Error, number_id::NumberId};

/// Number of intervals between two probes of a refused key, which is at most a minute.
const PROBE_INTERVALS: u32 = 10;
const MAX_PROBE_EVERY: Duration = Duration::from_secs(60);
/// Number of calls that fail in a row in an outage; in a smaller fleet, its size.
const OUTAGE: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Faults {
    refusal: Option<Refusal>,
    /// Targets whose 401 is their own, because another call was accepted after it.
    refused_alone: HashSet<Target>,
    /// Number of calls that failed since the last response.
    failures: usize,
    is_out: bool,
}

/// The 401 that refused the key.
#[derive(Debug)]
struct Refusal {
    at: Duration,
    target: Target,
    /// The start of the last probe, or the time of the refusal.
    probed: Duration,
}

impl Faults {
    /// Processes the result of a call that began at `began`. Returns true if it is a 401 that refuses
    /// the key.
    pub(super) fn check_key(
        &mut self,
        target: Option<&NumberId>,
        began: Duration,
        error: Option<&Error>,
        now: Duration,
    ) -> bool {
        let target = target.cloned();
        if error.is_some_and(Error::is_unauthorized) {
            let refuses_key = !self.refused_alone.contains(&target);
            if refuses_key {
                self.refusal.get_or_insert(Refusal { at: now, target, probed: now });
            }
            return refuses_key;
        }
        // A 5xx or a missing response proves nothing.
        if !error.is_none_or(|error| error.is_forbidden() || error.is_not_found()) {
            return false;
        }
        self.refused_alone.remove(&target);
        // An older call proves nothing either: the API may have processed it before the refusal.
        let refusal = self.refusal.take_if(|refusal| began >= refusal.at);
        self.refused_alone.extend(refusal.map(|r| r.target).filter(|refused| *refused != target));
        false
    }

    pub(super) fn is_key_refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// Returns the time of the next probe; `None` while the key is accepted. An earlier call that ends
    /// does not delay it.
    pub(super) fn probe_at(&self, every: Duration) -> Option<Duration> {
        let pause = every.saturating_mul(PROBE_INTERVALS).min(MAX_PROBE_EVERY);
        Some(self.refusal.as_ref()?.probed + pause)
    }

    /// Records the start of a call: while the key is refused, it is a probe.
    pub(super) fn call_starts(&mut self, now: Duration) {
        if let Some(refusal) = &mut self.refusal {
            refusal.probed = now;
        }
    }

    /// Counts the result of a call. Returns true when an outage begins, and false when it ends.
    pub(super) fn check_outage(&mut self, error: Option<&Error>, fleet: usize) -> Option<bool> {
        match error {
            Some(error) if error.is_rate_limited() => return None,
            Some(error) if error.is_retryable() || error.is_connect() => self.failures += 1,
            _ => self.failures = 0,
        }
        let is_out = match self.failures {
            0 => false,
            failures => self.is_out || failures >= fleet.min(OUTAGE),
        };
        (mem::replace(&mut self.is_out, is_out) != is_out).then_some(is_out)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::ext::error::Kind;

    const SECOND: fn(u64) -> Duration = Duration::from_secs;

    /// Returns the error of a status; none of 200.
    fn error(status: u16) -> Option<Error> {
        let code = StatusCode::from_u16(status).unwrap();
        let error =
            || Error::new(Kind::Status(code, None)).with(|d| d.is_retryable = status >= 500);
        (status != 200).then(error)
    }

    fn check(faults: &mut Faults, target: &str, began: u64, status: u16) -> bool {
        let target = target.parse().unwrap();
        faults.check_key(Some(&target), SECOND(began), error(status).as_ref(), SECOND(1))
    }

    #[test]
    fn key_is_refused_until_later_call_is_accepted() {
        let mut faults = Faults::default();
        // Target, began, status; true if this 401 refuses the key, and if the key is refused then. The
        // key is refused at second 1.
        let calls = [
            ("a", 0, 200, false, false),
            ("a", 0, 401, true, true),
            ("b", 0, 401, true, true),
            // Sent before the refusal.
            ("b", 0, 200, false, true),
            ("a", 2, 500, false, true),
            ("a", 2, 404, false, false),
            ("a", 2, 401, true, true),
            ("b", 2, 200, false, false),
            // The refusal of this target is its own.
            ("a", 2, 401, false, false),
            ("c", 2, 401, true, true),
            ("a", 2, 401, false, true),
            ("b", 2, 200, false, false),
            ("a", 2, 200, false, false),
            ("a", 2, 401, true, true),
        ];
        for (n, (target, began, status, refuses, is_refused)) in calls.into_iter().enumerate() {
            assert_eq!(check(&mut faults, target, began, status), refuses, "call {n}");
            assert_eq!(faults.is_key_refused(), is_refused, "call {n}");
        }
    }

    #[test]
    fn probes_wait_ten_intervals_up_to_one_minute() {
        for (every, pause) in [(1, 10), (6, 60), (30, 60), (60, 60), (600, 60)] {
            let mut faults = Faults::default();
            faults.call_starts(SECOND(0));
            assert_eq!(faults.probe_at(SECOND(every)), None);
            check(&mut faults, "a", 0, 401);
            assert_eq!(faults.probe_at(SECOND(every)), Some(SECOND(1 + pause)));
            faults.call_starts(SECOND(99));
            check(&mut faults, "b", 0, 401);
            assert_eq!(faults.probe_at(SECOND(every)), Some(SECOND(99 + pause)));
            check(&mut faults, "a", 100, 200);
            assert_eq!(faults.probe_at(SECOND(every)), None);
        }
    }

    #[test]
    fn outage_begins_when_fleet_fails_and_ends_with_a_response() {
        for (fleet, count) in [(0, 1), (1, 1), (3, 3), (1_000, 20)] {
            let mut faults = Faults::default();
            let mut check = |status| faults.check_outage(error(status).as_ref(), fleet);
            for _ in 1..count {
                assert_eq!([check(503), check(429)], [None, None], "fleet of {fleet}");
            }
            assert_eq!([check(503), check(503), check(429)], [Some(true), None, None]);
            assert_eq!([check(404), check(200)], [Some(false), None]);
        }
    }
}
