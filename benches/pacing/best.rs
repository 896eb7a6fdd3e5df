//! The best that anybody could do.

use crate::{
    limiter::Limiter,
    setting::{Setting, TIMEOUT},
};

/// When a load that begins at `start` would be let through at the earliest: every request sent at
/// the moment that it would be served, by as many tasks.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub(crate) fn times(
    mut limiter: Limiter,
    setting: &Setting,
    start: f64,
    step_at: Option<f64>,
) -> Vec<f64> {
    let begin = start + setting.scenario.outage;
    let mut step_at = step_at.unwrap_or(f64::INFINITY);
    let (mut now, mut served) = (begin, Vec::with_capacity(setting.requests));
    while served.len() < setting.requests {
        let round = (served.len() / setting.tasks) as f64;
        now = now.max(begin + round * setting.round_trip);
        if now >= step_at {
            limiter.scale(setting.scenario.step);
            step_at = f64::INFINITY;
        }
        match limiter.admit(now) {
            Ok(()) => served.push(now),
            Err(next) => now = next.min(step_at),
        }
    }
    served
}

/// How many calls take longer than a call may, if they are let through at these times in the order
/// in which they began.
pub(crate) fn out_of_time(times: &[f64], setting: &Setting, start: f64) -> usize {
    // A task begins its next call when the one before is served.
    let first = std::iter::repeat_n(&start, setting.tasks);
    first.chain(times).zip(times).filter(|(began, served)| *served - *began > TIMEOUT).count()
}

/// When the last of them was.
pub(crate) fn end(times: &[f64]) -> f64 {
    times.last().copied().unwrap_or_default()
}
