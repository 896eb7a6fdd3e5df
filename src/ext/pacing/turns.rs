//! The turns of one process: decides which call is sent next, and when. Combines the limiter, the
//! quota and the link to a store. `now`, the time since the start of the pacer, is an
//! argument.

use std::{collections::BTreeMap, mem, time::Duration};

use tokio::sync::oneshot;

use super::{
    Delays, PacingStats,
    limiter::{LimitState, Rejection, Reply, Slot, Step},
    link::Link,
    quota::Quota,
    rate_limit::RateLimit,
    recent::Recent,
};

/// A wait longer than this is checked against the deadlines of all waiting calls.
const LONG_WAIT: Duration = Duration::from_secs(1);
/// Minimum time between a turn and the deadline of its call, for the turn to be of use.
const MIN_ANSWER: Duration = Duration::from_millis(20);
/// The same time in round trips; the longer of both counts.
const ANSWER_TRIPS: u32 = 3;
/// A call that does not use its turn within this time is not being polled; the turn goes to the
/// next call.
const CLAIM_WITHIN: Duration = Duration::from_millis(100);

/// A place in the queue. Lower is earlier.
pub(crate) type Ticket = u64;

/// The right to send one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    /// Its number among the requests that the quota counts; 0 if none were counted.
    number: u64,
    /// Number of the last hold of the process; 0 if no limit was active.
    epoch: u64,
    /// Number of the last hold of the store; 0 if the store did not grant the turn.
    store_epoch: u64,
    is_probe: bool,
    /// Time at which it goes to another call, if it was granted and is not used.
    expires: Duration,
}

/// The end of a wait: a turn or, if none comes before the call's deadline, the time until the next one.
pub(super) type Turned = Result<Turn, Duration>;

pub(super) enum Entry {
    /// No limit is active: the call may be sent.
    Go(Turn),
    /// The turn would be too late: the time until it would come.
    Late(Duration),
    /// The call waits, at most until this time.
    Wait(oneshot::Receiver<Turned>, Duration),
}

/// The next action for the waiting calls.
pub(super) enum Next {
    /// Nothing to do: no call waits, and there is nothing to report.
    Stop,
    /// Nothing to do before this time, unless something changes.
    At(Duration),
    /// A step to perform on the store.
    Query(Step),
}

/// A call that waits.
#[derive(Debug)]
struct Waiting {
    /// The last time at which a turn is of use to the call.
    until: Duration,
    waker: oneshot::Sender<Turned>,
}

/// The turns of a process. Calls get them in the order in which they first requested one.
#[derive(Debug, Default)]
pub(super) struct Turns {
    limiter: LimitState,
    waiting: BTreeMap<Ticket, Waiting>,
    /// Last attempts of calls. They are sent at the end of their time, or when no limit is active.
    last_attempts: BTreeMap<Ticket, Waiting>,
    last_ticket: Ticket,
    last_probe: Ticket,
    quota: Quota,
    /// No request is sent before this time, because the server has requested a wait.
    floor: Duration,
    /// No turn is requested from the limiter or the store before this time.
    request_at: Duration,
    slot: Slot,
    /// Turns that were granted and not used yet, by their numbers.
    unclaimed: BTreeMap<u64, Turn>,
    /// Requests a second, as last reported by the limiter or the store; 0 while unknown.
    rate: f64,
    delays: Delays,
    rejected: u64,
    /// Total time that calls have waited for their turns.
    pub(super) waited: Duration,
    /// True from the time when a limit is met until a request is served without one.
    was_limited: bool,
    store: Option<Link>,
}

impl Turns {
    pub(super) fn new(delays: Delays, has_store: bool) -> Self {
        Self { delays, store: has_store.then(Link::default), ..Self::default() }
    }

