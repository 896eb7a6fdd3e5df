//! The limiter: decides when requests may be sent after a 429. Pure: `now` and randomness are
//! arguments, and the state is plain data. A process uses this limiter itself, unless it shares
//! one with other processes through a store. `redis.lua` is a copy of it in Lua.
//!
//! A *turn* is the permission to send one request. A request is *served* if it gets any response
//! other than a 429. The *epoch* is the number of holds since the limiter was free. Each turn has the
//! epoch in which it was granted. A process returns this epoch with the outcome of the request. If
//! the epoch is an old one, the request was sent before the last hold, and its outcome starts no new
//! hold.
//!
//! # Phases
//!
//! 1. **Free**: every request is admitted. The limiter is free before the first 429, and usually again
//!    two minutes after the last hold ended.
//! 2. **Hold**: begins with a 429. No request is admitted. A hold lasts for the wait that the server
//!    requests plus a random time. Without a requested wait it lasts for a backoff. In either
//!    case it lasts at most `max_delay`.
//! 3. **Probe**: follows a hold. One request is admitted. If it meets a 429, the next hold begins,
//!    with a longer backoff. If it gets no response in time, another probe is admitted.
//! 4. **Flow**: begins when a probe is served. Requests are admitted at a rate, which rises until the
//!    next 429.
//! 5. **Slow start**: takes the place of the flow if the limiter has no estimate. Two requests are
//!    admitted, and the number doubles with each round trip. If, two minutes after the last hold,
//!    several calls of a process still wait, the limiter does not become free: it starts slowly, with
//!    one request.
//!
//! # Estimate
//!
//! The estimate is the rate at which the server is thought to serve requests. A cycle lasts from one
//! served probe to the next, and includes the holds in between. When a cycle ends, the new estimate
//! is a weighted mean of the old one and the rate at which requests were served in the cycle.
//!
//! The first cycle has no probe before it. It starts with the burst of requests that led to the first
//! 429, but at most four seconds before that 429. If nothing was served in it, there is no estimate.
//!
//! After an outage there is no estimate either, because the load before the outage shows nothing about
//! the limit. The limiter assumes an outage if the first three probes meet a 429, and the server
//! requests a wait.
//!
//! # Rate
//!
//! The rate of a flow follows CUBIC (RFC 9438). It starts at half of the estimate, reaches the
//! estimate after about half of a usual cycle, and then grows ever faster, up to 16 times the
//! estimate. Idle time does not count for the estimate or for the growth.

use std::{ops::Range, time::Duration};

use serde::{Deserialize, Serialize};

/// Weight of the last cycle in the estimate of the rate.
const WEIGHT: f64 = 0.7;
/// Fraction of the estimate that is subtracted when a flow starts.
const DECREASE: f64 = 0.5;
/// Fraction of a usual cycle that a flow needs to return to the estimate.
const PLATEAU: f64 = 0.47;
/// Multiple of the estimate that limits the growth of a flow.
const MAX_INCREASE: f64 = 16.0;
/// Growth of the backoff with each failed probe.
const BACKOFF: f64 = 1.5;
/// Seconds from the end of a hold until the limiter is free, if no 429 comes and at most one call
/// waits.
const EXPIRY: f64 = 120.0;
/// Minimum time to wait for the response to a probe, in seconds.
const MIN_PATIENCE: f64 = 1.0;
/// Time to wait for the response to a probe, as a multiple of the usual latency; at least
/// `MIN_PATIENCE`.
const PATIENCE: f64 = 4.0;
/// Shortest round trip that is assumed, in seconds.
const MIN_ROUND_TRIP: f64 = 0.02;
/// A reply in a flow grants the turns that come due within this many seconds, and at least one.
const BATCH: f64 = 0.05;
/// The longest hold, in seconds. A longer `max_delay` is limited to this. A stored state with a longer
/// hold comes from a wrong clock, and is discarded.
const MAX_HOLD: f64 = 3_600.0;
/// A series of 429s counts as an outage if at least this many probes met a 429, no probe was served,
/// and the last 429 requested a wait.
const OUTAGE: u32 = 3;
/// Seconds by which a store's clock may be set back without effect. If it is more, the state is
/// discarded.
const MAX_STEP_BACK: f64 = 1.0;

