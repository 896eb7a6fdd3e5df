//! Who may send, and when. Pure: `now` (since any fixed start) and randomness are arguments.
//!
//! Nothing is paced until the first 429. Then cycles follow each other: **hold** until the server
//! may be asked again; **probe** with one request, until one is served; **flow** at a learned
//! [`Rate`], until the next 429. Where there is nothing to learn a rate from, **slow start** takes
//! the place of the flow: two requests under way, and one more for each success.
//!
//! Calls wait in one queue, first in, first out. A head that does not take its turn for a while,
//! its *patience*, is passed over, and has its place back when it asks again; a request without an
//! answer no longer counts. Nobody who is dropped, hung or never polled stops the others.

use std::time::Duration;

use super::{
    hold::hold,
    queue::{Queue, Ticket},
    quota::{Quota, RateLimit},
    rate::{Cycle, Rate},
    under_way::{Permit, UnderWay},
};

/// After this long without a 429 nothing is paced any more.
const PACING_EXPIRY: Duration = Duration::from_secs(120);
/// How long a turn or an answer is waited for, at least,
const MIN_PATIENCE: Duration = Duration::from_secs(1);
/// and in usual times from request to answer.
const PATIENCE: u32 = 4;
/// Between two calls that both find the head of the queue absent.
const STAGGER: Duration = Duration::from_millis(5);

/// The queue and what is known of the server's limit. `W` is what wakes a waiting call.
#[derive(Debug, Default)]
pub(crate) struct Pacer<W> {
    pub(super) queue: Queue<W>,
    base_delay: Duration,
    max_delay: Duration,
    phase: Phase,
    /// Nothing is sent before; it never moves back.
    not_before: Duration,
    under_way: UnderWay,
    cycle: Cycle,
    rate: Rate,
    quota: Quota,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    #[default]
    Free,
    /// Hold, then probe; so many probes have failed.
    Probe {
        failures: u32,
    },
    /// So many may be under way.
    SlowStart {
        window: usize,
    },
    Flow,
}

/// Whether a request may be sent.
#[derive(Debug)]
pub(crate) enum Turn<W> {
    /// Yes. Those that were passed over are to be woken.
    Now(Permit, Vec<W>),
    /// Ask again then, or when woken.
    At(Duration),
}

impl<W: Clone + Default> Pacer<W> {
    pub(crate) fn new(base_delay: Duration, max_delay: Duration) -> Self {
        Self { base_delay, max_delay, ..Self::default() }
    }

    /// The first in the queue, who is to ask again whenever anything has changed.
    pub(crate) fn head(&self) -> Option<(Ticket, &W)> {
        self.queue.head()
    }

    /// Requests a second, where a rate is known and in force.
    pub(crate) fn rate(&self, now: Duration) -> Option<f64> {
        if self.phase == Phase::Flow { self.rate.per_second(now) } else { None }
    }

    /// Lets a request through, whose ticket leaves the queue, or says when to ask again.
    pub(crate) fn turn(&mut self, ticket: Ticket, now: Duration) -> Turn<W> {
        self.expire(now);
        let ready = self.ready(now);
        let before = self.queue.before(ticket);
        let at = if before == 0 { ready } else { self.overdue(before, ready) };
        if now < at {
            self.queue.join(ticket);
            return Turn::At(at);
        }
        let has_waited = self.queue.leave(ticket);
        if !has_waited && self.queue.len() == 0 && self.under_way.len() == 0 {
            // The callers set the pace, so what was served before says nothing of a limit.
            self.cycle = Cycle { start: now, served: 0 };
        }
        let passed_over = if before > 0 { self.queue.pass_over(ticket) } else { Vec::new() };
        Turn::Now(self.send(now), passed_over)
    }

    /// As [`turn`](Self::turn), for the last attempt of a call that was refused before: it is kept
    /// until the end of the call's time, so that no call fails by a 429 before.
    pub(crate) fn last_turn(&mut self, ticket: Ticket, until: Duration, now: Duration) -> Turn<W> {
        self.expire(now);
        if self.phase == Phase::Free {
            return self.turn(ticket, now);
        }
        let at = self.not_before.max(until);
        if now < at {
            self.queue.step_aside(ticket);
            return Turn::At(at.min(now.saturating_add(PACING_EXPIRY)));
        }
        self.queue.leave(ticket);
        Turn::Now(self.send(now), Vec::new())
    }

