//! How fast requests go out once a limit has been met: CUBIC (RFC 9438). Pure.
//!
//! From one 429 to the next is a cycle. What it served, over what it took, is the rate that the
//! limit allows. The next cycle starts below, is back at that rate at about half of the usual
//! cycle, stays near it, and then climbs ever faster, since a limit that has not answered by then
//! has moved. What the limit allowed during a hold is sent as fast as answers come in.

use std::time::Duration;

/// How much the last cycle counts against all before it.
const WEIGHT: f64 = 0.7;
/// How far below the learned rate a cycle starts, as a part of it.
const DECREASE: f64 = 0.5;
/// When a cycle is back at the learned rate, as a part of the usual cycle.
const PLATEAU: f64 = 0.5;
/// How far above the learned rate a cycle may climb, as a multiple of it.
const MAX_INCREASE: f64 = 16.0;

/// The rate of the flow, once a cycle has been seen, and the requests that it has saved up.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    learned: Option<Learned>,
    /// When the hold began, while there is one; later when the flow began.
    since: Duration,
    tokens: f64,
    capacity: f64,
    refilled: Duration,
    last_sent: Duration,
    /// From request to answer: the shorter of the last two, since one that was slow is no rule.
    latency: Duration,
    last_latency: Duration,
}

/// What was served since `start`: of the load, or of the release after a hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cycle {
    pub(super) start: Duration,
    pub(super) served: u32,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    /// Requests a second.
    rate: f64,
    /// From one release to the next, in seconds.
    cycle: f64,
}

impl Rate {
    /// Requests a second at this moment of the flow.
    pub(super) fn per_second(&self, now: Duration) -> Option<f64> {
        let Learned { rate, cycle } = self.learned?;
        let time = now.saturating_sub(self.since).as_secs_f64() / (PLATEAU * cycle);
        Some(rate * (1.0 + DECREASE * (time - 1.0).powi(3)).min(MAX_INCREASE))
    }

    /// The usual time between two requests; zero while nothing is learned.
    pub(super) fn interval(&self) -> Duration {
        self.learned.map_or(Duration::ZERO, |learned| seconds(1.0 / learned.rate))
    }

    /// The usual time from request to answer.
    pub(super) fn latency(&self) -> Duration {
        self.latency
    }

    /// When the next request may go out, with so many under way; not later than now if it may at
    /// once.
    pub(super) fn ready(&self, under_way: usize, now: Duration) -> Duration {
        let Some(rate) = self.per_second(now) else {
            return Duration::ZERO;
        };
        let tokens = self.tokens_at(rate, now);
        // Durations are rounded to nanoseconds.
        if tokens < 1.0 - 1e-6 {
            return now.saturating_add(seconds((1.0 - tokens) / rate));
        }
        let usual = 1.0 + rate * self.latency.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let clocked = under_way as f64 >= usual;
        if clocked { self.last_sent.saturating_add(seconds(1.0 / rate)) } else { Duration::ZERO }
    }

    /// A request goes out.
    pub(super) fn take(&mut self, now: Duration) {
        let Some(rate) = self.per_second(now) else {
            return;
        };
        self.tokens = (self.tokens_at(rate, now) - 1.0).max(0.0);
        // What was saved is spent once.
        self.capacity = self.tokens.max(1.0);
        (self.refilled, self.last_sent) = (now, now);
    }

    /// How long so many requests take, at the rate of this moment.
    pub(super) fn time_for(&self, requests: usize, now: Duration) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rationed = (requests as f64 - self.capacity).max(0.0);
        self.per_second(now).map_or(Duration::ZERO, |rate| seconds(rationed / rate))
    }

    /// The flow ends with a 429.
    pub(super) fn hold(&mut self, now: Duration) {
        self.since = now;
    }

    /// The hold ends with the success of a probe, and the cycle with it: the rate is learned.
    pub(super) fn release(&mut self, cycle: Cycle, now: Duration) {
        let lasted = now.saturating_sub(cycle.start).as_secs_f64().max(1e-3);
        let served = f64::from(cycle.served) / lasted;
        let learned = self.learned.unwrap_or(Learned { rate: served, cycle: lasted });
        let rate = smoothed(learned.rate, served);
        self.learned = Some(Learned { rate, cycle: smoothed(learned.cycle, lasted) });
        let held = now.saturating_sub(self.since).as_secs_f64();
        // The probe was the first of them.
        self.tokens = (rate * (1.0 - DECREASE) * held - 1.0).max(0.0);
        self.capacity = self.tokens.max(1.0);
        (self.since, self.refilled, self.last_sent) = (now, now, now);
    }

    pub(super) fn observe_latency(&mut self, latency: Duration) {
        self.latency = latency.min(self.last_latency);
        self.last_latency = latency;
    }

    fn tokens_at(&self, rate: f64, now: Duration) -> f64 {
        let refill = rate * now.saturating_sub(self.refilled).as_secs_f64();
        (self.tokens + refill).min(self.capacity)
    }
}

fn smoothed(before: f64, seen: f64) -> f64 {
    before + WEIGHT * (seen - before)
}

/// As a duration, whatever it is.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
