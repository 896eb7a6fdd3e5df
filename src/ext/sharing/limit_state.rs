//! What the processes of a key share of a limit, and what becomes of it by each step. Pure: `now` and
//! randomness are arguments. It is `pacing` in small: hold, probe, flow at a learned rate. Where there
//! is a queue in one process, here each call has a slot of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shared_limit::{Reply, Step};

/// How much the last cycle counts against all before it.
const WEIGHT: f64 = 0.7;
/// How far below the learned rate a cycle starts, as a part of it.
const DECREASE: f64 = 0.5;
/// When a cycle is back at the learned rate, as a part of the usual cycle.
const PLATEAU: f64 = 0.5;
/// How far above the learned rate a cycle may climb, as a multiple of it.
const MAX_INCREASE: f64 = 16.0;
/// How much longer each backoff is than the one before, while probes fail.
const BACKOFF: f64 = 1.5;
/// After so many seconds without a 429 nothing is limited any more.
const EXPIRY: f64 = 120.0;
/// How long the answer to a probe is waited for, at least, in seconds,
const MIN_PATIENCE: f64 = 1.0;
/// and in usual times from request to answer.
const PATIENCE: f64 = 4.0;
/// How long to wait for the answer to another's probe, at least, before asking again.
const MIN_AGAIN: f64 = 0.02;

/// What is shared of one limit: plain data, for a [`SharedLimit`](super::shared_limit::SharedLimit)
/// that can lock it, load it and keep it.
///
/// ```
/// use pilot_status::shared_limit::{LimitState, Reply, Step};
/// use std::time::Duration;
///
/// let mut state = LimitState::default();
/// let now = Duration::from_secs(1_000); // of the store's clock
/// assert_eq!(state.step(Step::Look, now), Reply::Free);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitState {
    /// Counts the holds; 0 while nothing is limited.
    epoch: u64,
    is_flow: bool,
    held_until: f64,
    /// Probes in turn that met a 429.
    failures: u32,
    /// The probe that is under way is waited for until then.
    probe_until: f64,
    /// Requests a second, and the seconds from one release to the next; 0 while unknown.
    rate: f64,
    cycle: f64,
    /// When the hold began, while there is one; later when the flow began.
    since: f64,
    cycle_start: f64,
    served: f64,
    tokens: f64,
    capacity: f64,
    /// The last slot, or when the tokens were counted.
    refilled: f64,
    latency: f64,
    expires: f64,
}

impl LimitState {
    /// Plays one step; `now` is a time of the store's clock, since any fixed start.
    pub fn step(&mut self, step: Step, now: Duration) -> Reply {
        let now = now.as_secs_f64();
        if now >= self.expires {
            *self = Self::default();
        }
        match step {
            Step::Look if self.epoch == 0 => Reply::Free,
            Step::Look => Reply::Limited,
            Step::Admit { served, slot, is_last, .. } => self.admit(served, slot, is_last, now),
            Step::Rejected { served, lasted, epoch, asked, base_delay, max_delay, random } => {
                let asked = asked.map(|asked| asked.as_secs_f64());
                let delays = (base_delay.as_secs_f64(), max_delay.as_secs_f64());
                if self.epoch == 0 {
                    self.cycle_start = now - lasted.as_secs_f64();
                }
                self.served += f64::from(served);
                self.rejected(epoch, asked, delays, random, now);
                Reply::Noted
            }
            Step::Served { served, epoch, latency, .. } => {
                self.served += f64::from(served);
                self.probe_served(epoch, latency.as_secs_f64(), now);
                Reply::Noted
            }
        }
    }

    fn admit(&mut self, served: u32, slot: u64, is_last: bool, now: f64) -> Reply {
        if self.epoch == 0 {
            return Reply::Free;
        }
        self.served += f64::from(served);
        if self.is_flow { self.flow(slot, now) } else { self.probe(is_last, now) }
    }

    /// A last attempt leaves it to others to probe, for a while.
    fn probe(&mut self, is_last: bool, now: f64) -> Reply {
        let held_until = self.held_until + if is_last { MIN_PATIENCE } else { 0.0 };
        let again = self.probe_until.min(now + self.latency.max(MIN_AGAIN));
        let until = if now < self.held_until { self.held_until } else { again };
        let until = if is_last && now < held_until { until.max(now + MIN_AGAIN) } else { until };
        if now < until {
            return Reply::Wait { time: seconds(until - now), slot: 0 };
        }
        self.probe_until = now + MIN_PATIENCE.max(PATIENCE * self.latency);
        Reply::Go { epoch: self.epoch, is_probe: true }
    }

    /// Each call has a slot, after those that were given before.
    fn flow(&mut self, slot: u64, now: f64) -> Reply {
        let go = Reply::Go { epoch: self.epoch, is_probe: false };
        if slot == self.epoch {
            return go;
        }
        if self.refilled > now {
            self.refilled += 1.0 / self.rate_at(self.refilled);
            return Reply::Wait { time: seconds(self.refilled - now), slot: self.epoch };
        }
        let rate = self.rate_at(now);
        let tokens = (self.tokens + rate * (now - self.refilled)).min(self.capacity);
        // What was saved is spent once.
        self.tokens = (tokens - 1.0).max(0.0);
        self.capacity = self.tokens.max(1.0);
        self.refilled = now;
        if tokens >= 1.0 - 1e-6 {
            return go;
        }
        self.refilled += (1.0 - tokens) / rate;
        Reply::Wait { time: seconds(self.refilled - now), slot: self.epoch }
    }

