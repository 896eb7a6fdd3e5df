//! What is known of how fast the server serves, and the tokens that are spent of it. Pure.

use std::time::Duration;

use super::pacer::{Cycle, seconds};

/// What is taken of a rate that led to a 429.
const CAUTION: f64 = 0.83;
/// Requests that are added to those served in a cycle, so that slow processes catch up with fast ones.
const ADDED: f64 = 0.5;
/// How many requests the rate so far weighs against those of the last cycle.
const WEIGHT: f64 = 4.0;
/// By how much one cycle may change the rate.
const CHANGE: [f64; 2] = [0.36, 1.1];
/// The least, in requests a second: one that could not recover would starve its process.
const LEAST: f64 = 1.0 / 15.0;
/// Growth with each request served: this at first, half of it after so many,
const LEARNING: [f64; 2] = [0.125, 6.0];
/// and this with each served since the last 429, up to the second,
const ACCELERATION: [f64; 2] = [0.0012, 0.008];
/// and this for each usual cycle that goes by without a 429.
const BOOST: f64 = 0.45;

/// The rate and its tokens.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    per_second: Option<f64>,
    tokens: f64,
    /// As many tokens as may be there.
    capacity: f64,
    refilled: Duration,
    /// When the last was spent.
    taken: Duration,
    /// Requests that the rate was learned from.
    learned: f64,
    /// The usual time from one 429 to the next, in seconds.
    period: Option<f64>,
    last_growth: Duration,
    /// Seconds from request to answer.
    latency: Option<f64>,
}

impl Rate {
    pub(super) fn unknown() -> Self {
        Self {
            per_second: None,
            tokens: 0.0,
            capacity: 1.0,
            refilled: Duration::ZERO,
            taken: Duration::ZERO,
            learned: 0.0,
            period: None,
            last_growth: Duration::ZERO,
            latency: None,
        }
    }

    pub(super) fn per_second(&self) -> Option<f64> {
        self.per_second
    }

    /// Spends a token, or says when there is one.
    ///
    /// What was saved during a hold is spent no faster than answers come in, so that a 429 among them is not followed by many.
    pub(super) fn take(&mut self, in_flight: u32, now: Duration) -> Result<(), Duration> {
        let Some(rate) = self.per_second else {
            return Ok(());
        };
        let refill = rate * now.saturating_sub(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + refill).min(self.capacity);
        self.refilled = now;
        // Durations are rounded to nanoseconds.
        if self.tokens < 1.0 - 1e-6 {
            return Err(now.saturating_add(seconds((1.0 - self.tokens) / rate)));
        }
        let at_pace = self.taken.saturating_add(seconds(1.0 / rate));
        let enough = 1.0 + (rate * self.latency.unwrap_or(0.0) * 2.0).floor();
        if f64::from(in_flight) >= enough && now < at_pace {
            return Err(at_pace);
        }
        self.taken = now;
        self.tokens -= 1.0;
        self.capacity = self.tokens.max(1.0);
        Ok(())
    }

    /// How long this many requests take.
    pub(super) fn time_for(&self, requests: usize) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rationed = (requests as f64 - self.capacity).max(0.0);
        self.per_second.map_or(Duration::ZERO, |rate| seconds(rationed / rate))
    }

    /// Nothing is sent until then. What the server refills meanwhile is to be spent, if it was the server that named the time.
    pub(super) fn hold(&mut self, now: Duration, until: Duration, asked: bool) {
        let refill = self.per_second.unwrap_or(0.0) * until.saturating_sub(now).as_secs_f64();
        self.tokens = 0.0;
        self.refilled = now;
        self.capacity = if asked { refill.max(1.0) } else { 1.0 };
    }

    /// A cycle has ended, with the success of a probe.
    pub(super) fn learn(&mut self, cycle: &Cycle, now: Duration) {
        let served = f64::from(cycle.served);
        let time = now.saturating_sub(cycle.start).as_secs_f64().max(1e-3);
        self.period = Some(self.period.map_or(time, |period| f64::midpoint(period, time)));
        self.last_growth = now;
        let rate = match self.per_second {
            None => {
                self.learned = served;
                served.max(1.0) / time
            }
            Some(rate) => {
                let seen = (served + ADDED + WEIGHT) / (time + WEIGHT / rate);
                seen.clamp(rate * CHANGE[0], rate * CHANGE[1])
            }
        };
        self.per_second = Some((rate * CAUTION).max(LEAST));
    }

    /// A request was served at this rate while others waited.
    pub(super) fn grow(&mut self, cycle: &Cycle, now: Duration) {
        self.learned += 1.0;
        let [learning, half] = LEARNING;
        let learning = learning * half / (half + self.learned);
        let acceleration = (ACCELERATION[0] * f64::from(cycle.served)).min(ACCELERATION[1]);
        let growth = learning + acceleration + self.boost(cycle, now);
        self.last_growth = now;
        self.per_second = self.per_second.map(|rate| rate * (1.0 + growth));
    }

    pub(super) fn observe_latency(&mut self, latency: Duration) {
        let seen = latency.as_secs_f64();
        self.latency = Some(self.latency.map_or(seen, |latency| latency + (seen - latency) / 5.0));
    }

    fn boost(&self, cycle: &Cycle, now: Duration) -> f64 {
        let since_start = now.saturating_sub(cycle.start).as_secs_f64();
        match self.period {
            Some(period) if since_start > period => {
                let since_growth = now.saturating_sub(self.last_growth).as_secs_f64();
                (BOOST * since_growth / period).min(0.5)
            }
            _ => 0.0,
        }
    }
}
