//! Who may send, and when. Pure: `now` (since any fixed start) and randomness are arguments.
//!
//! Free until the first 429. From then on one cycle follows the other: **hold** until the server may be asked again, **probe** with a
//! single request until one is served, **flow** at the rate at which requests were served so far, a little faster with each of
//! them, until the next 429. `benches/pacing` plays it against six limiters; the constants are what did best there.

use std::{collections::BTreeMap, time::Duration};

use super::rate::Rate;

/// A place in the queue: the lower, the earlier.
pub(crate) type Ticket = u64;

/// After this long without a request, what was served before says nothing about the rate any more.
const SPELL: Duration = Duration::from_secs(10);
/// After this long without a 429, and with nobody waiting, nothing is paced any more.
const FORGET: Duration = Duration::from_secs(120);
/// What is added to the server's wish, at random, so that several processes do not come back at the same moment.
const JITTER: f64 = 0.02;
/// How much longer each wait is than the one before, while the server says nothing and probes fail.
const BACKOFF: f64 = 1.5;

/// The queue and what is known of the server's limit. `W` is what wakes a waiting request.
#[derive(Debug)]
pub(crate) struct Pacer<W> {
    queue: BTreeMap<Ticket, W>,
    next_ticket: Ticket,
    base_delay: Duration,
    max_delay: Duration,
    phase: Phase,
    /// Nothing is sent before; it never moves back.
    not_before: Duration,
    /// Raised by every hold: what was sent before it tells nothing new.
    episode: u64,
    in_flight: u32,
    cycle: Cycle,
    rate: Rate,
    last_answer: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Free,
    /// Hold, then probe; so many probes have failed.
    Probe {
        failures: u32,
    },
    Flow,
}

/// What was served since `start`: the first request, later the success of a probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle {
    pub(super) start: Duration,
    pub(super) served: u32,
}

/// A request that was let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    episode: u64,
    sent: Duration,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    Now(Permit),
    /// Ask again then.
    At(Duration),
    /// Ask again when woken: others come first, or a probe is under way.
    Wait,
}

impl<W: Default> Pacer<W> {
    pub(crate) fn new(base_delay: Duration, max_delay: Duration) -> Self {
        Self {
            queue: BTreeMap::new(),
            next_ticket: 0,
            base_delay,
            max_delay,
            phase: Phase::Free,
            not_before: Duration::ZERO,
            episode: 0,
            in_flight: 0,
            cycle: Cycle { start: Duration::ZERO, served: 0 },
            rate: Rate::unknown(),
            last_answer: Duration::ZERO,
        }
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// Puts a ticket into the queue, or finds it there.
    pub(crate) fn join(&mut self, ticket: Ticket) -> &W {
        self.queue.entry(ticket).or_default()
    }

    /// Takes a ticket out of the queue.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        self.queue.remove(&ticket);
    }

    /// The first in the queue, who is to ask again whenever anything has changed.
    pub(crate) fn head(&self) -> Option<(Ticket, &W)> {
        self.queue.first_key_value().map(|(ticket, waker)| (*ticket, waker))
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Requests a second, where that is known and in force.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate.per_second().filter(|_| self.phase != Phase::Free)
    }

    /// Lets a request through, whose ticket leaves the queue, or says when to ask again.
    pub(crate) fn turn(&mut self, ticket: Ticket, now: Duration) -> Turn {
        if self.head().is_some_and(|(head, _)| head < ticket) {
            return Turn::Wait;
        }
        self.forget(now);
        if self.phase == Phase::Free {
            self.begin_spell(now);
        } else if now < self.not_before {
            return Turn::At(self.not_before);
        } else if self.phase != Phase::Flow && self.in_flight > 0 {
            return Turn::Wait;
        } else if let Err(at) = self.rate.take(self.in_flight, now) {
            return Turn::At(at);
        }
        self.queue.remove(&ticket);
        self.in_flight += 1;
        Turn::Now(Permit { episode: self.episode, sent: now })
    }

    /// When the turn of a ticket comes, as things are.
    pub(crate) fn expected(&self, ticket: Ticket, now: Duration) -> Duration {
        if self.phase == Phase::Free {
            return now;
        }
        let before = self.queue.range(..ticket).count();
        self.not_before.max(now).saturating_add(self.rate.time_for(before))
    }