    fn rejected(
        &mut self,
        epoch: u64,
        asked: Option<f64>,
        (base_delay, max_delay): (f64, f64),
        random: f64,
        now: f64,
    ) {
        let wait = if epoch == self.epoch {
            self.begin_hold(now);
            let interval = if self.rate > 0.0 { 1.0 / self.rate } else { 0.0 };
            let factor = BACKOFF.powi(self.failures.min(64).cast_signed());
            let backoff = (base_delay.max(interval) * factor).min(max_delay);
            asked.map_or(backoff * (0.75 + 0.25 * random), |asked| asked + backoff * random)
        } else {
            // Sent before the hold, so no news but for what the server asks.
            asked.unwrap_or_default()
        };
        self.held_until = self.held_until.max(now + wait.min(max_delay));
        self.expires = self.held_until + EXPIRY;
    }

    fn begin_hold(&mut self, now: f64) {
        let is_probe = self.epoch > 0 && !self.is_flow;
        self.failures = if is_probe { self.failures.saturating_add(1) } else { 0 };
        if !is_probe {
            self.since = now;
        }
        self.epoch += 1;
        self.is_flow = false;
        self.probe_until = 0.0;
    }

    /// The hold ends, and the cycle with it: the rate is learned.
    fn probe_served(&mut self, epoch: u64, latency: f64, now: f64) {
        self.latency = if self.latency > 0.0 { self.latency.min(latency) } else { latency };
        if self.is_flow || self.epoch == 0 || epoch != self.epoch {
            return;
        }
        let lasted = (now - self.cycle_start).max(1e-3);
        // The probe is the first of the next cycle.
        let before = self.served - 1.0;
        let seen = if before > 0.0 { before / lasted } else { 2.0 / self.latency.max(MIN_AGAIN) };
        let (rate, cycle) = if self.rate > 0.0 { (self.rate, self.cycle) } else { (seen, lasted) };
        self.rate = rate + WEIGHT * (seen - rate);
        self.cycle = cycle + WEIGHT * (lasted - cycle);
        self.tokens = (self.rate * (1.0 - DECREASE) * (now - self.since) - 1.0).max(0.0);
        self.capacity = self.tokens.max(1.0);
        (self.since, self.refilled, self.cycle_start, self.served) = (now, now, now, 1.0);
        (self.is_flow, self.failures) = (true, 0);
    }

    /// Requests a second at a time of the flow.
    fn rate_at(&self, time: f64) -> f64 {
        let time = (time - self.since) / (PLATEAU * self.cycle);
        self.rate * (1.0 + DECREASE * (time - 1.0).powi(3)).min(MAX_INCREASE)
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const ASK: Step = Step::Admit { served: 0, lasted: Duration::ZERO, slot: 0, is_last: false };

    /// Limited from 10 s on, after ten requests in a second; held for a second.
    fn limited() -> LimitState {
        let mut state = LimitState::default();
        state.step(
            Step::Rejected {
                served: 10,
                lasted: MS(1_000),
                epoch: 0,
                asked: Some(MS(1_000)),
                base_delay: MS(500),
                max_delay: MS(60_000),
                random: 0.0,
            },
            MS(10_000),
        );
        state
    }

    #[test]
    fn a_process_that_dies_with_the_probe_is_forgotten_within_a_second() {
        let mut state = limited();
        assert!(matches!(state.step(ASK, MS(10_500)), Reply::Wait { time, .. } if time == MS(500)));
        let probe = Reply::Go { epoch: 1, is_probe: true };
        assert_eq!(state.step(ASK, MS(11_000)), probe);
        assert!(matches!(state.step(ASK, MS(11_900)), Reply::Wait { .. }), "one probe at a time");
        assert_eq!(state.step(ASK, MS(12_001)), probe);
    }

    #[test]
    fn turns_are_given_in_the_order_of_asking_however_often_others_ask() {
        let mut state = limited();
        state.step(ASK, MS(11_000));
        let served = Step::Served { served: 1, lasted: MS(0), epoch: 1, latency: MS(50) };
        state.step(served, MS(11_050));
        // What was saved goes out at once; then each turn is after those before it.
        let waits = (0..30).map(|_| match state.step(ASK, MS(11_050)) {
            Reply::Wait { time, slot: 1 } => time,
            Reply::Go { .. } => Duration::ZERO,
            reply => panic!("{reply:?}"),
        });
        let waits: Vec<_> = waits.collect();
        assert!(waits.is_sorted() && waits[29] > waits[15], "{waits:?}");
        let mine = Step::Admit { served: 0, lasted: MS(0), slot: 1, is_last: false };
        assert_eq!(state.step(mine, MS(12_000)), Reply::Go { epoch: 1, is_probe: false });
    }

    #[test]
    fn nothing_is_limited_any_more_two_minutes_after_the_last_hold() {
        let mut state = limited();
        assert_eq!(state.step(Step::Look, MS(130_000)), Reply::Limited);
        assert_eq!(state.step(Step::Look, MS(131_001)), Reply::Free);
    }
}
