//! The limiter: decides when requests may be sent after a 429. Pure: `now` and randomness are
//! arguments, and the state is plain data. It is the same for one process, in a store and in the
//! benchmark; `redis.lua` is its copy in Lua.
//!
//! A *turn* is the permission to send one request. A limiter is in one of five phases:
//!
//! 1. **Free**: the last hold ended over two minutes ago. Every request is admitted.
//! 2. **Hold**: a 429 came. No request is admitted until the time that the server asked for, or
//!    until a backoff has passed, and at most for `max_delay`.
//! 3. **Probe**: the hold is over. One request is admitted. If it meets a 429, another hold
//!    follows, with a longer backoff. If it is not answered in time, another probe is admitted.
//! 4. **Flow**: a probe was served. Requests are admitted at a rate. A cycle lasts from one served
//!    probe to the next; the first one begins some seconds before the first 429. The requests
//!    served in a cycle, over its duration, make the estimate, averaged with earlier cycles. CUBIC
//!    (RFC 9438) varies the rate: half the estimate at first, the whole after half of a usual
//!    cycle, then ever faster until the next 429.
//! 5. **Slow start**: a probe was served, but nothing before it, so there is no estimate. Two
//!    requests are admitted, then twice as many for each round trip.
//!
//! Time in which callers asked for less than the rate allows does not count: neither does it lower
//! the estimate, nor does the rate climb in it.

use std::{ops::Range, time::Duration};

use serde::{Deserialize, Serialize};

/// The constants of the limiter. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Weight of the last cycle in the estimate of the rate.
    pub weight: f64,
    /// A flow starts this part of the estimate below it.
    pub decrease: f64,
    /// Part of a usual cycle after which a flow is back at the estimate.
    pub plateau: f64,
    /// Multiple of the estimate that a flow climbs to at most.
    pub max_increase: f64,
    /// Growth of the backoff with each failed probe.
    pub backoff: f64,
    /// Time without a 429 after which the limiter is free.
    pub expiry: f64,
    /// Least time that the answer to a probe is waited for.
    pub min_patience: f64,
    /// The same time in usual round trips.
    pub patience: f64,
    /// Least time between two questions while another process probes.
    pub min_again: f64,
    /// One grant holds the turns of this time at the current rate, and at least one.
    pub batch: f64,
}

impl Law {
    /// The values in use; `docs/pacing.md` shows the effect of others.
    pub const DEFAULT: Self = Self {
        weight: 0.7,
        decrease: 0.5,
        plateau: 0.47,
        max_increase: 16.0,
        backoff: 1.5,
        expiry: 120.0,
        min_patience: 1.0,
        patience: 4.0,
        min_again: 0.02,
        batch: 0.05,
    };
}

/// The longest hold, in seconds. `max_delay` may be longer, but a store would keep a mistake for as
/// long.
const MAX_HOLD: f64 = 3_600.0;
/// The clock of a store may be set back by this much. If by more, the state is discarded.
const MAX_STEP_BACK: f64 = 1.0;

/// A question or a report to a limiter. `served` counts the requests that were served since the
/// last step of the same process.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Is anything limited?
    Look,
    /// May requests be sent?
    Admit {
        /// Requests served since the last step.
        served: u32,
        /// Requests that wait.
        want: u32,
        /// The reservation of an earlier [`Reply::Wait`], if there is one.
        slot: Slot,
    },
    /// A request met a 429.
    Rejected(Rejection),
    /// A request was served. A store gets this step for probes only, and the count of the others
    /// with the next step.
    Served {
        /// Requests served since the last step, this one included.
        served: u32,
        /// The epoch of its [`Reply::Go`].
        epoch: u64,
        /// Time from request to answer.
        latency: Duration,
    },
    /// A request was given up, or got no answer.
    Unanswered {
        /// The epoch of its [`Reply::Go`].
        epoch: u64,
    },
}