    /// Returns the rest of the wait that the server requested.
    pub(super) fn requested_wait(&self, now: Duration) -> Option<Duration> {
        self.floor.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    pub(super) fn stats(&self, now: Duration) -> PacingStats {
        let rate = Some(self.rate).filter(|rate| *rate > 0.0 && self.is_limited(now));
        PacingStats { rate, queued: self.queued(), rejected: self.rejected, waited: self.waited }
    }

    fn queued(&self) -> usize {
        self.waiting.len() + self.last_attempts.len()
    }

    /// Returns the time for which no request is sent, once at the beginning of a limit.
    pub(super) fn begins(&mut self, now: Duration) -> Option<Duration> {
        let is_new = self.is_limited(now) && !mem::replace(&mut self.was_limited, true);
        is_new.then(|| self.floor.max(self.limiter.held_until()).saturating_sub(now))
    }

    /// Returns the time until which calls need no turn.
    pub(super) fn free_until(&mut self, now: Duration) -> Duration {
        // After a limit this is zero until a request is served, because only calls that take a turn
        // notice the end.
        if self.is_limited(now) || self.was_limited || self.quota.is_counting() {
            return Duration::ZERO;
        }
        self.quota.rest();
        self.store.as_ref().map_or(Duration::MAX, |link| link.next_look)
    }

    /// Adds a call at the end of the queue, or at its earlier place. `end` is the deadline of the
    /// call.
    pub(super) fn join(
        &mut self,
        ticket: &mut Option<Ticket>,
        is_last_attempt: bool,
        end: Duration,
        now: Duration,
    ) -> Entry {
        let is_limited = self.is_limited(now);
        if let Some(link) = self.store.as_mut().filter(|_| !is_limited) {
            link.look_when_due(now);
        }
        if !is_limited && self.waiting.is_empty() && self.quota.left(now) > 0 {
            return Entry::Go(self.turn(0, false, now));
        }
        let is_back = ticket.is_some();
        let ticket = *ticket.get_or_insert(self.last_ticket + 1);
        self.last_ticket = self.last_ticket.max(ticket);
        let left = end.saturating_sub(now);
        let keep_until = end.saturating_sub(self.limiter.patience());
        let is_kept = is_last_attempt && is_limited && keep_until > now;
        let until = if is_kept {
            keep_until
        } else {
            now + left.saturating_sub(self.answer()).max(left / 2)
        };
        let before = if is_back || !is_limited { 0 } else { self.waiting.len() };
        let expected = self.expected(before, now);
        if expected >= if is_kept { end } else { until } {
            return Entry::Late(expected.saturating_sub(now));
        }
        let (waker, receiver) = oneshot::channel();
        let queue = if is_kept { &mut self.last_attempts } else { &mut self.waiting };
        queue.insert(ticket, Waiting { until, waker });
        Entry::Wait(receiver, until)
    }

    /// Removes a call from the queue. An unused turn that was granted to it goes to the next call.
    pub(super) fn leave(&mut self, ticket: Ticket, unused: Option<Turn>, now: Duration) {
        self.waiting.remove(&ticket);
        self.last_attempts.remove(&ticket);
        if let Some(turn) = unused
            && self.claim(&turn, now)
        {
            self.grant(turn, now);
        }
    }

    /// Handles the end of a call's wait. A last attempt is sent, unless the server requested more
    /// time; any other attempt is too late.
    pub(super) fn end_of_wait(&mut self, is_kept: bool, now: Duration) -> Turned {
        let least = self.floor.saturating_sub(now);
        if is_kept && least.is_zero() {
            let turn = self.turn(0, false, now);
            self.unclaimed.insert(turn.number, turn);
            return Ok(turn);
        }
        Err(least.max(self.request_at.saturating_sub(now)))
    }

    /// Takes a turn that was granted. Returns true if it may still be used.
    pub(super) fn claim(&mut self, turn: &Turn, now: Duration) -> bool {
        let is_there = self.unclaimed.remove(&turn.number).is_some();
        is_there && turn.epoch == self.limiter.epoch && now >= self.floor
    }

    /// Grants all turns that are due, and returns the next action.
    pub(super) fn next(&mut self, now: Duration, random: f64) -> Next {
        // Takes back the turns of calls that are not polled.
        while let Some(first) = self.unclaimed.first_entry().filter(|e| e.get().expires <= now) {
            let turn = first.remove();
            self.unanswered(turn, now);
        }
        let next = self.next_step(now, random);
        match (next, self.unclaimed.values().next()) {
            (Next::At(at), Some(turn)) => Next::At(at.min(turn.expires)),
            (next, _) => next,
        }
    }

    fn next_step(&mut self, now: Duration, random: f64) -> Next {
        if let Some(link) = &mut self.store
            && let Some(report) = link.report(self.delays, now, random)
        {
            return Next::Query(report);
        }
        while self.queued() > 0 {
            let is_limited = self.is_limited(now);
            let ready = self.ready(is_limited, now);
            if now < ready {
                return Next::At(ready);
            }
            let is_calm = self.limiter.calm().contains(&now);
            let want = if is_calm { self.queued() } else { self.waiting.len() };
            let want = u32::try_from(want.min(self.quota.left(now))).unwrap_or(u32::MAX);
            if let Some(link) = self.store.as_mut().filter(|link| is_limited && link.is_up(now)) {
                return Next::Query(link.request(want, self.slot, now));
            }
            let step = Step::Admit { served: 0, want, slot: self.slot };
            let reply = self.limiter.step(step, now);
            self.apply(reply, false, now);
        }
        if let Some(link) = &mut self.store {
            link.waits_since = None;
        }
        Next::Stop
    }

    /// Returns the time from which turns may be requested for the waiting calls.
    fn ready(&self, is_limited: bool, now: Duration) -> Duration {
        let ready = self.floor.max(self.quota.ready());
        if !is_limited {
            return ready;
        }
        let calm = self.limiter.calm();
        if !self.waiting.is_empty() || calm.contains(&now) {
            return ready.max(self.request_at);
        }
        // Last attempts are sent in the calm span, unless the limit ends before.
        let expires = self.limiter.expires();
        let next = if now < calm.start { calm.start.min(expires) } else { expires };
        next.max(now + Duration::from_millis(1))
    }

    /// Processes the reply of the store to a step. Returns true if the store had failed before, or
    /// the reason if the reply cannot be used.
    pub(super) fn accept(
        &mut self,
        step: &Step,
        reply: Reply,
        now: Duration,
    ) -> Result<bool, &'static str> {
        let is_limited = self.is_limited_here(now);
        let Some(link) = &mut self.store else { return Ok(false) };
        let is_new = link.accept(step, reply, is_limited, self.delays.max, now)?;
        if reply != Reply::Free {
            self.apply(reply, true, now);
        }
        Ok(is_new)
    }