/// A message of a process to a limiter. `served` is the number of requests of this process that were
/// served since its last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Step {
    /// Queries whether a limit is active.
    Look,
    /// Requests turns.
    Admit {
        /// Requests served since the last step.
        served: u32,
        /// Requests that wait for a turn.
        want: u32,
        /// The reservation of an earlier [`Reply::Wait`], if there is one.
        slot: Slot,
    },
    /// Reports a request that met a 429.
    Rejected(Rejection),
    /// Reports a response other than a 429. A store gets this step only for probes; other served
    /// requests are reported in `served` of the next step.
    Served {
        /// Requests served since the last step, this one included.
        served: u32,
        /// The epoch of the [`Reply::Go`] that admitted it.
        epoch: u64,
        /// Time from request to response.
        latency: Duration,
    },
    /// Reports a request that was abandoned, or got no response.
    Unanswered {
        /// The epoch of the [`Reply::Go`] that admitted it.
        epoch: u64,
    },
}

/// A report of a 429.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// Requests served since the last step.
    pub served: u32,
    /// Time in which they were served.
    pub lasted: Duration,
    /// The epoch of the [`Reply::Go`] that admitted the request; 0 if it was sent without one.
    pub epoch: u64,
    /// Time since the 429 arrived.
    pub age: Duration,
    /// The wait that the server requested.
    pub requested: Option<Duration>,
    /// Base delay of the retry policy.
    pub base_delay: Duration,
    /// Maximum delay of the retry policy; more than an hour counts as an hour.
    pub max_delay: Duration,
    /// A random number in `0.0..1.0`.
    pub random: f64,
}

/// Turns that a process has reserved, for use at a later time. The default reserves none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The epoch in which they were reserved. The next epoch cancels them.
    pub epoch: u64,
    /// Number of requests that may be sent when the reservation is due.
    pub turns: u32,
}

/// The reply of a limiter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reply {
    /// No limit is active.
    Free,
    /// A limit is active.
    Limited,
    /// Requests may be sent now.
    Go {
        /// The epoch; to be returned with the outcome of each request.
        epoch: u64,
        /// True if the request is a probe, for whose response all others wait.
        is_probe: bool,
        /// Number of requests that may be sent.
        turns: u32,
        /// Requests a second; 0 while unknown, and for a probe.
        rate: f64,
    },
    /// No request may be sent yet.
    Wait {
        /// Time after which the process requests turns again.
        time: Duration,
        /// A reservation; to be returned with the next request for turns.
        slot: Slot,
        /// Requests a second; 0 while unknown.
        rate: f64,
    },
    /// The report was recorded.
    Noted,
}

/// The state of a limiter: plain data. A store loads it, changes it with [`step`](Self::step) under
/// a lock, and saves it.
///
#[cfg_attr(feature = "shared-pacing", doc = "```")]
#[cfg_attr(not(feature = "shared-pacing"), doc = "```ignore")]
/// use pilot_status::shared_limit::{LimitState, Reply, Step};
/// use std::time::Duration;
///
/// let mut state = LimitState::default();
/// let now = Duration::from_secs(1_000); // by the clock of the store
/// assert_eq!(state.step(Step::Look, now), Reply::Free);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitState {
    /// Number of holds; 0 while free.
    pub(super) epoch: u64,
    is_flow: bool,
    held_until: f64,
    /// Number of probes in a row that met a 429.
    failures: u32,
    /// Until this time the limiter waits for the responses to a probe or to the requests of slow start.
    patient_until: f64,
    /// The estimate, in requests a second; 0 while unknown.
    rate: f64,
    /// Duration of a usual cycle, in seconds; 0 while unknown.
    cycle: f64,
    /// In a hold or a probe, the time of the 429 that ended the last flow or the free phase. In a flow,
    /// the start of the flow. Idle time moves it forward.
    since: f64,
    /// Start of the cycle. Idle time moves it forward.
    cycle_start: f64,
    /// Requests served in this cycle.
    served: f64,
    /// Turns granted in slow start.
    granted: f64,
    /// Saved turns: those that came due in a hold or in idle time, and may be used later.
    tokens: f64,
    /// Maximum of `tokens`.
    capacity: f64,
    /// The time of the last update of `tokens`. If turns are reserved, it is instead the time at
    /// which the last of them is due, which is in the future.
    refilled: f64,
    /// The time from which saved turns may be used.
    spend_at: f64,
    /// Usual time from request to response.
    latency: f64,
    /// Time at which the limiter becomes free, unless several calls wait then.
    expires: f64,
    /// Time of the last step other than `Look`.
    updated: f64,
}