    /// The request was answered, and not with a 429.
    pub(crate) fn served(&mut self, permit: Permit, now: Duration) {
        if !self.settle(permit) {
            return;
        }
        self.last_answer = now;
        if self.phase == Phase::Free {
            self.cycle.served += 1;
            return;
        }
        self.rate.observe_latency(now.saturating_sub(permit.sent));
        if let Phase::Probe { .. } = self.phase {
            self.rate.learn(&self.cycle, now);
            self.cycle = Cycle { start: now, served: 1 };
            self.phase = Phase::Flow;
        } else {
            self.cycle.served += 1;
            if !self.queue.is_empty() {
                self.rate.grow(&self.cycle, now);
            }
        }
    }

    /// The request was answered with a 429.
    pub(crate) fn rejected(
        &mut self,
        permit: Permit,
        asked: Option<Duration>,
        now: Duration,
        random: f64,
    ) {
        if !self.settle(permit) {
            // Sent before the hold, so no news but for what the server asks.
            self.hold(now, asked.unwrap_or_default().min(self.max_delay));
            return;
        }
        self.last_answer = now;
        let failures = match self.phase {
            Phase::Probe { failures } => failures + 1,
            Phase::Free | Phase::Flow => 0,
        };
        self.hold(now, self.wait(asked, failures, random));
        self.rate.hold(now, self.not_before, asked.is_some());
        self.phase = Phase::Probe { failures };
        self.episode += 1;
        self.in_flight = 0;
    }

    /// The request was given up, or got no answer.
    pub(crate) fn unanswered(&mut self, permit: Permit) {
        self.settle(permit);
    }

    /// Whether a request was sent after the last hold, and so tells something.
    fn settle(&mut self, permit: Permit) -> bool {
        let current = permit.episode == self.episode;
        self.in_flight -= u32::from(current);
        current
    }

    fn hold(&mut self, now: Duration, wait: Duration) {
        self.not_before = self.not_before.max(now.saturating_add(wait));
    }

    /// As long as the server asks, but no longer than `max_delay`: one wrong header must not silence a client for ever.
    fn wait(&self, asked: Option<Duration>, failures: u32, random: f64) -> Duration {
        let factor = BACKOFF.powi(failures.min(64).cast_signed());
        let backoff = seconds(self.base_delay.as_secs_f64() * factor).min(self.max_delay);
        let wait = match asked {
            None => backoff.mul_f64(0.75 + 0.25 * random),
            Some(asked) if failures == 0 => asked.saturating_add(asked.mul_f64(JITTER * random)),
            // Others use the same limit: spread out.
            Some(asked) => asked.saturating_add(backoff.mul_f64(random)),
        };
        wait.min(self.max_delay)
    }

    /// Starts to count anew, if what was counted is long ago.
    fn begin_spell(&mut self, now: Duration) {
        let idle = self.in_flight == 0 && now >= self.last_answer.saturating_add(SPELL);
        if idle || self.next_ticket == 1 {
            self.cycle = Cycle { start: now, served: 0 };
        }
    }

    /// Ends pacing, when the limit has not been met for long.
    fn forget(&mut self, now: Duration) {
        let quiet = now >= self.cycle.start.max(self.not_before).saturating_add(FORGET);
        if self.phase == Phase::Flow && quiet && self.queue.len() <= 1 {
            self.phase = Phase::Free;
            self.rate = Rate::unknown();
            self.cycle = Cycle { start: now, served: 0 };
        }
    }
}