/// A 429.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rejection {
    /// Requests served since the last step.
    pub served: u32,
    /// Time in which they were served.
    pub lasted: Duration,
    /// The epoch of the [`Reply::Go`] of the request; 0 if it was sent without one.
    pub epoch: u64,
    /// Time since the 429 came.
    pub age: Duration,
    /// The wait that the server asked for.
    pub asked: Option<Duration>,
    /// Base delay of the retry policy.
    pub base_delay: Duration,
    /// Maximum delay of the retry policy; at most an hour is used of it.
    pub max_delay: Duration,
    /// A random number in `0.0..1.0`.
    pub random: f64,
}

/// Turns that are reserved for a process at a later time. The default reserves none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// The epoch in which they were reserved. A later hold cancels them.
    pub epoch: u64,
    /// Requests that may be sent then.
    pub turns: u32,
}

/// The reply of a limiter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing is limited.
    Free,
    /// Something is limited.
    Limited,
    /// Requests may be sent now.
    Go {
        /// Counts the holds; to be returned with the outcome of each request.
        epoch: u64,
        /// The other requests wait for the answer to this one.
        is_probe: bool,
        /// Number of requests that may be sent.
        turns: u32,
        /// Requests a second; 0 while unknown.
        rate: f64,
    },
    /// Ask again later.
    Wait {
        /// Time from now.
        time: Duration,
        /// To be returned with the next question.
        slot: Slot,
        /// Requests a second; 0 while unknown.
        rate: f64,
    },
    /// The report is noted.
    Noted,
}

/// The state of a limiter: plain data, which a store can load, change by [`step`](Self::step) under
/// a lock, and keep.
///
/// ```
/// use pilot_status::shared_limit::{LimitState, Reply, Step};
/// use std::{ops::Range, time::Duration};
///
/// let mut state = LimitState::default();
/// let now = Duration::from_secs(1_000); // by the clock of the store
/// assert_eq!(state.step(Step::Look, now), Reply::Free);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitState {
    /// Counts the holds; 0 while free.
    epoch: u64,
    is_flow: bool,
    held_until: f64,
    /// Probes in a row that met a 429.
    failures: u32,
    /// Until then the answer to a probe, or to slow start, is waited for.
    patient_until: f64,
    /// The estimate, in requests a second, and the usual cycle; 0 while unknown.
    rate: f64,
    cycle: f64,
    /// In a hold or a probe: when the first 429 came. In flow: when it began, moved on by idle
    /// time.
    since: f64,
    /// Start of the cycle, moved on by idle time.
    cycle_start: f64,
    /// Requests of this cycle.
    served: f64,
    granted: f64,
    /// Unused turns.
    tokens: f64,
    /// The most that they may be.
    capacity: f64,
    /// When they were last counted. While turns are reserved, the time of the last of these.
    refilled: f64,
    /// Savings may be spent from then on.
    spend_at: f64,
    latency: f64,
    expires: f64,
    /// Time of the last step.
    updated: f64,
}

impl LimitState {
    /// Plays one step. `now` is a time by the clock of whoever keeps the state, since any fixed
    /// start.
    #[cfg(any(test, feature = "shared-pacing"))]
    pub fn step(&mut self, step: Step, now: Duration) -> Reply {
        self.step_by(&Law::DEFAULT, step, now)
    }

    /// Plays one step with other constants.
    #[doc(hidden)]
    pub fn step_by(&mut self, law: &Law, step: Step, now: Duration) -> Reply {
        let now = now.as_secs_f64();
        let is_sound = self.is_sound(law, now);
        let is_over = now >= self.expires;
        if step == Step::Look {
            return if is_sound && !is_over { Reply::Limited } else { Reply::Free };
        }
        if !is_sound {
            *self = Self::default();
        } else if is_over {
            self.expire(law, &step, now);
        }
        if self.epoch == 0 && !matches!(step, Step::Rejected(_)) {
            return if matches!(step, Step::Admit { .. }) { Reply::Free } else { Reply::Noted };
        }
        self.updated = now;
        match step {
            Step::Admit { served, want, slot } => {
                self.served += f64::from(served);
                self.admit(law, want.max(1), slot, now)
            }
            Step::Rejected(rejection) => {
                self.hold(law, &rejection, now);
                Reply::Noted
            }
            Step::Served { served, epoch, latency } => {
                self.served += f64::from(served);
                self.learn_latency(latency.as_secs_f64());
                if !self.is_flow && epoch == self.epoch {
                    self.release(law, now);
                }
                Reply::Noted
            }
            Step::Unanswered { epoch } => {
                if epoch == self.epoch {
                    self.patient_until = 0.0;
                    self.granted -= 1.0;
                }
                Reply::Noted
            }
            Step::Look => Reply::Noted,
        }
    }

