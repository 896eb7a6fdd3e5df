//! Faults that concern the whole fleet: the API refuses the key, or is out of service. Pure.

use std::{collections::HashSet, mem, time::Duration};

use crate::ext::{error::Error, number_id::NumberId};

/// Number of intervals between two probes of a refused key, which is at most a minute.
const PROBE_INTERVALS: u32 = 10;
const MAX_PROBE_EVERY: Duration = Duration::from_secs(60);
/// Number of calls that fail in a row in an outage; in a smaller fleet, its size.
const OUTAGE: usize = 20;

/// The target of a call: a number, or the list if `None`.
type Target = Option<NumberId>;

#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The time and the target of the 401 that refused the key.
    refusal: Option<(Duration, Target)>,
    /// Targets whose 401 is their own, because another call was accepted after it.
    refused_alone: HashSet<Target>,
    /// The time of the next probe of a refused key; `None` while the key is accepted.
    probe_at: Option<Duration>,
    /// Number of calls that failed since the last response.
    failures: usize,
    is_out: bool,
}

/// The meaning of a result for the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyCheck {
    /// The first 401 since the key was accepted.
    Refused,
    /// Another 401 while the key is refused.
    StillRefused,
    /// The first success since the key was refused.
    Accepted,
    Nothing,
}

impl Faults {
    /// Processes the result of a call that began at `began`.
    pub(super) fn check_key(
        &mut self,
        target: Option<&NumberId>,
        began: Duration,
        error: Option<&Error>,
        now: Duration,
    ) -> KeyCheck {
        let target = target.cloned();
        if error.is_some_and(Error::is_unauthorized) {
            if self.refused_alone.contains(&target) {
                return KeyCheck::Nothing;
            }
            let is_first = self.refusal.is_none();
            self.refusal.get_or_insert((now, target));
            return if is_first { KeyCheck::Refused } else { KeyCheck::StillRefused };
        }
        // A 5xx or a missing response proves nothing.
        if !error.is_none_or(|error| error.is_forbidden() || error.is_not_found()) {
            return KeyCheck::Nothing;
        }
        self.refused_alone.remove(&target);
        // An older call proves nothing either: the API may have processed it before the refusal.
        match self.refusal.take_if(|(at, _)| began >= *at) {
            Some((_, refused)) => {
                self.refused_alone.extend(Some(refused).filter(|refused| *refused != target));
                KeyCheck::Accepted
            }
            None => KeyCheck::Nothing,
        }
    }

    /// Returns the time of the next probe; `None` while the key is accepted. It follows the start of the
    /// last probe: an earlier call that ends does not delay it.
    pub(super) fn next_probe(
        &mut self,
        every: Duration,
        has_started: bool,
        now: Duration,
    ) -> Option<Duration> {
        let pause = every.saturating_mul(PROBE_INTERVALS).min(MAX_PROBE_EVERY);
        let last = self.probe_at.filter(|_| !has_started);
        self.probe_at = self.refusal.as_ref().map(|_| last.unwrap_or(now + pause));
        self.probe_at
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
    use crate::ext::error::{CallOutcome, Kind};

    const SECOND: fn(u64) -> Duration = Duration::from_secs;

    /// Returns the error of a status; none of 200.
    fn error(status: u16) -> Option<Error> {
        let outcome = CallOutcome { is_retryable: status >= 500, ..CallOutcome::default() };
        let code = StatusCode::from_u16(status).unwrap();
        (status != 200).then(|| Error::new(Kind::Status(code, None), outcome))
    }

    fn check(faults: &mut Faults, target: &str, began: u64, status: u16) -> KeyCheck {
        let target = target.parse().unwrap();
        faults.check_key(Some(&target), SECOND(began), error(status).as_ref(), SECOND(1))
    }

    #[test]
    fn key_change_is_returned_once() {
        let mut faults = Faults::default();
        // Began, status, and the result. The key is refused at second 1.
        let calls = [
            (0, 200, KeyCheck::Nothing),
            (0, 401, KeyCheck::Refused),
            (0, 401, KeyCheck::StillRefused),
            // Sent before the refusal.
            (0, 200, KeyCheck::Nothing),
            (2, 500, KeyCheck::Nothing),
            (2, 401, KeyCheck::StillRefused),
            (2, 404, KeyCheck::Accepted),
            (2, 200, KeyCheck::Nothing),
            (2, 401, KeyCheck::Refused),
            (3, 200, KeyCheck::Accepted),
        ];
        for (n, (began, status, expected)) in calls.into_iter().enumerate() {
            assert_eq!(check(&mut faults, "a", began, status), expected, "call {n}");
        }
    }

    #[test]
    fn target_refused_alone_does_not_refuse_key() {
        let mut faults = Faults::default();
        let calls = [
            ("a", 401, KeyCheck::Refused),
            ("b", 200, KeyCheck::Accepted),
            ("a", 401, KeyCheck::Nothing),
            ("c", 401, KeyCheck::Refused),
            ("a", 401, KeyCheck::Nothing),
            ("b", 200, KeyCheck::Accepted),
            ("c", 401, KeyCheck::Nothing),
            ("a", 200, KeyCheck::Nothing),
            ("a", 401, KeyCheck::Refused),
        ];
        for (n, (target, status, expected)) in calls.into_iter().enumerate() {
            assert_eq!(check(&mut faults, target, 2, status), expected, "call {n}");
        }
    }

    #[test]
    fn probes_wait_ten_intervals_up_to_one_minute() {
        for (every, pause) in [(1, 10), (6, 60), (30, 60), (60, 60), (600, 60)] {
            let mut faults = Faults::default();
            assert_eq!(faults.next_probe(SECOND(every), true, SECOND(5)), None);
            check(&mut faults, "a", 0, 401);
            // Whether a call has started, the time, and the time to which the pause is added.
            for (has_started, now, from) in [(false, 5, 5), (false, 9, 5), (true, 99, 99)] {
                let next = faults.next_probe(SECOND(every), has_started, SECOND(now));
                assert_eq!(next, Some(SECOND(from + pause)));
            }
            check(&mut faults, "a", 100, 200);
            assert_eq!(faults.next_probe(SECOND(every), false, SECOND(100)), None);
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