impl LimitState {
    /// Performs one step. `now` is the time since any fixed start, by the clock of the process or
    /// the store that holds the state.
    pub fn step(&mut self, step: Step, now: Duration) -> Reply {
        let now = now.as_secs_f64();
        if step == Step::Look {
            return if self.is_active(now) { Reply::Limited } else { Reply::Free };
        }
        self.expire(matches!(step, Step::Admit { want: 2.., .. }), now);
        match step {
            Step::Rejected(rejection) => self.hold(&rejection, now),
            Step::Admit { .. } if self.epoch == 0 => return Reply::Free,
            Step::Admit { served, want, slot } => {
                self.served += f64::from(served);
                return self.admit(want.max(1), slot, now);
            }
            Step::Served { served, epoch, latency } if self.epoch > 0 => {
                self.served += f64::from(served);
                self.learn_latency(latency.as_secs_f64());
                if !self.is_flow && epoch == self.epoch {
                    self.release(now);
                }
            }
            Step::Unanswered { epoch } if self.epoch > 0 && epoch == self.epoch => {
                self.patient_until = 0.0;
                self.granted -= 1.0;
            }
            Step::Look | Step::Served { .. } | Step::Unanswered { .. } => {}
        }
        Reply::Noted
    }

    pub(super) fn is_limited(&self, now: Duration) -> bool {
        self.is_active(now.as_secs_f64())
    }

    /// Returns true if requests are admitted without an estimate.
    pub(super) fn is_slow_start(&self) -> bool {
        self.is_flow && self.rate == 0.0
    }

    pub(super) fn held_until(&self) -> Duration {
        seconds(self.held_until)
    }

    pub(super) fn expires(&self) -> Duration {
        seconds(self.expires)
    }

    /// Returns the span in which a request is least likely to meet a 429. The last attempts of
    /// calls are sent in it. A *climb* is the time that a flow needs to return to the estimate.
    ///
    /// - In a flow, the span is the second half of the climb.
    /// - In a hold or a probe, no flow has begun. It is not known when one will, so the span begins
    ///   late: one climb after the end of the hold. Once a flow has begun, the rule above replaces
    ///   this one.
    /// - Without an estimate, it is empty.
    pub(super) fn calm(&self) -> Range<Duration> {
        let rise = PLATEAU * self.cycle;
        if self.rate == 0.0 {
            Duration::MAX..Duration::MAX
        } else if self.is_flow {
            seconds(self.since + rise / 2.0)..seconds(self.since + rise)
        } else {
            seconds(self.held_until + rise)..Duration::MAX
        }
    }

    pub(super) fn latency(&self) -> Duration {
        seconds(self.latency)
    }

    /// Returns the time to wait for the response to a probe.
    pub(super) fn patience(&self) -> Duration {
        seconds(MIN_PATIENCE.max(PATIENCE * self.latency))
    }

    fn is_active(&self, now: f64) -> bool {
        now < self.expires && self.is_sound(now)
    }

    /// Returns false if the clock was set back by more than a second, or if a value is impossible.
    fn is_sound(&self, now: f64) -> bool {
        let is_ahead = self.updated > now + MAX_STEP_BACK
            || self.held_until > now + MAX_HOLD
            || self.expires > now + MAX_HOLD + EXPIRY;
        // A sum that contains a NaN or an infinity is not finite.
        let times = self.updated + self.held_until + self.patient_until + self.expires;
        let flow = self.since + self.cycle_start + self.refilled + self.spend_at + self.latency;
        let turns =
            self.rate + self.cycle + self.served + self.granted + self.tokens + self.capacity;
        !is_ahead && (times + flow + turns).is_finite()
    }

    /// Ends the limit if it has expired or its state is not sound. If several calls still wait when
    /// it expires, slow start follows, so that they are not all sent at once.
    fn expire(&mut self, many_wait: bool, now: f64) {
        if !self.is_active(now) {
            if many_wait && self.epoch > 0 && self.is_sound(now) {
                (self.rate, self.cycle_start, self.served, self.granted) = (0.0, now, 0.0, 0.0);
                (self.is_flow, self.failures, self.patient_until) = (true, 0, 0.0);
                self.expires = now + EXPIRY;
            } else {
                *self = Self::default();
            }
        }
        self.updated = now;
    }