    /// Whether requests are limited at the moment, and since which hold.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a 429 holds all requests, or a probe is under way.
    pub(super) fn is_held(&self) -> bool {
        self.epoch > 0 && !self.is_flow
    }

    /// Requests are admitted without an estimate.
    pub(super) fn is_slow_start(&self) -> bool {
        self.is_flow && self.rate == 0.0
    }

    /// The hold ends then.
    pub(super) fn held_until(&self) -> Duration {
        seconds(self.held_until)
    }

    /// The limiter is free then, unless it meets another 429.
    pub(super) fn expires(&self) -> Duration {
        seconds(self.expires)
    }

    /// The span in which a request is least likely to meet a 429, for the last attempts of calls.
    /// In flow: the second half of the climb back to the estimate. In a probe: when it has taken
    /// as long as that climb. Without an estimate there is none.
    pub(super) fn calm(&self, law: &Law) -> Range<Duration> {
        let rise = law.plateau * self.cycle;
        if self.rate == 0.0 {
            Duration::MAX..Duration::MAX
        } else if self.is_flow {
            seconds(self.since + rise / 2.0)..seconds(self.since + rise)
        } else {
            seconds(self.held_until + rise)..Duration::MAX
        }
    }

    /// The usual time from request to answer.
    pub(super) fn latency(&self) -> Duration {
        seconds(self.latency)
    }

    /// Returns false if the clock was set back by more than a second, or if a value is impossible.
    fn is_sound(&self, law: &Law, now: f64) -> bool {
        let is_ahead = self.updated > now + MAX_STEP_BACK
            || self.held_until > now + MAX_HOLD
            || self.expires > now + MAX_HOLD + law.expiry;
        let all = [self.rate, self.cycle, self.since, self.cycle_start, self.served, self.granted];
        let more = [
            self.tokens,
            self.capacity,
            self.refilled,
            self.latency,
            self.patient_until,
            self.spend_at,
        ];
        !is_ahead && all.iter().chain(&more).all(|value| value.is_finite())
    }

    /// The limit was not met for long. If calls wait all the same, they go by slow start.
    fn expire(&mut self, law: &Law, step: &Step, now: f64) {
        let many_wait = matches!(step, Step::Admit { want: 2.., .. });
        if many_wait && self.epoch > 0 {
            (self.rate, self.cycle_start, self.served, self.granted) = (0.0, now, 0.0, 0.0);
            (self.is_flow, self.failures, self.patient_until) = (true, 0, 0.0);
            self.expires = now + law.expiry;
        } else {
            *self = Self::default();
        }
    }

    fn admit(&mut self, law: &Law, want: u32, slot: Slot, now: f64) -> Reply {
        if now < self.held_until {
            self.wait_until(self.held_until, now)
        } else if !self.is_flow {
            self.probe(law, now)
        } else if self.rate > 0.0 {
            self.flow(law, want, slot, now)
        } else {
            self.slow_start(law, want, now)
        }
    }

    fn probe(&mut self, law: &Law, now: f64) -> Reply {
        if now < self.patient_until {
            return self.wait_until(self.again(law, now), now);
        }
        self.patient_until = now + self.patience(law);
        Reply::Go { epoch: self.epoch, is_probe: true, turns: 1, rate: 0.0 }
    }

    fn slow_start(&mut self, law: &Law, want: u32, now: f64) -> Reply {
        let mut room = 2.0 * self.served + 1.0 - self.granted;
        if room < 1.0 && now >= self.patient_until {
            // The answers do not come.
            room = 1.0;
        }
        if room < 1.0 {
            return self.wait_until(self.again(law, now), now);
        }
        let turns = room.min(f64::from(want)).floor();
        self.granted += turns;
        self.patient_until = now + self.patience(law);
        Reply::Go { epoch: self.epoch, is_probe: false, turns: whole(turns), rate: 0.0 }
    }

