//! [`RetryPolicy`]: how often a call is tried, and how long it waits in between.

use std::time::Duration;

use crate::ext::error::{Error, outcome::StopReason};

/// How often a call is tried, and how long it waits between two attempts.
///
/// What is retried: `429` always; for `GET` also failures to connect, connections that break,
/// attempts that time out, bodies cut short, and `408`, `500`, `502` to `504`, `520` to `524`, `529`,
/// `530`.
///
/// The wait is what the server asks for (`Retry-After`, [RFC 9110, section 10.2.3],
/// `retry-after-ms`, `retryAfterSeconds` in the body, or the reset of a 429) plus up to 10 %; without that it is a random part of
/// `base_delay * 2^n`, at most `max_delay`. A server that asks for more than `max_delay`, or than
/// is left of the call's timeout, ends the call at once: see
/// [`Error::retry_after`](crate::Error::retry_after).
///
/// After a 429 the calls of a client wait for their turns, which may be longer: see
/// [`Pacing`](crate::Pacing). Of three attempts or more, the last of a call that was only refused
/// before is kept until about a second before the call's timeout, so that no call fails by a 429
/// while its time lasts; a server that always refuses is therefore reported at the timeout.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    budget: bool,
}

impl Default for RetryPolicy {
    /// 5 attempts, 500 ms base delay, 60 s maximum delay, with the retry budget.
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
    /// One attempt, no retry.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Attempts of one call, the first included. Zero is refused when the client is built.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The most that the first retry waits when the server names no time; it doubles with every
    /// further one.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest wait between two attempts, but for the turns that calls wait for after a 429.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Switches off the retry budget, which all calls of a client share: 500 tokens, of which a
    /// retry takes 5 and a success gives back 1. So an outage costs at most 100 retries and then
    /// one for every five successes, rather than four for every call. Retries after a 429 are free,
    /// since pacing rations them, and so are those where this machine has no descriptor, port or
    /// memory for a connection.
    #[must_use]
    pub fn without_budget(mut self) -> Self {
        self.budget = false;
        self
    }

    pub(crate) fn has_budget(&self) -> bool {
        self.budget
    }

    /// Base delay and maximum delay, by which pacing waits too.
    pub(crate) fn delays(&self) -> (Duration, Duration) {
        (self.base_delay, self.max_delay)
    }

    /// Whether no attempt may follow this one.
    pub(crate) fn is_last(&self, attempt: u32) -> bool {
        attempt >= self.max_attempts
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.max_attempts == 0 {
            return Err(Error::invalid_input(
                "max_attempts is 0, so nothing would be sent: use RetryPolicy::none() for a single attempt",
            ));
        }
        Ok(())
    }

    /// How long to wait after attempt number `attempt` (from 1), which failed in a way that may be
    /// retried; or why it is the last.
    ///
    /// `asked` is what the server asks for, `left` what is left of the call's timeout, `random` in
    /// `0.0..1.0`.
    pub(crate) fn next(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        left: Duration,
        random: f64,
    ) -> Result<Duration, StopReason> {
        if self.is_last(attempt) {
            return Err(StopReason::Attempts);
        }
        let least = asked.unwrap_or_default();
        if least > self.max_delay {
            return Err(StopReason::MaxDelay);
        }
        let delay = match asked {
            Some(asked) => at_least(asked, self.max_delay.min(left), random),
            None => full_jitter(self.base_delay, self.max_delay, attempt, random),
        };
        if delay >= left {
            return Err(StopReason::Timeout);
        }
        Ok(delay)
    }
}

/// Full jitter: a random part of `base * 2^(attempt - 1)`, which is capped at `max`.
fn full_jitter(base: Duration, max: Duration, attempt: u32, random: f64) -> Duration {
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(factor).min(max).mul_f64(random)
}

/// What the server asked for, plus a random part of 10 % of it, but no more than `max` unless the
/// server asked for more.
fn at_least(asked: Duration, max: Duration, random: f64) -> Duration {
    let room = max.saturating_sub(asked).min(asked / 10);
    asked.saturating_add(room.mul_f64(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn what_follows_a_failed_attempt() {
        use StopReason::{Attempts, MaxDelay, Timeout};
        let cases = [
            // attempt, asked, left, random, what follows
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
        for (attempt, asked, left, random, expected) in cases {
            let next = RetryPolicy::default().next(attempt, asked, left, random);
            assert_eq!(next, expected, "attempt {attempt}, asked {asked:?}, left {left:?}");
        }
    }

    #[test]
    fn no_policy_and_no_time_makes_it_panic_or_undercut_the_server() {
        let extremes = [Duration::ZERO, S(1), Duration::MAX];
        let randoms = [0.0, 1.0 - f64::EPSILON];
        for case in 0..3_usize.pow(4) {
            let pick = |digit| extremes[case / 3_usize.pow(digit) % 3];
            let (base, max, left, asked) = (pick(0), pick(1), pick(2), pick(3));
            let policy = RetryPolicy {
                max_attempts: u32::MAX,
                base_delay: base,
                max_delay: max,
                budget: true,
            };
            for (attempt, random, asked) in randoms
                .into_iter()
                .flat_map(|r| [(1, r, None), (1, r, Some(asked)), (u32::MAX - 1, r, Some(asked))])
            {
                if let Ok(delay) = policy.next(attempt, asked, left, random) {
                    assert!(delay >= asked.unwrap_or_default() && delay <= max && delay < left);
                }
            }
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_maximum() {
        let (base, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let ceilings =
            [(1, 500), (2, 1_000), (5, 8_000), (8, 60_000), (40, 60_000), (u32::MAX, 60_000)];
        for (attempt, ms) in ceilings {
            assert_eq!(full_jitter(base, max, attempt, 0.5), Duration::from_millis(ms / 2));
            assert_eq!(full_jitter(base, max, attempt, 0.0), Duration::ZERO);
        }
    }
}