    /// Records that the store failed or cannot be used: this process paces itself for a while.
    /// Returns true if the store worked before.
    pub(super) fn store_failed(&mut self, step: &Step, now: Duration) -> bool {
        let is_new = self.store.as_mut().is_some_and(|link| link.fails(step, now));
        if is_new {
            (self.request_at, self.slot) = (now, Slot::default());
        }
        is_new
    }

    pub(super) fn needs_driver(&self, now: Duration) -> bool {
        self.queued() > 0 || self.store.as_ref().is_some_and(|link| link.has_report(now))
    }

    /// Records a response other than a 429. Returns true if it ends a limit. The end is not reported
    /// when the time is over, because the first request after it may meet another 429.
    pub(super) fn served(
        &mut self,
        turn: Turn,
        sent: Duration,
        limit: Option<RateLimit>,
        now: Duration,
    ) -> bool {
        let (latency, epoch) = (now.saturating_sub(sent), turn.epoch);
        self.limiter.step(Step::Served { served: 1, epoch, latency }, now);
        self.quota.served(turn.number, limit, now, self.delays.max);
        self.request_now(now);
        let is_limited = self.is_limited(now);
        if let Some(link) = &mut self.store {
            // Requests that are served without an active limit say nothing about one.
            link.served += u32::from(is_limited);
            if turn.is_probe && turn.store_epoch > 0 {
                link.served_probe = Some((turn.store_epoch, latency));
            }
        }
        !is_limited && mem::take(&mut self.was_limited)
    }

    pub(super) fn rejected(
        &mut self,
        turn: Turn,
        requested: Option<Duration>,
        recent: &Recent,
        now: Duration,
        random: f64,
    ) {
        self.rejected += 1;
        self.quota.rejected(turn.number);
        let is_first = !self.is_limited(now);
        let (served, lasted) = if is_first { recent.busiest(now) } else { Default::default() };
        let Delays { base: base_delay, max: max_delay } = self.delays;
        if let Some(wait) = requested {
            self.floor = self.floor.max(now.saturating_add(wait.min(max_delay)));
        }
        let epoch_before = self.limiter.epoch;
        let (epoch, age) = (turn.epoch, Duration::ZERO);
        let rejection =
            Rejection { served, lasted, epoch, age, requested, base_delay, max_delay, random };
        self.limiter.step(Step::Rejected(rejection), now);
        if let Some(link) = &mut self.store {
            if is_first {
                link.begins(served, lasted, now);
            }
            link.rejected(turn.store_epoch, requested, now);
        }
        if self.limiter.epoch == epoch_before {
            self.request_now(now);
        } else {
            (self.request_at, self.rate) = (now, 0.0);
        }
        self.refuse_late(self.held_until(now), now);
    }