    /// Turns are given in the order of the questions: the next that are not given yet.
    fn flow(&mut self, law: &Law, want: u32, slot: Slot, now: f64) -> Reply {
        let rate = self.rate_at(law, self.refilled.max(now));
        if slot.epoch == self.epoch && slot.turns > 0 {
            return Reply::Go { epoch: self.epoch, is_probe: false, turns: slot.turns, rate };
        }
        let saved = self.save(rate, now);
        let (at, turns) = if saved >= 1.0 {
            // Not all at once: one more for each round trip, so that a 429 is seen in time.
            let fast = rate + 1.0 / self.latency.max(law.min_again);
            let turns = (fast * law.batch).min(saved).max(1.0).floor().min(f64::from(want));
            let at = self.spend_at.max(now);
            (self.spend_at, self.refilled) = (at + turns / fast, now);
            self.tokens = saved - turns;
            (at, turns)
        } else {
            let turns = (rate * law.batch).max(1.0).floor().min(f64::from(want));
            self.refilled = self.refilled.max(now) + (turns - saved) / rate;
            self.tokens = 0.0;
            (self.refilled, turns)
        };
        // Savings are spent once.
        self.capacity = self.tokens.max(1.0);
        let turns = whole(turns);
        if at <= now {
            return Reply::Go { epoch: self.epoch, is_probe: false, turns, rate };
        }
        Reply::Wait { time: seconds(at - now), slot: Slot { epoch: self.epoch, turns }, rate }
    }

