//! The best possible time: every request is sent at the moment at which it is served.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use crate::{
    limiter::Limiter,
    setting::{ROUND_TRIP, Setting},
};

/// Idle seconds before a load, if requests were served before.
const IDLE: f64 = 11.0;

/// Returns the best time of a load, the time at which its limit changes, and the time at which it
/// begins.
pub(crate) fn best(setting: &Setting, limiter: &Limiter) -> (f64, f64, f64) {
    let before = setting.served_before;
    let last = f64::from(before) - 1.0 + ROUND_TRIP;
    let start = if before > 0 { last + IDLE } else { 0.0 };
    let mut used = limiter.clone();
    for n in 0..before {
        used.admit(f64::from(n)).ok();
    }
    let end = end(used.clone(), setting, start, f64::INFINITY);
    let step_at = start + 0.5 * (end - start);
    let end = self::end(used, setting, start, step_at);
    (end - start + ROUND_TRIP, step_at, start)
}

fn end(mut limiter: Limiter, setting: &Setting, start: f64, step_at: f64) -> f64 {
    let begin = start + if setting.is_out(0.0) { setting.outage[1] } else { 0.0 };
    let (mut now, mut served) = (begin, 0);
    while served < setting.requests {
        let round = (served / setting.tasks) as f64;
        now = now.max(begin + round * ROUND_TRIP);
        if now >= step_at {
            limiter.scale_once(setting.step);
        }
        match limiter.admit(now) {
            Ok(()) => served += 1,
            Err(next) if now < step_at => now = next.min(step_at),
            Err(next) => now = next,
        }
    }
    now
}
