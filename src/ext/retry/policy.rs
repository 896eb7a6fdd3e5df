//! [`RetryPolicy`]: the number of attempts of a call, and the delays between them.

use std::time::Duration;

use crate::ext::error::StopReason;

/// The number of attempts of a call, and the delays between them.
///
/// Any request is retried after a 429, after a failure to connect (unless TLS was rejected), and
/// after an HTTP/2 server reported that it did not process the request. A `GET` is also retried
/// after a broken connection, a timeout of an attempt, a truncated body, and the statuses `408`,
/// `500`, `502` to `504`, `520` to `524`, `529` and `530`.
///
/// If the server requests a wait (`Retry-After`, [RFC 9110, section 10.2.3], `retry-after-ms`,
/// `retryAfterSeconds` in the body, or the rate-limit reset of a 429), the delay is that wait plus
/// up to 10 %. Otherwise it is a random part of `base_delay * 2^n`, at most `max_delay`. If the
/// server requests more than `max_delay`, or more than is left of the call's timeout, the call ends
/// at once; see [`Error::retry_after`](crate::Error::retry_after).
///
/// After a 429, calls are queued and wait for their turns, which may take longer; see
/// [`Pacing`](crate::Pacing). With three attempts or more, a call that has met at least two 429s
/// delays its last attempt until about a second before its timeout. Thus no call fails with a 429
/// while it has time left, and a server that sends only 429s is reported at the timeout.
///
/// ```
/// use pilot_status::RetryPolicy;
/// use std::time::Duration;
///
/// let patient = RetryPolicy::default().max_attempts(8).max_delay(Duration::from_secs(120));
/// let never = RetryPolicy::none();
/// # let _ = (patient, never);
/// ```
///
/// [RFC 9110, section 10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
#[doc(alias = "backoff")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) base_delay: Duration,
    pub(crate) max_delay: Duration,
    pub(crate) budget: bool,
}

impl Default for RetryPolicy {
    /// Returns 5 attempts, 500 ms base delay, 60 s maximum delay, with the retry budget.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(60),
            budget: true,
        }
    }
}

impl RetryPolicy {
    /// Returns a policy with one attempt and no retry.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the number of attempts of one call, including the first. Zero is rejected when the
    /// client is built.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the longest delay before the first retry if the server requests none. It doubles with
    /// every further retry.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the longest delay between two attempts. It does not limit the wait for a turn after a
    /// 429.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Switches off the retry budget, which all calls of a client share: 500 tokens, of which a
    /// retry takes 5 and a success adds 1. The budget limits an outage to 100 retries, and then
    /// one for every five successes, instead of four for every call. Retries after a 429 are free,
    /// because pacing limits them. Retries are also free if this machine has no descriptor, port or
    /// memory for a connection.
    #[must_use]
    pub fn without_budget(mut self) -> Self {
        self.budget = false;
        self
    }

    pub(crate) fn is_last(&self, attempt: u32) -> bool {
        attempt >= self.max_attempts
    }

    /// Returns the delay after attempt number `attempt` (from 1), which failed in a way that may be
    /// retried, or the reason to stop.
    ///
    /// `requested` is the wait that the server requests, `left` is what remains of the call's
    /// timeout, and `random` is in `0.0..1.0`.
    pub(crate) fn next(
        &self,
        attempt: u32,
        requested: Option<Duration>,
        left: Duration,
        random: f64,
    ) -> Result<Duration, StopReason> {
        let delay = match requested {
            Some(wait) => at_least(wait, self.max_delay.min(left), random),
            None => full_jitter(self.base_delay, self.max_delay, attempt, random),
        };
        self.check(attempt, delay, left).map(|()| delay)
    }

    /// Returns the reason to stop after attempt number `attempt`, if no other attempt may follow
    /// after this delay.
    pub(crate) fn check(
        &self,
        attempt: u32,
        delay: Duration,
        left: Duration,
    ) -> Result<(), StopReason> {
        if self.is_last(attempt) {
            Err(StopReason::Attempts)
        } else if delay > self.max_delay {
            Err(StopReason::MaxDelay)
        } else if delay >= left {
            Err(StopReason::Timeout)
        } else {
            Ok(())
        }
    }
}

/// Full jitter: returns a random part of `base * 2^(attempt - 1)`, which is capped at `max`.
fn full_jitter(base: Duration, max: Duration, attempt: u32, random: f64) -> Duration {
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(factor).min(max).mul_f64(random)
}

/// Returns the wait that the server requested, plus a random part of 10 % of it. The sum exceeds
/// `max` only if the wait does.
fn at_least(requested: Duration, max: Duration, random: f64) -> Duration {
    let room = max.saturating_sub(requested).min(requested / 10);
    requested.saturating_add(room.mul_f64(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn failed_attempt_is_followed_by_delay_or_stop() {
        use StopReason::{Attempts, MaxDelay, Timeout};
        let cases = [
            // attempt, requested, left, random, expected
            (1, None, S(90), 0.5, Ok(Duration::from_millis(250))),
            (3, None, S(90), 0.5, Ok(S(1))),
            (1, Some(S(2)), S(90), 0.0, Ok(S(2))),
            (1, Some(S(2)), S(90), 0.5, Ok(Duration::from_millis(2100))),
            (1, Some(S(60)), S(90), 0.9, Ok(S(60))),
            (1, Some(S(61)), S(90), 0.0, Err(MaxDelay)),
            (1, Some(S(30)), S(30), 0.0, Err(Timeout)),
            (1, Some(S(30)), S(31), 0.5, Ok(Duration::from_millis(30_500))),
            (5, Some(S(1)), S(90), 0.0, Err(Attempts)),
            (4, None, S(1), 0.9, Err(Timeout)),
        ];
        for (attempt, requested, left, random, expected) in cases {
            let next = RetryPolicy::default().next(attempt, requested, left, random);
            assert_eq!(next, expected, "attempt {attempt}, requested {requested:?}, left {left:?}");
        }
    }

    #[test]
    fn delay_honours_the_server_with_any_policy() {
        let extremes = [Duration::ZERO, S(1), Duration::MAX];
        let randoms = [0.0, 1.0 - f64::EPSILON];
        for case in 0..3_usize.pow(4) {
            let pick = |digit| extremes[case / 3_usize.pow(digit) % 3];
            let (base, max, left, requested) = (pick(0), pick(1), pick(2), pick(3));
            let policy = RetryPolicy {
                max_attempts: u32::MAX,
                base_delay: base,
                max_delay: max,
                budget: true,
            };
            for (attempt, random, requested) in randoms.into_iter().flat_map(|r| {
                [(1, r, None), (1, r, Some(requested)), (u32::MAX - 1, r, Some(requested))]
            }) {
                if let Ok(delay) = policy.next(attempt, requested, left, random) {
                    assert!(delay >= requested.unwrap_or_default() && delay <= max && delay < left);
                }
            }
        }
    }

    #[test]
    fn backoff_ceiling_doubles_up_to_the_maximum() {
        let (base, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let ceilings =
            [(1, 500), (2, 1_000), (5, 8_000), (8, 60_000), (40, 60_000), (u32::MAX, 60_000)];
        for (attempt, ms) in ceilings {
            assert_eq!(full_jitter(base, max, attempt, 0.5), Duration::from_millis(ms / 2));
            assert_eq!(full_jitter(base, max, attempt, 0.0), Duration::ZERO);
        }
    }
}