    /// Turns that are saved up by now.
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
        // Sums of fractions are a little less than they should be.
        (self.tokens + rate * (now - self.refilled)).min(self.capacity) + 1e-6
    }

    /// Holds all requests: for the wait that the server asked for and a random part of the backoff,
    /// so that processes do not come back together; without such a wait, for 75 to 100 % of the
    /// backoff.
    fn hold(&mut self, law: &Law, rejection: &Rejection, now: f64) {
        let Rejection { served, lasted, epoch, age, asked, base_delay, max_delay, random } =
            *rejection;
        let met = now - age.as_secs_f64().min(MAX_HOLD);
        let max = max_delay.as_secs_f64().min(MAX_HOLD);
        let asked = asked.map(|asked| asked.as_secs_f64());
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
            (self.epoch, self.is_flow, self.patient_until) = (self.epoch + 1, false, 0.0);
            let interval = if self.rate > 0.0 { 1.0 / self.rate } else { 0.0 };
            let factor = law.backoff.powi(self.failures.min(64).cast_signed());
            let backoff = (base_delay.as_secs_f64().max(interval) * factor).min(max);
            asked.map_or(backoff * (0.75 + 0.25 * random), |asked| asked + backoff * random)
        } else {
            // Sent before the hold: only what the server asks is new.
            asked.unwrap_or_default()
        };
        self.held_until = self.held_until.max(met + wait.min(max));
        self.expires = self.held_until.max(now) + law.expiry;
    }

    /// A probe was served: the cycle ends, and its rate is learned.
    fn release(&mut self, law: &Law, now: f64) {
        let lasted = (now - self.cycle_start).max(1e-3);
        // The probe is the first of the next cycle.
        let before = self.served - 1.0;
        if before > 0.0 {
            let seen = before / lasted;
            let (rate, cycle) =
                if self.rate > 0.0 { (self.rate, self.cycle) } else { (seen, lasted) };
            self.rate = rate + law.weight * (seen - rate);
            self.cycle = cycle + law.weight * (lasted - cycle);
        }
        let held = (now - self.since).max(0.0);
        self.tokens = (self.rate * (1.0 - law.decrease) * held - 1.0).max(0.0);
        self.capacity = self.tokens.max(1.0);
        (self.since, self.refilled, self.spend_at, self.cycle_start) = (now, now, now, now);
        (self.served, self.granted) = (1.0, 1.0);
        (self.is_flow, self.failures) = (true, 0);
    }

    /// A faster answer replaces the usual latency. A slower one moves it by a tenth, since it may be
    /// an exception.
    fn learn_latency(&mut self, latency: f64) {
        let is_slower = self.latency > 0.0 && latency > self.latency;
        self.latency =
            if is_slower { self.latency + 0.1 * (latency - self.latency) } else { latency };
    }

    /// Requests a second at a time of the flow.
    fn rate_at(&self, law: &Law, time: f64) -> f64 {
        let time = (time - self.since) / (law.plateau * self.cycle);
        self.rate * (1.0 + law.decrease * (time - 1.0).powi(3)).min(law.max_increase)
    }

    fn patience(&self, law: &Law) -> f64 {
        law.min_patience.max(law.patience * self.latency)
    }

    fn again(&self, law: &Law, now: f64) -> f64 {
        self.patient_until.min(now + self.latency.max(law.min_again))
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

    fn admit(state: &mut LimitState, want: u32, slot: Slot, now: Duration) -> Reply {
        state.step(Step::Admit { served: 0, want, slot }, now)
    }

    fn rejected(served: u32, epoch: u64, asked: Option<Duration>) -> Step {
        Step::Rejected(Rejection {
            served,
            lasted: S(1),
            epoch,
            age: Duration::ZERO,
            asked,
            base_delay: MS(500),
            max_delay: Duration::MAX,
            random: 0.0,
        })
    }

    /// Held from second 10 to 11, after so many requests in a second.
    fn held(served: u32) -> LimitState {
        let mut state = LimitState::default();
        state.step(rejected(served, 0, Some(S(1))), S(10));
        state
    }

    /// In flow from second 11 on, at an estimate of ten requests a second.
    fn flowing() -> LimitState {
        let mut state = held(20);
        admit(&mut state, 1, Slot::default(), S(11));
        state.step(Step::Served { served: 1, epoch: 1, latency: MS(50) }, S(11));
        state
    }

    /// Turns that are granted between two moments, to a process that always wants more.
    fn turns(state: &mut LimitState, from: Duration, to: Duration) -> u32 {
        let (mut now, mut slot, mut turns) = (from, Slot::default(), 0);
        while now < to {
            match admit(state, 100, slot, now) {
                Reply::Go { turns: more, .. } => (turns, slot) = (turns + more, Slot::default()),
                Reply::Wait { time, slot: next, .. } => (now, slot) = (now + time, next),
                reply => panic!("{reply:?}"),
            }
        }
        turns
    }

    #[test]
    fn a_429_holds_all_and_then_admits_one_probe() {
        let mut state = held(10);
        let wait = admit(&mut state, 5, Slot::default(), MS(10_500));
        assert!(matches!(wait, Reply::Wait { time, .. } if time == MS(500)), "{wait:?}");
        let probe = Reply::Go { epoch: 1, is_probe: true, turns: 1, rate: 0.0 };
        assert_eq!(admit(&mut state, 5, Slot::default(), S(11)), probe);
        assert!(matches!(admit(&mut state, 5, Slot::default(), S(11)), Reply::Wait { .. }));
    }

    #[test]
    fn probe_without_an_answer_is_replaced_after_a_second() {
        let mut state = held(10);
        admit(&mut state, 1, Slot::default(), S(11));
        assert!(matches!(admit(&mut state, 1, Slot::default(), MS(11_900)), Reply::Wait { .. }));
        assert!(matches!(admit(&mut state, 1, Slot::default(), S(12)), Reply::Go { .. }));
        state.step(Step::Unanswered { epoch: 1 }, MS(12_100));
        let next = admit(&mut state, 1, Slot::default(), MS(12_100));
        assert!(matches!(next, Reply::Go { is_probe: true, .. }), "{next:?}");
    }

    #[test]
    fn failed_probe_is_followed_by_a_longer_hold() {
        let mut state = held(10);
        let mut holds = Vec::new();
        for n in 1..6 {
            let now = S(20 * n);
            assert!(matches!(admit(&mut state, 1, Slot::default(), now), Reply::Go { .. }));
            state.step(rejected(0, n, None), now);
            holds.push(state.held_until().saturating_sub(now));
        }
        assert!(holds.is_sorted() && holds[0] < S(1) && holds[4] > 4 * holds[0], "{holds:?}");
    }

    #[test]
    fn flow_starts_below_the_estimate_and_climbs_past_it() {
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
        admit(&mut state, 1, Slot::default(), S(11));
        let mut served = 1;
        for expected in [2, 4, 8, 16] {
            state.step(Step::Served { served, epoch: 1, latency: MS(50) }, S(11));
            let go = admit(&mut state, 100, Slot::default(), S(11));
            assert!(matches!(go, Reply::Go { turns, .. } if turns == expected), "{go:?}");
            served = expected;
        }
    }

    #[test]
    fn quiet_time_neither_lowers_the_estimate_nor_raises_the_rate() {
        let mut state = flowing();
        turns(&mut state, S(11), S(12));
        let mut busy = state.clone();
        // A minute with one request each ten seconds.
        for n in 2..8 {
            admit(&mut state, 1, Slot::default(), S(10 * n));
        }
        let (busy, after) = (turns(&mut busy, S(12), S(13)), turns(&mut state, S(80), S(81)));
        assert!(after < 2 * busy && busy < 2 * after + 2, "{busy} at once, {after} after it");
    }

    #[test]
    fn limit_ends_two_minutes_after_the_last_429() {
        let mut state = flowing();
        assert_eq!(state.step(Step::Look, S(130)), Reply::Limited);
        assert_eq!(admit(&mut state, 1, Slot::default(), S(131)), Reply::Free);
        // If many wait all the same, they do not go all at once; also if no probe was answered.
        for mut state in [flowing(), held(20)] {
            let go = admit(&mut state, 500, Slot::default(), S(131));
            assert!(matches!(go, Reply::Go { turns: 1, .. }), "{go:?}");
        }
    }

    #[test]
    fn late_429_only_lengthens_the_hold() {
        let mut state = held(10);
        state.step(rejected(0, 0, Some(S(5))), MS(10_200));
        assert_eq!((state.epoch(), state.held_until()), (1, MS(15_200)));
        let mut step = rejected(0, 0, Some(S(5)));
        if let Step::Rejected(rejection) = &mut step {
            rejection.age = S(3);
        }
        state.step(step, S(14));
        assert_eq!(state.held_until(), S(16), "counted from the 429");
    }

    #[test]
    fn late_429_stops_a_flow_for_what_it_asks() {
        let mut state = flowing();
        state.step(rejected(0, 0, Some(S(5))), MS(11_500));
        assert_eq!(turns(&mut state, MS(11_500), MS(16_400)), 0);
        assert!(turns(&mut state, MS(16_500), S(18)) > 0);
    }

    #[test]
    fn state_of_another_time_is_no_state() {
        let mut state = flowing();
        assert_eq!(state.step(Step::Look, S(8)), Reply::Free, "the clock was set back");
        assert_eq!(admit(&mut state, 1, Slot::default(), S(8)), Reply::Free);
        let odd = r#"{"epoch":3,"held_until":1e300,"expires":1e300,"updated":1}"#;
        let mut state: LimitState = serde_json::from_str(odd).unwrap();
        assert_eq!(state.step(Step::Look, S(10)), Reply::Free);
        // Of an older version, or a newer one.
        let odd = r#"{"epoch":3,"is_flow":true,"expires":100,"later":[1]}"#;
        let mut state: LimitState = serde_json::from_str(odd).unwrap();
        assert!(matches!(admit(&mut state, 1, Slot::default(), S(10)), Reply::Go { .. }));
    }

    #[test]
    fn no_hold_is_longer_than_an_hour() {
        let mut state = LimitState::default();
        state.step(rejected(10, 0, Some(Duration::MAX)), S(10));
        assert_eq!(state.held_until(), S(3_610));
        assert_eq!(state.step(Step::Look, S(3_611 + 120)), Reply::Free);
    }

    #[test]
    fn absurd_steps_leave_a_state_that_goes_on() {
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
                        asked: rng.bool().then(|| time(rng)),
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
            assert_eq!(admit(&mut state, 1, Slot::default(), now), Reply::Free, "{state:?}");
        });
    }
}