    /// Records a request that was abandoned, or got no response.
    pub(super) fn unanswered(&mut self, turn: Turn, now: Duration) {
        if turn.is_probe || self.limiter.is_slow_start() {
            self.limiter.step(Step::Unanswered { epoch: turn.epoch }, now);
            if let Some(link) = self.store.as_mut().filter(|_| turn.store_epoch > 0) {
                link.unanswered = Some(turn.store_epoch);
            }
            self.request_now(now);
        }
    }

    /// Returns true if a limit is active, by the responses to this process or by the store.
    fn is_limited(&self, now: Duration) -> bool {
        self.is_limited_here(now) || self.store.as_ref().is_some_and(|link| link.is_limited)
    }

    fn is_limited_here(&self, now: Duration) -> bool {
        now < self.floor || self.limiter.is_limited(now)
    }

    /// Grants the turns of a reply, or waits for them.
    fn apply(&mut self, reply: Reply, is_from_store: bool, now: Duration) {
        match reply {
            Reply::Go { epoch, is_probe, turns, rate } => {
                (self.rate, self.slot) = (sound(rate), Slot::default());
                let store_epoch = if is_from_store { epoch } else { 0 };
                for granted in 0..turns {
                    let turn = self.turn(store_epoch, is_probe, now);
                    if !self.grant(turn, now) {
                        // The remaining turns are for the next calls.
                        self.slot = Slot { epoch, turns: turns - granted };
                        break;
                    }
                }
            }
            Reply::Wait { time, slot, rate } => {
                (self.slot, self.rate) = (slot, sound(rate));
                let time = time.min(self.delays.max).max(Duration::from_millis(1));
                self.request_at = now.saturating_add(time);
                if time > LONG_WAIT {
                    self.refuse_late(self.request_at, now);
                }
            }
            Reply::Free => {
                // Last attempts need not wait any more.
                self.waiting.append(&mut self.last_attempts);
                for _ in 0..self.waiting.len().min(self.quota.left(now)) {
                    let turn = self.turn(0, false, now);
                    self.grant(turn, now);
                }
            }
            Reply::Limited | Reply::Noted => self.request_now(now),
        }
    }

    /// Grants a turn to the first waiting call. Returns false if no call waits.
    fn grant(&mut self, turn: Turn, now: Duration) -> bool {
        while let Some(call) = self.first(turn.is_probe, now) {
            if call.waker.send(Ok(turn)).is_ok() {
                self.unclaimed.insert(turn.number, turn);
                return true;
            }
        }
        if turn.is_probe {
            self.unanswered(turn, now);
        }
        false
    }

    /// Takes the first call. A probe goes to the first call after the one that made the last probe,
    /// so that a long outage does not use up all attempts of one call. In a calm span, a last
    /// attempt goes first.
    fn first(&mut self, is_probe: bool, now: Duration) -> Option<Waiting> {
        let is_last = !is_probe || self.waiting.is_empty();
        if is_last && self.limiter.calm().contains(&now) && !self.last_attempts.is_empty() {
            return self.last_attempts.pop_first().map(|(_, call)| call);
        }
        if is_probe {
            let after = self.waiting.range(self.last_probe + 1..).next();
            self.last_probe = *after.or(self.waiting.first_key_value())?.0;
            return self.waiting.remove(&self.last_probe);
        }
        self.waiting.pop_first().map(|(_, call)| call)
    }

    fn turn(&mut self, store_epoch: u64, is_probe: bool, now: Duration) -> Turn {
        let number = self.quota.take(now, self.limiter.patience());
        let (epoch, expires) = (self.limiter.epoch, now + CLAIM_WITHIN);
        Turn { number, epoch, store_epoch, is_probe, expires }
    }

    /// Ends the waits of calls that need a turn before this time, since none comes before it.
    fn refuse_late(&mut self, moment: Duration, now: Duration) {
        let wait = moment.saturating_sub(now);
        if wait.is_zero() {
            return;
        }
        let is_late =
            |(ticket, call): (&Ticket, &Waiting)| (call.until <= moment).then_some(*ticket);
        let late: Vec<_> = self.waiting.iter().filter_map(is_late).collect();
        for call in late.iter().filter_map(|ticket| self.waiting.remove(ticket)) {
            call.waker.send(Err(wait)).ok();
        }
    }

    /// Makes the next request for turns due now, because the limiter waited for the outcome that has
    /// come. The time of reserved turns is unchanged.
    fn request_now(&mut self, now: Duration) {
        if self.slot == Slot::default() {
            self.request_at = self.request_at.min(now);
        }
    }

    /// Returns the time until which no request is sent. A hold of a store is not known.
    fn held_until(&self, now: Duration) -> Duration {
        let is_shared = self.store.as_ref().is_some_and(|link| link.is_up(now));
        if is_shared { self.floor } else { self.floor.max(self.limiter.held_until()) }
    }