    fn admit(&mut self, want: u32, slot: Slot, now: f64) -> Reply {
        if now < self.held_until {
            self.wait_until(self.held_until, now)
        } else if !self.is_flow {
            self.probe(now)
        } else if self.rate > 0.0 {
            self.flow(want, slot, now)
        } else {
            self.slow_start(want, now)
        }
    }

    fn probe(&mut self, now: f64) -> Reply {
        if now < self.patient_until {
            return self.poll_later(now);
        }
        self.patient_until = now + self.patience().as_secs_f64();
        Reply::Go { epoch: self.epoch, is_probe: true, turns: 1, rate: 0.0 }
    }

    fn slow_start(&mut self, want: u32, now: f64) -> Reply {
        // Each served request admits two more. The probe counts as granted and served. If the limit
        // has expired, no probe came first, so slow start begins with one request.
        let mut room = 2.0 * self.served + 1.0 - self.granted;
        if room < 1.0 && now >= self.patient_until {
            // The responses are overdue, so one request is admitted anyway.
            room = 1.0;
        }
        if room < 1.0 {
            return self.poll_later(now);
        }
        let turns = room.min(f64::from(want)).floor();
        self.granted += turns;
        self.patient_until = now + self.patience().as_secs_f64();
        Reply::Go { epoch: self.epoch, is_probe: false, turns: whole(turns), rate: 0.0 }
    }

    /// Grants the next turns, first come, first served.
    fn flow(&mut self, want: u32, slot: Slot, now: f64) -> Reply {
        let rate = self.rate_at(self.refilled.max(now));
        if slot.epoch == self.epoch && slot.turns > 0 {
            return Reply::Go { epoch: self.epoch, is_probe: false, turns: slot.turns, rate };
        }
        let saved = self.save(rate, now);
        let (at, turns) = if saved >= 1.0 {
            // Saved turns are not used all at once, so that a 429 is noticed in time. Each round trip
            // uses one saved turn, in addition to the turns that the rate grants.
            let fast = rate + 1.0 / self.latency.max(MIN_ROUND_TRIP);
            let turns = (fast * BATCH).min(saved).max(1.0).floor().min(f64::from(want));
            let at = self.spend_at.max(now);
            (self.spend_at, self.refilled) = (at + turns / fast, now);
            self.tokens = saved - turns;
            (at, turns)
        } else {
            let turns = (rate * BATCH).max(1.0).floor().min(f64::from(want));
            self.refilled = self.refilled.max(now) + (turns - saved) / rate;
            self.tokens = 0.0;
            (self.refilled, turns)
        };
        // `capacity` shrinks as the turns saved in the hold are used. So a later idle period cannot
        // save up as many turns as the hold did.
        self.capacity = self.tokens.max(1.0);
        let turns = whole(turns);
        if at <= now {
            return Reply::Go { epoch: self.epoch, is_probe: false, turns, rate };
        }
        Reply::Wait { time: seconds(at - now), slot: Slot { epoch: self.epoch, turns }, rate }
    }

    /// Returns the number of turns that are saved by now.
    fn save(&mut self, rate: f64, now: f64) -> f64 {
        if self.refilled > now {
            return 0.0;
        }
        let unused = self.tokens + rate * (now - self.refilled.max(self.spend_at)) - self.capacity;
        if unused > 0.0 {
            let idle = unused / rate;
            self.since += idle;
            self.cycle_start += idle;
        }
        // Rounding makes sums of fractions slightly too small.
        (self.tokens + rate * (now - self.refilled)).min(self.capacity) + 1e-6
    }

