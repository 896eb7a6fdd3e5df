//! The key of a watch: refused (401) or accepted. A refusal concerns the whole fleet, so it is one
//! change, and the watch then sends one request at a time until one is accepted. Pure.

use std::time::Duration;

use crate::ext::error::Error;

/// Number of intervals between two probes, which is at most a minute unless the interval is longer.
const PROBE_INTERVALS: u32 = 10;
const MAX_PROBE_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Key {
    refused_at: Option<Duration>,
}

/// A change from one state of the key to the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyChange {
    Refused,
    Accepted,
}

impl Key {
    /// Processes the result of a call that began at `began`. Returns the change of the key, if any.
    pub(super) fn check(
        &mut self,
        began: Duration,
        error: Option<&Error>,
        now: Duration,
    ) -> Option<KeyChange> {
        match self.refused_at {
            None if error.is_some_and(Error::is_unauthorized) => {
                self.refused_at = Some(now);
                Some(KeyChange::Refused)
            }
            // An older call proves nothing: the API may have processed it before the refusal.
            Some(refused_at) if began >= refused_at && is_acceptance(error) => {
                self.refused_at = None;
                Some(KeyChange::Accepted)
            }
            _ => None,
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused_at.is_some()
    }

    /// Returns the time of the next probe; `None` while the key is accepted.
    pub(super) fn next_probe(&self, every: Duration, now: Duration) -> Option<Duration> {
        let pause = every.saturating_mul(PROBE_INTERVALS).min(every.max(MAX_PROBE_EVERY));
        self.refused_at.map(|_| now.saturating_add(pause))
    }
}

/// Returns true if the API accepted the key. A 5xx or a missing response proves nothing.
fn is_acceptance(error: Option<&Error>) -> bool {
    error.is_none_or(|error| error.is_forbidden() || error.is_not_found())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::ext::error::outcome::CallOutcome;

    const SECOND: fn(u64) -> Duration = Duration::from_secs;

    fn refusal(status: u16) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::unexpected_status(status, None, bytes::Bytes::new(), CallOutcome::default())
    }

    #[test]
    fn key_change_is_returned_once() {
        let mut key = Key::default();
        // Began, status of the error (0: success), and the change.
        let calls = [
            (0, 0, None),
            (0, 401, Some(KeyChange::Refused)),
            (0, 401, None),
            // Sent before the refusal.
            (0, 0, None),
            (2, 500, None),
            (2, 401, None),
            (2, 404, Some(KeyChange::Accepted)),
            (2, 0, None),
            (2, 401, Some(KeyChange::Refused)),
            (3, 0, Some(KeyChange::Accepted)),
        ];
        for (n, (began, status, expected)) in calls.into_iter().enumerate() {
            let error = (status > 0).then(|| refusal(status));
            let change = key.check(SECOND(began), error.as_ref(), SECOND(1));
            assert_eq!(change, expected, "call {n}");
        }
    }

    #[test]
    fn probes_wait_ten_intervals_up_to_one_minute() {
        let mut key = Key::default();
        assert_eq!(key.next_probe(SECOND(1), SECOND(5)), None);
        key.check(SECOND(0), Some(&refusal(401)), SECOND(5));
        for (every, pause) in [(1, 10), (6, 60), (30, 60), (60, 60), (600, 600)] {
            assert_eq!(key.next_probe(SECOND(every), SECOND(5)), Some(SECOND(5 + pause)));
        }
        assert_eq!(key.next_probe(Duration::MAX, SECOND(5)), Some(Duration::MAX));
    }
}