    /// Returns the earliest time at which a call may have its turn, with `before` calls ahead of
    /// it.
    fn expected(&self, before: usize, now: Duration) -> Duration {
        let mut least = self.held_until(now).max(self.quota.ready()).max(now);
        if !self.waiting.is_empty() {
            least = least.max(self.request_at);
        }
        if self.rate == 0.0 {
            return least;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = before as f64 / self.rate;
        // The rate may double in the meantime.
        least.saturating_add(Duration::try_from_secs_f64(seconds / 2.0).unwrap_or(Duration::MAX))
    }

    fn answer(&self) -> Duration {
        MIN_ANSWER.max(self.limiter.latency() * ANSWER_TRIPS)
    }
}

/// Returns the rate that a store reports, or 0 if it is invalid.
fn sound(rate: f64) -> f64 {
    if rate.is_finite() && rate > 0.0 { rate } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Turns {
        let delays = Delays { base: Duration::from_secs(1), max: Duration::from_secs(60) };
        Turns::new(delays, false)
    }

    #[test]
    fn rejected_call_keeps_place_and_passes_probe_on() {
        let mut turns = new();
        let (start, mut tickets) = (Duration::from_secs(1), [None; 3]);
        turns.rejected(Turn::default(), None, &Recent::default(), start, 0.5);
        let join = |turns: &mut Turns, ticket: &mut _| {
            assert!(matches!(turns.join(ticket, false, Duration::MAX, start), Entry::Wait(..)));
        };
        for ticket in &mut tickets {
            join(&mut turns, ticket);
        }
        for (is_probe, expected) in [(true, 0), (true, 1), (true, 2), (true, 0), (false, 0)] {
            assert!(turns.first(is_probe, start).is_some());
            let is_taken = |ticket: &&Option<Ticket>| !turns.waiting.contains_key(&ticket.unwrap());
            assert_eq!(tickets.iter().position(|ticket| is_taken(&ticket)), Some(expected));
            join(&mut turns, &mut tickets[expected]);
        }
    }

    #[test]
    fn waiting_call_that_would_miss_its_deadline_ends_early() {
        let (mut turns, start) = (new(), Duration::from_secs(1));
        turns.rejected(Turn::default(), None, &Recent::default(), start, 0.5);
        let mut join = |seconds| {
            let end = start + Duration::from_secs(seconds);
            let entry = turns.join(&mut None, false, end, start);
            let Entry::Wait(receiver, _) = entry else { panic!("not limited") };
            receiver
        };
        let (mut short, mut long) = (join(5), join(50));
        let hold = Duration::from_secs(20);
        turns.rejected(Turn::default(), Some(hold), &Recent::default(), start, 0.5);
        assert!(matches!(short.try_recv(), Ok(Err(wait)) if wait >= hold));
        assert!(long.try_recv().is_err());
    }

    #[test]
    fn limit_that_returns_at_once_has_one_beginning_and_one_end() {
        let mut turns = new();
        let mut now = Duration::from_secs(1);
        let (mut begins, mut ends) = (0, 0);
        for is_rejected in [true, true, false] {
            // Longer than any limit lasts.
            now += Duration::from_secs(3_600);
            let hold = Duration::from_secs(10);
            let end = now + hold;
            let Entry::Go(turn) = turns.join(&mut None, false, end, now) else { panic!("limited") };
            if is_rejected {
                turns.rejected(turn, Some(hold), &Recent::default(), now, 0.5);
            } else {
                ends += usize::from(turns.served(turn, now, None, now));
            }
            begins += usize::from(turns.begins(now).is_some());
        }
        assert_eq!((begins, ends), (1, 1));
    }

    #[test]
    fn end_of_limit_is_not_missed_if_its_first_call_is_dropped() {
        let mut turns = new();
        let start = Duration::from_secs(1);
        turns.rejected(Turn::default(), None, &Recent::default(), start, 0.5);
        assert!(turns.begins(start).is_some());
        let end = start + Duration::from_secs(3_600);
        let Entry::Go(dropped) = turns.join(&mut None, false, Duration::MAX, end) else {
            panic!("limited")
        };
        turns.unanswered(dropped, end);
        assert_eq!((turns.free_until(end), turns.begins(end)), (Duration::ZERO, None));
        assert!(turns.served(Turn::default(), end, None, end));
        assert_eq!(turns.free_until(end), Duration::MAX);
    }
}