    /// Holds all requests. If the server requested a wait, the hold is that wait plus a random time,
    /// so that processes do not return together. The random time is at most the smaller of
    /// `backoff` and `max(requested, 4 * base)`. If no wait was requested, the hold is 75 to 100 %
    /// of the backoff.
    fn hold(&mut self, rejection: &Rejection, now: f64) {
        let Rejection { served, lasted, epoch, age, requested, base_delay, max_delay, random } =
            *rejection;
        let met = now - age.as_secs_f64().min(MAX_HOLD);
        let (base, max) = (base_delay.as_secs_f64(), max_delay.as_secs_f64().min(MAX_HOLD));
        let requested = requested.map(|requested| requested.as_secs_f64());
        if self.epoch == 0 {
            self.cycle_start = met - lasted.as_secs_f64();
        }
        self.served += f64::from(served);
        let wait = if self.epoch == 0 || epoch == self.epoch {
            let is_probe = self.epoch > 0 && !self.is_flow;
            self.failures = if is_probe { self.failures.saturating_add(1) } else { 0 };
            if !is_probe {
                self.since = met;
            }
            let is_first = self.epoch == u64::from(self.failures);
            if is_first && self.failures >= OUTAGE && requested.is_some() {
                // The load before an outage says nothing about the limit after it.
                self.served = 0.0;
            }
            (self.epoch, self.is_flow, self.patient_until) = (self.epoch + 1, false, 0.0);
            let interval = if self.rate > 0.0 { 1.0 / self.rate } else { 0.0 };
            let factor = BACKOFF.powi(self.failures.min(64).cast_signed());
            let backoff = (base.max(interval) * factor).min(max);
            // In a long outage the backoff grows. The requested wait limits the random part, so that
            // the end of the outage is still noticed soon.
            let spread = |requested: f64| backoff.min(requested.max(4.0 * base)) * random;
            requested.map_or(backoff * (0.75 + 0.25 * random), |wait| wait + spread(wait))
        } else {
            // A 429 to a request from before the last hold does not start another hold. All it can do
            // is extend the hold, or pause a flow, until the wait that it requested has passed.
            requested.unwrap_or_default()
        };
        self.held_until = self.held_until.max(met + wait.min(max));
        self.expires = self.held_until.max(now) + EXPIRY;
    }

    /// Ends the cycle after a served probe, and learns the rate of the cycle.
    fn release(&mut self, now: f64) {
        let lasted = (now - self.cycle_start).max(1e-3);
        // The probe is the first request of the next cycle.
        let before = self.served - 1.0;
        if before > 0.0 {
            let seen = before / lasted;
            let (rate, cycle) =
                if self.rate > 0.0 { (self.rate, self.cycle) } else { (seen, lasted) };
            self.rate = rate + WEIGHT * (seen - rate);
            self.cycle = cycle + WEIGHT * (lasted - cycle);
        }
        let held = (now - self.since).max(0.0);
        self.tokens = (self.rate * (1.0 - DECREASE) * held - 1.0).max(0.0);
        self.capacity = self.tokens.max(1.0);
        (self.since, self.refilled, self.spend_at, self.cycle_start) = (now, now, now, now);
        (self.served, self.granted) = (1.0, 1.0);
        (self.is_flow, self.failures) = (true, 0);
    }

    /// Updates the usual latency. The latency of a faster response replaces it. That of a slower one,
    /// which may be an exception, moves it by a tenth of the difference.
    fn learn_latency(&mut self, latency: f64) {
        let is_slower = self.latency > 0.0 && latency > self.latency;
        self.latency =
            if is_slower { self.latency + 0.1 * (latency - self.latency) } else { latency };
    }

    /// Returns the rate at this time of the flow, in requests a second.
    fn rate_at(&self, time: f64) -> f64 {
        let time = (time - self.since) / (PLATEAU * self.cycle);
        self.rate * (1.0 + DECREASE * (time - 1.0).powi(3)).min(MAX_INCREASE)
    }

    /// Returns the reply to a process that waits for the outcome of other requests.
    fn poll_later(&self, now: f64) -> Reply {
        let round_trip = self.latency.max(MIN_ROUND_TRIP);
        self.wait_until(self.patient_until.min(now + round_trip), now)
    }