    /// When the turn of a ticket comes, as far as that is known: in slow start there is no rate.
    pub(crate) fn expected(&self, ticket: Ticket, now: Duration) -> Duration {
        let before = self.queue.before(ticket);
        let is_rationed = self.phase == Phase::Flow;
        let rationed = if is_rationed { self.rate.time_for(before, now) } else { Duration::ZERO };
        // The rate may double meanwhile.
        self.not_before.max(now).saturating_add(rationed / 2)
    }

    /// How long a turn or an answer is waited for before others go on.
    pub(crate) fn patience(&self) -> Duration {
        MIN_PATIENCE.max(self.rate.latency().saturating_mul(PATIENCE))
    }

    /// The request was answered, and not with a 429.
    pub(crate) fn served(&mut self, permit: Permit, now: Duration) {
        self.rate.observe_latency(now.saturating_sub(permit.sent));
        // Sent before the 429, but served in the cycle that it ends.
        let is_late = !self.under_way.settle(permit);
        match &mut self.phase {
            Phase::Probe { .. } if is_late => {}
            _ if is_late => return,
            Phase::Probe { .. } => self.release(now),
            Phase::SlowStart { window } => *window += 1,
            Phase::Free | Phase::Flow => {}
        }
        self.cycle.served = self.cycle.served.saturating_add(1);
    }

    /// The request was answered with a 429.
    pub(crate) fn rejected(
        &mut self,
        permit: Permit,
        retry_after: Option<Duration>,
        now: Duration,
        random: f64,
    ) {
        if !self.under_way.settle(permit) {
            // Sent before the hold, so no news but for what the server asks.
            self.hold(now, retry_after.unwrap_or_default().min(self.max_delay));
            return;
        }
        let failures = match self.phase {
            Phase::Probe { failures } => failures.saturating_add(1),
            Phase::Free | Phase::SlowStart { .. } | Phase::Flow => {
                self.rate.hold(now);
                0
            }
        };
        let reset = self.quota.overrule();
        let least = retry_after.or_else(|| reset.map(|reset| reset.saturating_sub(now)));
        let backoff = self.base_delay.max(self.rate.interval());
        self.hold(now, hold(least, backoff, failures, self.max_delay, random));
        self.phase = Phase::Probe { failures };
        self.under_way.forget();
    }

    /// The request was given up, or got no answer.
    pub(crate) fn unanswered(&mut self, permit: Permit) {
        self.under_way.settle(permit);
    }

    /// The request's answer says what is left of the limit, or does not say it.
    pub(crate) fn observe(
        &mut self,
        permit: Permit,
        limit: Option<RateLimit>,
        is_served: bool,
        now: Duration,
    ) {
        // The answered one is still among them.
        let under_way = self.under_way.len().saturating_sub(1);
        self.quota.update(permit, limit, is_served, under_way, self.max_delay, now);
    }

    /// A request goes out, whoever let it through.
    pub(super) fn send(&mut self, now: Duration) -> Permit {
        if self.phase == Phase::Flow {
            self.rate.take(now);
        }
        self.quota.take(now, self.patience());
        self.under_way.send(now)
    }

    /// When the head may send.
    fn ready(&self, now: Duration) -> Duration {
        let turn = match self.phase {
            Phase::Free => return self.quota.ready(),
            Phase::Probe { .. } => self.under_way.room(1, self.patience()),
            Phase::SlowStart { window } => self.under_way.room(window, self.patience()),
            Phase::Flow => self.rate.ready(self.under_way.len(), now),
        };
        self.not_before.max(turn).max(self.quota.ready())
    }

    /// When one of the queue may pass over those before it.
    fn overdue(&self, before: usize, ready: Duration) -> Duration {
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        let wait = self.patience().saturating_add(STAGGER.saturating_mul(before));
        ready.max(self.under_way.last_sent()).saturating_add(wait)
    }