/// As a duration, whatever it is.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn pacer() -> Pacer<()> {
        Pacer::new(Duration::from_millis(500), S(60))
    }

    fn go(pacer: &mut Pacer<()>, now: Duration) -> Permit {
        let ticket = pacer.ticket();
        match pacer.turn(ticket, now) {
            Turn::Now(permit) => permit,
            other => panic!("not let through at {now:?}: {other:?}"),
        }
    }

    #[test]
    fn nothing_is_paced_before_the_first_429() {
        let mut pacer = pacer();
        for n in 0..1_000 {
            let permit = go(&mut pacer, S(n / 100));
            if n % 2 == 0 {
                pacer.served(permit, S(n / 100));
            }
        }
        assert_eq!((pacer.queued(), pacer.rate()), (0, None));
    }

    #[test]
    fn a_429_holds_everybody_and_then_lets_one_probe() {
        let mut pacer = pacer();
        let (first, second) = (go(&mut pacer, S(0)), go(&mut pacer, S(0)));
        pacer.rejected(first, Some(S(10)), S(1), 0.0);
        // Sent before the hold: it only ever lengthens it.
        pacer.rejected(second, Some(S(12)), S(1), 0.0);
        let (a, b) = (pacer.ticket(), pacer.ticket());
        pacer.join(a);
        pacer.join(b);
        assert!(matches!(pacer.turn(b, S(20)), Turn::Wait), "b is second");
        assert!(matches!(pacer.turn(a, S(2)), Turn::At(at) if at == S(13)));
        let Turn::Now(probe) = pacer.turn(a, S(13)) else { panic!("a may probe") };
        assert!(matches!(pacer.turn(b, S(13)), Turn::Wait), "a probe is under way");
        pacer.served(probe, S(14));
        assert!(!matches!(pacer.turn(b, S(60)), Turn::Wait));
    }

    #[test]
    fn a_probe_that_is_given_up_makes_room_for_the_next() {
        let mut pacer = pacer();
        let first = go(&mut pacer, S(0));
        pacer.rejected(first, Some(S(1)), S(0), 0.0);
        let probe = go(&mut pacer, S(2));
        assert!(matches!(pacer.turn(9, S(2)), Turn::Wait));
        pacer.unanswered(probe);
        assert!(matches!(pacer.turn(9, S(2)), Turn::Now(_)));
    }

    #[test]
    fn no_server_silences_a_client_for_longer_than_the_longest_delay() {
        for asked in [S(61), Duration::MAX] {
            let mut pacer = pacer();
            let permit = go(&mut pacer, S(0));
            pacer.rejected(permit, Some(asked), S(5), 0.9);
            assert!(matches!(pacer.turn(9, S(5)), Turn::At(at) if at == S(65)));
        }
    }

    #[test]
    fn pacing_ends_when_the_limit_is_not_met_for_long() {
        let mut pacer = pacer();
        let permit = go(&mut pacer, S(0));
        pacer.rejected(permit, None, S(0), 0.5);
        let probe = go(&mut pacer, S(5));
        pacer.served(probe, S(5));
        assert!(pacer.rate().is_some());
        go(&mut pacer, S(500));
        assert_eq!(pacer.rate(), None);
    }

    /// Whatever happens, at whatever time the clock says it is.
    #[test]
    fn no_order_of_events_breaks_a_promise() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut pacer = pacer();
            let (mut sent, mut not_before, mut refused) = (Vec::new(), Duration::ZERO, false);
            for _ in 0..400 {
                let now = S(100).mul_f64(rng.f64());
                match rng.u8(0..6) {
                    0 | 1 => {
                        let ticket = pacer.ticket();
                        pacer.join(ticket);
                    }
                    2 if !sent.is_empty() => {
                        pacer.served(sent.swap_remove(rng.usize(..sent.len())), now);
                    }
                    3 if !sent.is_empty() => {
                        let asked = [None, Some(Duration::ZERO), Some(S(rng.u64(0..90)))];
                        let asked = asked[rng.usize(..3)];
                        let permit = sent.swap_remove(rng.usize(..sent.len()));
                        pacer.rejected(permit, asked, now, rng.f64());
                        let least = now + asked.unwrap_or_default().min(S(60));
                        assert!(pacer.not_before >= least, "seed {seed}: earlier than asked");
                        refused = true;
                    }
                    4 if !sent.is_empty() => {
                        pacer.unanswered(sent.swap_remove(rng.usize(..sent.len())));
                    }
                    _ => {
                        let Some((first, ())) = pacer.head() else { continue };
                        let other = first + rng.u64(1..3);
                        if pacer.queue.contains_key(&other) {
                            assert!(
                                matches!(pacer.turn(other, now), Turn::Wait),
                                "seed {seed}: order"
                            );
                        }
                        if let Turn::Now(permit) = pacer.turn(first, now) {
                            let held = refused && pacer.phase != Phase::Free;
                            assert!(!held || now >= pacer.not_before, "seed {seed}: too early");
                            sent.push(permit);
                        }
                    }
                }
                assert!(pacer.not_before >= not_before, "seed {seed}: not-before went back");
                assert!(pacer.not_before <= S(160), "seed {seed}: beyond the longest delay");
                not_before = pacer.not_before;
            }
        }
    }
}