    fn wait_until(&self, until: f64, now: f64) -> Reply {
        Reply::Wait { time: seconds(until - now), slot: Slot::default(), rate: self.rate }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, saturated")]
fn whole(count: f64) -> u32 {
    count as u32
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;
    use crate::ext::any_text::for_many_seeds;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const S: fn(u64) -> Duration = Duration::from_secs;

    /// Requests turns without a reservation.
    fn admit(state: &mut LimitState, want: u32, now: Duration) -> Reply {
        state.step(Step::Admit { served: 0, want, slot: Slot::default() }, now)
    }

    fn rejection(served: u32, epoch: u64, requested: Option<Duration>) -> Rejection {
        Rejection {
            served,
            lasted: S(1),
            epoch,
            age: Duration::ZERO,
            requested,
            base_delay: MS(500),
            max_delay: Duration::MAX,
            random: 0.0,
        }
    }

    fn rejected(served: u32, epoch: u64, requested: Option<Duration>) -> Step {
        Step::Rejected(rejection(served, epoch, requested))
    }

    /// Returns a limiter that is held from second 10 to 11, after `served` requests in a second.
    fn held(served: u32) -> LimitState {
        let mut state = LimitState::default();
        state.step(rejected(served, 0, Some(S(1))), S(10));
        state
    }

    /// Returns a limiter in flow from second 11 on, with an estimate of ten requests a second.
    fn flowing() -> LimitState {
        let mut state = held(20);
        admit(&mut state, 1, S(11));
        state.step(Step::Served { served: 1, epoch: 1, latency: MS(50) }, S(11));
        state
    }

    /// Returns the turns granted between two times, to a process that always wants more.
    fn turns(state: &mut LimitState, from: Duration, to: Duration) -> u32 {
        let (mut now, mut slot, mut turns) = (from, Slot::default(), 0);
        while now < to {
            match state.step(Step::Admit { served: 0, want: 100, slot }, now) {
                Reply::Go { turns: more, .. } => (turns, slot) = (turns + more, Slot::default()),
                Reply::Wait { time, slot: next, .. } => (now, slot) = (now + time, next),
                reply => panic!("{reply:?}"),
            }
        }
        turns
    }

    #[test]
    fn hold_ends_with_one_probe_until_answered() {
        let mut state = held(10);
        let wait = admit(&mut state, 5, MS(10_500));
        assert!(matches!(wait, Reply::Wait { time, .. } if time == MS(500)), "{wait:?}");
        let probe = Reply::Go { epoch: 1, is_probe: true, turns: 1, rate: 0.0 };
        assert_eq!(admit(&mut state, 5, S(11)), probe);
        for now in [S(11), MS(11_900)] {
            let wait = admit(&mut state, 5, now);
            assert!(matches!(wait, Reply::Wait { .. }), "{wait:?} at {now:?}");
        }
        // A probe without a response is replaced after a second, or once its call ends.
        assert_eq!(admit(&mut state, 5, S(12)), probe);
        state.step(Step::Unanswered { epoch: 1 }, MS(12_100));
        assert_eq!(admit(&mut state, 5, MS(12_100)), probe);
    }

    #[test]
    fn failed_probe_is_followed_by_a_longer_hold() {
        let mut state = held(10);
        let mut holds = Vec::new();
        for n in 1..6 {
            let now = S(20 * n);
            assert!(matches!(admit(&mut state, 1, now), Reply::Go { .. }));
            state.step(rejected(0, n, None), now);
            holds.push(state.held_until().saturating_sub(now));
        }
        assert!(holds.is_sorted() && holds[0] < S(1) && holds[4] > 4 * holds[0], "{holds:?}");
    }

    #[test]
    fn outage_behind_short_requested_waits_ends_in_slow_start() {
        let mut state = held(1);
        let mut now = S(11);
        for n in 1..60 {
            admit(&mut state, 1, now);
            let failed = Rejection { random: 1.0, ..rejection(0, n, Some(S(1))) };
            state.step(Step::Rejected(failed), now);
            let held = state.held_until().saturating_sub(now);
            assert!(held <= S(3), "{held:?} after {n} failed probes");
            now += held;
        }
        admit(&mut state, 1, now);
        state.step(Step::Served { served: 1, epoch: 60, latency: MS(50) }, now);
        let go = admit(&mut state, 10, now);
        assert!(matches!(go, Reply::Go { turns: 2, .. }), "{go:?}");
    }

    #[test]
    fn flow_starts_below_estimate_and_climbs_past_it() {
        let mut state = flowing();
        let saved = turns(&mut state, S(11), MS(11_300));
        let early = turns(&mut state, MS(11_300), MS(11_600));
        turns(&mut state, MS(11_600), S(13));
        let late = turns(&mut state, S(13), S(14));
        assert!((3..=7).contains(&saved), "{saved} saved in the hold");
        assert!(early <= 3, "{early} of at most three");
        assert!(late > 15, "{late} a second");
    }

    #[test]
    fn slow_start_doubles_with_each_round_trip() {
        let mut state = held(0);
        admit(&mut state, 1, S(11));
        let mut served = 1;
        for expected in [2, 4, 8, 16] {
            state.step(Step::Served { served, epoch: 1, latency: MS(50) }, S(11));
            let go = admit(&mut state, 100, S(11));
            assert!(matches!(go, Reply::Go { turns, .. } if turns == expected), "{go:?}");
            served = expected;
        }
    }

    #[test]
    fn idle_time_changes_neither_estimate_nor_rate() {
        let mut state = flowing();
        turns(&mut state, S(11), S(12));
        let mut busy = state.clone();
        // A minute with one request every ten seconds.
        for n in 2..8 {
            admit(&mut state, 1, S(10 * n));
        }
        let (busy, after) = (turns(&mut busy, S(12), S(13)), turns(&mut state, S(80), S(81)));
        assert!(after < 2 * busy && busy < 2 * after + 2, "{busy} at once, {after} after it");
    }

    #[test]
    fn limit_ends_two_minutes_after_the_last_429() {
        let mut state = flowing();
        assert_eq!(state.step(Step::Look, S(130)), Reply::Limited);
        assert_eq!(admit(&mut state, 1, S(131)), Reply::Free);
        // Calls that still wait are not all sent at once, even if no probe was answered.
        for mut state in [flowing(), held(20)] {
            let go = admit(&mut state, 500, S(131));
            assert!(matches!(go, Reply::Go { turns: 1, .. }), "{go:?}");
        }
    }

    #[test]
    fn late_429_only_lengthens_the_hold() {
        let mut state = held(10);
        state.step(rejected(0, 0, Some(S(5))), MS(10_200));
        assert_eq!((state.epoch, state.held_until()), (1, MS(15_200)));
        let late = Rejection { age: S(3), ..rejection(0, 0, Some(S(5))) };
        state.step(Step::Rejected(late), S(14));
        assert_eq!(state.held_until(), S(16), "counted from the 429");
    }

    #[test]
    fn late_429_pauses_flow_for_its_requested_wait() {
        let mut state = flowing();
        state.step(rejected(0, 0, Some(S(5))), MS(11_500));
        assert_eq!(turns(&mut state, MS(11_500), MS(16_400)), 0);
        assert!(turns(&mut state, MS(16_500), S(18)) > 0);
    }

    #[test]
    fn state_of_another_clock_is_discarded() {
        let mut state = flowing();
        assert_eq!(state.step(Step::Look, S(8)), Reply::Free, "the clock was set back");
        assert_eq!(admit(&mut state, 1, S(8)), Reply::Free);
        let json = r#"{"epoch":3,"held_until":1e300,"expires":1e300,"updated":1}"#;
        let mut state: LimitState = serde_json::from_str(json).unwrap();
        assert_eq!(state.step(Step::Look, S(10)), Reply::Free);
        // State of an older or a newer version of the crate.
        let json = r#"{"epoch":3,"is_flow":true,"expires":100,"later":[1]}"#;
        let mut state: LimitState = serde_json::from_str(json).unwrap();
        assert!(matches!(admit(&mut state, 1, S(10)), Reply::Go { .. }));
    }

    #[test]
    fn no_hold_is_longer_than_an_hour() {
        let mut state = LimitState::default();
        state.step(rejected(10, 0, Some(Duration::MAX)), S(10));
        assert_eq!(state.held_until(), S(3_610));
        assert_eq!(state.step(Step::Look, S(3_611 + 120)), Reply::Free);
    }

    #[test]
    fn extreme_steps_leave_a_usable_state() {
        let times = [Duration::ZERO, MS(1), S(1), S(1_000_000), Duration::MAX];
        let counts = [0, 1, 1_000, u32::MAX];
        for_many_seeds(|rng| {
            let mut state = LimitState::default();
            let mut now = S(1_000);
            for _ in 0..20 {
                let time = |rng: &mut Rng| times[rng.usize(..times.len())];
                let served = counts[rng.usize(..4)];
                let epoch = rng.u64(..4);
                let step = match rng.u8(..4) {
                    0 => Step::Rejected(Rejection {
                        served,
                        lasted: time(rng),
                        epoch,
                        age: time(rng),
                        requested: rng.bool().then(|| time(rng)),
                        base_delay: time(rng),
                        max_delay: time(rng),
                        random: rng.f64(),
                    }),
                    1 => Step::Served { served, epoch, latency: time(rng) },
                    2 => Step::Unanswered { epoch },
                    _ => {
                        let slot = Slot { epoch, turns: counts[rng.usize(..4)] };
                        Step::Admit { served, want: counts[rng.usize(..4)], slot }
                    }
                };
                state.step(step, now);
                now += MS(rng.u64(..5_000));
            }
            now += S(2 * 3_600);
            assert_eq!(admit(&mut state, 1, now), Reply::Free, "{state:?}");
        });
    }
}
