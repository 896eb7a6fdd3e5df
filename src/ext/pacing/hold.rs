//! How long a 429 holds everybody, until the next request probes. Pure.

use std::time::Duration;

use super::rate::seconds;

/// How much longer each backoff is than the one before, while probes fail.
const BACKOFF: f64 = 1.5;

/// As long as the server asks, and a random part of the backoff, since others use the same limit;
/// without a word of the server most of the backoff. But no longer than `max_delay`: one wrong
/// field must not silence a client for ever.
pub(super) fn hold(
    asked: Option<Duration>,
    backoff: Duration,
    failures: u32,
    max_delay: Duration,
    random: f64,
) -> Duration {
    let factor = BACKOFF.powi(failures.min(64).cast_signed());
    let backoff = seconds(backoff.as_secs_f64() * factor).min(max_delay);
    let hold = match asked {
        None => backoff.mul_f64(0.75 + 0.25 * random),
        Some(asked) => asked.saturating_add(backoff.mul_f64(random)),
    };
    hold.min(max_delay)
}
