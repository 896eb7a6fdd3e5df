//! What the simulated server answers.

use std::time::Duration;

use crate::{
    limiter::Limiter,
    quota::RateLimit,
    setting::{Setting, Words},
};

/// Served or not, and what is said of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) is_served: bool,
    pub(crate) retry_after: Option<f64>,
    pub(crate) words: Option<RateLimit>,
}

/// The answer to a request that arrives now, of a load that began at `start`.
pub(crate) fn answer(setting: &Setting, limiter: &mut Limiter, start: f64, now: f64) -> Verdict {
    let outage_end = start + setting.scenario.outage;
    let is_out = (start..outage_end).contains(&now);
    let admitted = if is_out { Err(outage_end) } else { limiter.admit(now) };
    let retry_after = match admitted {
        Err(next) if setting.retry_after => Some((next - now).ceil().max(1.0)),
        _ => None,
    };
    let words = words(setting.scenario.words, limiter, now);
    Verdict { is_served: admitted.is_ok(), retry_after, words }
}

fn words(words: Words, limiter: &Limiter, now: f64) -> Option<RateLimit> {
    match words {
        Words::Silent => None,
        Words::True => Some(truth(limiter, now)),
        Words::AlwaysNone => Some(RateLimit { remaining: 0, reset: Duration::from_secs(1_000) }),
        Words::AlwaysMany => Some(RateLimit { remaining: 1_000, reset: Duration::from_secs(60) }),
    }
}

/// In whole seconds, as a server would say it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
pub(crate) fn truth(limiter: &Limiter, now: f64) -> RateLimit {
    let (left, reset) = limiter.left(now);
    let reset = reset.ceil().max(1.0) as u64;
    // Sums of fractions are a little less than they should be.
    RateLimit { remaining: (left + 1e-9) as u64, reset: Duration::from_secs(reset) }
}
