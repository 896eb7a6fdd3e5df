//! How long to wait before a retry. A random part, since callers that wait equally long collide
//! again.

use std::time::Duration;

/// Full jitter: a random part of `base * 2^(attempt - 1)`, which is capped at `max`.
pub(super) fn full_jitter(base: Duration, max: Duration, attempt: u32, random: f64) -> Duration {
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    base.saturating_mul(factor).min(max).mul_f64(random)
}

/// What the server asked for, plus a random part of 10 % of it, but no more than `max` unless the
/// server asked for more.
pub(super) fn at_least(asked: Duration, max: Duration, random: f64) -> Duration {
    let room = max.saturating_sub(asked).min(asked / 10);
    asked.saturating_add(room.mul_f64(random))
}

#[cfg(test)]
mod tests {
    use super::*;

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