    /// A probe was served.
    fn release(&mut self, now: Duration) {
        self.phase = if self.cycle.served > 0 {
            self.rate.release(self.cycle, now);
            Phase::Flow
        } else {
            Phase::SlowStart { window: 2 }
        };
        self.cycle = Cycle { start: now, served: 0 };
    }

    fn hold(&mut self, now: Duration, wait: Duration) {
        self.not_before = self.not_before.max(now.saturating_add(wait));
    }

    /// Ends pacing when the limit has not been met for long; if calls wait, they wait for the rate.
    fn expire(&mut self, now: Duration) {
        let is_quiet = now >= self.cycle.start.max(self.not_before).saturating_add(PACING_EXPIRY);
        if !is_quiet || !matches!(self.phase, Phase::SlowStart { .. } | Phase::Flow) {
            return;
        }
        self.phase =
            if self.queue.len() > 1 { Phase::SlowStart { window: 2 } } else { Phase::Free };
        self.rate = Rate::default();
        self.quota.overrule();
        self.cycle = Cycle { start: now, served: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn pacer() -> Pacer<()> {
        Pacer::new(Duration::from_millis(500), S(60))
    }

    fn go(pacer: &mut Pacer<()>, now: Duration) -> Permit {
        let ticket = pacer.queue.ticket();
        match pacer.turn(ticket, now) {
            Turn::Now(permit, _) => permit,
            Turn::At(at) => panic!("not let through at {now:?}, but at {at:?}"),
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
        assert_eq!((pacer.queue.len(), pacer.rate(S(10))), (0, None));
    }

    #[test]
    fn a_429_holds_everybody_and_then_lets_one_probe() {
        let mut pacer = pacer();
        let (first, second) = (go(&mut pacer, S(0)), go(&mut pacer, S(0)));
        pacer.rejected(first, Some(S(10)), S(1), 0.0);
        // Sent before the hold: it only ever lengthens it.
        pacer.rejected(second, Some(S(12)), S(1), 0.0);
        let (a, b) = (pacer.queue.ticket(), pacer.queue.ticket());
        assert!(matches!(pacer.turn(a, S(2)), Turn::At(at) if at == S(13)));
        assert!(matches!(pacer.turn(b, S(13)), Turn::At(at) if at > S(14)), "b is second");
        let Turn::Now(probe, _) = pacer.turn(a, S(13)) else { panic!("a may probe") };
        assert!(
            matches!(pacer.turn(b, S(13)), Turn::At(at) if at == S(14)),
            "a probe is under way"
        );
        pacer.served(probe, S(13));
        assert!(matches!(pacer.turn(b, S(13)), Turn::Now(..)), "slow start");
    }

    #[test]
    fn a_probe_that_is_given_up_makes_room_for_the_next() {
        let mut pacer = pacer();
        let first = go(&mut pacer, S(0));
        pacer.rejected(first, Some(S(1)), S(0), 0.0);
        let probe = go(&mut pacer, S(2));
        assert!(matches!(pacer.turn(9, S(2)), Turn::At(_)));
        pacer.unanswered(probe);
        assert!(matches!(pacer.turn(9, S(2)), Turn::Now(..)));
    }

    /// So many requests hang, and each lets the next one go a little later than the one before.
    #[test]
    fn a_probe_that_hangs_makes_room_for_the_next_after_the_patience() {
        let mut pacer = pacer();
        let first = go(&mut pacer, S(0));
        pacer.rejected(first, None, S(0), 0.0);
        let mut now = S(10);
        for times in 1..5 {
            go(&mut pacer, now);
            let ticket = pacer.queue.ticket();
            let Turn::At(at) = pacer.turn(ticket, now) else { panic!("one probe at a time") };
            pacer.queue.leave(ticket);
            assert!(at <= now + MIN_PATIENCE * times, "{times}: {at:?}");
            now = at;
        }
    }

    #[test]
    fn who_does_not_take_its_turn_is_passed_over_and_keeps_its_place() {
        let mut pacer = pacer();
        let permit = go(&mut pacer, S(0));
        pacer.rejected(permit, Some(S(5)), S(0), 0.0);
        let tickets: Vec<_> = (0..20).map(|_| pacer.queue.ticket()).collect();
        for ticket in &tickets {
            assert!(matches!(pacer.turn(*ticket, S(0)), Turn::At(_)));
        }
        let last = tickets[19];
        let Turn::At(at) = pacer.turn(last, S(5)) else { panic!("19 come first") };
        assert!(at <= S(5) + MIN_PATIENCE + STAGGER * 20, "{at:?}");
        let Turn::Now(probe, passed_over) = pacer.turn(last, at) else { panic!("19 did not come") };
        assert_eq!((passed_over.len(), pacer.queue.len()), (19, 19));
        pacer.served(probe, at);
        // Slow start has room for one more, and the first of those who were passed over has its
        // place back.
        let new = pacer.queue.ticket();
        assert!(matches!(pacer.turn(tickets[0], at), Turn::Now(..)));
        assert!(matches!(pacer.turn(new, at), Turn::Now(..)));
    }

    #[test]
    fn a_last_attempt_is_kept_until_the_end_of_its_time_and_stops_nobody() {
        let mut pacer = pacer();
        let permit = go(&mut pacer, S(0));
        pacer.rejected(permit, None, S(0), 0.0);
        let (last, other) = (pacer.queue.ticket(), pacer.queue.ticket());
        assert!(matches!(pacer.last_turn(last, S(80), S(1)), Turn::At(at) if at == S(80)));
        let Turn::Now(probe, _) = pacer.turn(other, S(1)) else { panic!("the other may probe") };
        pacer.served(probe, S(1));
        assert!(matches!(pacer.last_turn(last, S(80), S(40)), Turn::At(_)));
        assert!(matches!(pacer.last_turn(last, S(80), S(80)), Turn::Now(..)));
        assert_eq!(pacer.queue.len(), 0);
    }

    #[test]
    fn slow_start_doubles_where_nothing_was_served_before() {
        let mut pacer = pacer();
        let permit = go(&mut pacer, S(0));
        pacer.rejected(permit, Some(S(3)), S(0), 0.0);
        let mut sizes = Vec::new();
        for round in 4..9 {
            let mut sent = Vec::new();
            loop {
                let ticket = pacer.queue.ticket();
                match pacer.turn(ticket, S(round)) {
                    Turn::Now(permit, _) => sent.push(permit),
                    Turn::At(_) => {
                        pacer.queue.leave(ticket);
                        break;
                    }
                }
            }
            sizes.push(sent.len());
            for permit in sent {
                pacer.served(permit, S(round));
            }
        }
        assert_eq!(sizes, [1, 2, 4, 8, 16]);
    }

    #[test]
    fn what_is_served_after_the_first_429_is_part_of_the_cycle_that_it_ends() {
        let mut pacer = pacer();
        let sent: Vec<_> = (0..61).map(|_| go(&mut pacer, S(0))).collect();
        pacer.rejected(sent[60], Some(S(10)), S(0), 0.0);
        for permit in &sent[..60] {
            pacer.served(*permit, S(0));
        }
        let waiting = pacer.queue.ticket();
        assert!(matches!(pacer.turn(waiting, S(1)), Turn::At(_)));
        let Turn::Now(probe, _) = pacer.turn(waiting, S(10)) else { panic!("it may probe") };
        pacer.served(probe, S(10));
        let rate = pacer.rate(S(10)).unwrap();
        assert!(rate > 2.9, "{rate}, where 60 were served in 10 s");
    }

    #[test]
    fn no_rate_is_without_a_bound() {
        let mut pacer = pacer();
        let permit = go(&mut pacer, S(0));
        let other = go(&mut pacer, S(0));
        pacer.served(permit, Duration::from_millis(1));
        pacer.rejected(other, Some(Duration::ZERO), Duration::from_millis(2), 0.0);
        let waiting = pacer.queue.ticket();
        assert!(matches!(pacer.turn(waiting, S(0)), Turn::At(_)));
        let Turn::Now(probe, _) = pacer.turn(waiting, S(1)) else { panic!("it may probe") };
        pacer.served(probe, S(1));
        for ms in 1_000..120_000 {
            let rate = pacer.rate(Duration::from_millis(ms)).unwrap();
            assert!(rate > 0.0 && rate <= 16.0, "{rate} after {ms} ms, where 1 was served in 1 s");
        }
    }

    fn say(pacer: &mut Pacer<()>, permit: Permit, remaining: u64, reset: Duration, now: Duration) {
        pacer.observe(permit, Some(RateLimit { remaining, reset }), true, now);
        pacer.served(permit, now);
    }

    #[test]
    fn as_many_go_as_the_server_says_are_left_and_nobody_before_its_reset() {
        let mut pacer = pacer();
        let sent: Vec<_> = (0..3).map(|_| go(&mut pacer, S(0))).collect();
        // Of the five, two are under way.
        say(&mut pacer, sent[0], 5, S(30), S(0));
        for _ in 0..3 {
            go(&mut pacer, S(1));
        }
        let ticket = pacer.queue.ticket();
        assert!(matches!(pacer.turn(ticket, S(1)), Turn::At(at) if at == S(30)));
        // After the reset one asks.
        assert!(matches!(pacer.turn(ticket, S(30)), Turn::Now(..)));
        assert!(matches!(pacer.turn(9, S(30)), Turn::At(at) if at == S(31)));
    }

    #[test]
    fn a_server_that_serves_what_it_says_is_not_left_is_not_believed() {
        let mut pacer = pacer();
        let sent: Vec<_> = (0..3).map(|_| go(&mut pacer, S(0))).collect();
        say(&mut pacer, sent[0], 0, S(30), S(0));
        let ticket = pacer.queue.ticket();
        assert!(matches!(pacer.turn(ticket, S(1)), Turn::At(at) if at == S(30)));
        say(&mut pacer, sent[1], 0, S(30), S(1));
        assert!(matches!(pacer.turn(ticket, S(1)), Turn::Now(..)));
    }

    #[test]
    fn a_server_that_always_says_nothing_is_left_is_believed_once() {
        let mut pacer = pacer();
        let first = go(&mut pacer, S(0));
        say(&mut pacer, first, 0, S(1_000), S(0));
        assert!(
            matches!(pacer.turn(9, S(0)), Turn::At(at) if at == S(60)),
            "not longer than max_delay"
        );
        pacer.queue.leave(9);
        let asking = go(&mut pacer, S(60));
        say(&mut pacer, asking, 0, S(1_000), S(60));
        for _ in 0..100 {
            let permit = go(&mut pacer, S(60));
            say(&mut pacer, permit, 0, S(1_000), S(60));
        }
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
        assert!(pacer.phase != Phase::Free);
        go(&mut pacer, S(500));
        assert_eq!((pacer.phase, pacer.rate(S(500))), (Phase::Free, None));
    }

    /// Whatever happens, at whatever time the clock says it is.
    #[test]
    fn no_order_of_events_breaks_a_promise() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut pacer = pacer();
            let (mut sent, mut not_before, mut refused) = (Vec::new(), Duration::ZERO, false);
            let mut latest = 0;
            for _ in 0..400 {
                let now = S(100).mul_f64(rng.f64());
                match rng.u8(0..6) {
                    0 | 1 => {
                        let ticket = pacer.queue.ticket();
                        pacer.queue.join(ticket);
                        latest = ticket;
                    }
                    2 if !sent.is_empty() => {
                        pacer.served(sent.swap_remove(rng.usize(..sent.len())), now);
                    }
                    3 if !sent.is_empty() => {
                        let asked = [None, Some(Duration::ZERO), Some(S(rng.u64(0..90)))];
                        let asked = asked[rng.usize(..3)];
                        let permit: Permit = sent.swap_remove(rng.usize(..sent.len()));
                        pacer.rejected(permit, asked, now, rng.f64());
                        let least = now + asked.unwrap_or_default().min(S(60));
                        assert!(pacer.not_before >= least, "seed {seed}: earlier than asked");
                        refused = true;
                    }
                    4 if !sent.is_empty() => {
                        pacer.unanswered(sent.swap_remove(rng.usize(..sent.len())));
                    }
                    _ => {
                        let ticket =
                            if rng.bool() { latest } else { pacer.head().map_or(latest, |h| h.0) };
                        if let Turn::Now(permit, _) = pacer.turn(ticket, now) {
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
