//! The turns of one process: decides which call is sent next, and when. Combines the limiter, the
//! queue, the quota and the reports to a store. `now`, the time since the start of the pacer, is an
//! argument.

use std::{collections::BTreeMap, mem, time::Duration};

use tokio::sync::oneshot;

use super::{
    Delays, PacingStats,
    limiter::{LimitState, Rejection, Reply, Slot, Step},
    queue::{Queue, Ticket, Waiting},
    quota::Quota,
    rate_limit::RateLimit,
    recent::Recent,
    reports::Reports,
};

/// Minimum interval between two queries to a store.
const QUERY_EVERY: Duration = Duration::from_millis(20);
/// Interval between two background checks of a store, and pause after a failure of a store.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A wait longer than this is checked against the deadlines of all waiting calls.
const LONG_WAIT: Duration = Duration::from_secs(1);
/// Minimum time between a turn and the deadline of its call, for the turn to be of use.
const MIN_ANSWER: Duration = Duration::from_millis(20);
/// The same time in round trips; the longer of both counts.
const ANSWER_TRIPS: u32 = 3;
/// Minimum time that the last attempt of a call has for its response.
const MIN_PATIENCE: Duration = Duration::from_secs(1);
/// The same time in round trips; the longer of both counts.
const PATIENCE: u32 = 4;
/// A call that does not use its turn within this time is not being polled; the turn goes to the
/// next call.
const CLAIM_WITHIN: Duration = Duration::from_millis(100);

/// The right to send one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    id: u64,
    /// Number of the last hold of the process; 0 if no limit was active.
    pub(super) epoch: u64,
    /// Number of the last hold of the store, if the store granted the turn.
    store_epoch: Option<u64>,
    is_probe: bool,
    /// Its number among the requests that the quota counts.
    number: Option<u64>,
}

/// The end of a wait: a turn or, if none comes before the call's deadline, the time until the next one.
pub(super) type Turned = Result<Turn, Duration>;

/// The next action for the waiting calls.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing to do: no call waits, and there is nothing to report.
    Stop,
    /// Nothing to do before this time, unless something changes.
    At(Duration),
    /// A step to perform on the store.
    Query(Step),
}

/// A change of the limit as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// The server limits the rate, and no request is sent for this time.
    Begins(Duration),
    /// Requests are sent at once again.
    Ends,
}

pub(super) enum Entry {
    /// No limit is active: the call may be sent.
    Go(Turn),
    /// The turn would be too late: the time until it would come.
    Late(Duration),
    /// The call waits, at most until this time.
    Wait(oneshot::Receiver<Turned>, Duration),
}

#[derive(Debug)]
pub(super) struct Turns {
    limiter: LimitState,
    queue: Queue<oneshot::Sender<Turned>>,
    quota: Quota,
    /// No request is sent before this time, because the server has requested a wait.
    floor: Duration,
    /// No turn is requested from the limiter or the store before this time.
    request_at: Duration,
    slot: Slot,
    /// Turns that were granted and not used yet, each with the time at which it expires.
    unclaimed: BTreeMap<u64, (Duration, Turn)>,
    granted: u64,
    rate: f64,
    delays: Delays,
    rejected: u64,
    waited: Duration,
    /// The last change that [`pause`](Turns::pause) returned was a beginning.
    was_limited: bool,
    /// True if a request was served without an active limit since the last 429.
    is_served: bool,
    store: Option<Link>,
}

/// The connection to a store.
#[derive(Debug, Default)]
struct Link {
    /// True if the store reports an active limit.
    is_limited: bool,
    reports: Reports,
    looked: Option<Duration>,
    next_query: Duration,
    off_until: Duration,
    is_off: bool,
    /// Time of the first wait since the store last admitted a request.
    waits_since: Option<Duration>,
}

impl Link {
    /// Returns false for a while after a failure of the store.
    fn is_up(&self, now: Duration) -> bool {
        now >= self.off_until
    }

    fn has_report(&self, now: Duration) -> bool {
        self.is_up(now) && !self.reports.is_empty()
    }
}

impl Turns {
    pub(super) fn new(delays: Delays, has_store: bool) -> Self {
        Self {
            limiter: LimitState::default(),
            queue: Queue::default(),
            quota: Quota::default(),
            floor: Duration::ZERO,
            request_at: Duration::ZERO,
            slot: Slot::default(),
            unclaimed: BTreeMap::new(),
            granted: 0,
            rate: 0.0,
            delays,
            rejected: 0,
            waited: Duration::ZERO,
            was_limited: false,
            is_served: false,
            store: has_store.then(Link::default),
        }
    }

    /// Returns the rest of the wait that the server requested.
    pub(super) fn requested_wait(&self, now: Duration) -> Option<Duration> {
        self.floor.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    pub(super) fn stats(&mut self, now: Duration) -> PacingStats {
        let rate = Some(self.rate).filter(|rate| *rate > 0.0 && self.is_limited(now));
        PacingStats { rate, queued: self.queue.len(), rejected: self.rejected, waited: self.waited }
    }

    /// Returns each beginning and each end of a limit once. The end is reported when a request has been
    /// served, and not when the time is over, because the first request may get another 429.
    pub(super) fn pause(&mut self, now: Duration) -> Option<Pause> {
        let is_limited = self.is_limited(now) || self.was_limited && !self.is_served;
        if mem::replace(&mut self.was_limited, is_limited) == is_limited {
            return None;
        }
        let until = self.floor.max(self.limiter.held_until());
        Some(if is_limited { Pause::Begins(until.saturating_sub(now)) } else { Pause::Ends })
    }

    /// Returns the time until which calls need no turn.
    pub(super) fn free_until(&mut self, now: Duration) -> Duration {
        // After a limit this is zero until a request is served, because only calls that take a turn notice
        // the end.
        if self.is_limited(now) || self.was_limited || self.quota.is_counting() {
            return Duration::ZERO;
        }
        self.quota.rest();
        let Some(link) = &self.store else { return Duration::MAX };
        link.looked.map_or(Duration::ZERO, |at| at + LOOK_EVERY)
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
        if !is_limited {
            self.look_when_due(now);
        }
        if !is_limited && self.queue.want() == 0 && self.quota.left(now) > 0 {
            return Entry::Go(self.turn(None, false, now));
        }
        let is_back = ticket.is_some();
        let ticket = *ticket.get_or_insert_with(|| self.queue.ticket());
        let left = end.saturating_sub(now);
        let keep_until = end.saturating_sub(self.patience());
        let is_kept = is_last_attempt && is_limited && keep_until > now;
        let until = if is_kept {
            keep_until
        } else {
            now + left.saturating_sub(self.answer()).max(left / 2)
        };
        let before = if is_back || !is_limited { 0 } else { self.queue.want() };
        let expected = self.expected(before, now);
        if expected >= if is_kept { end } else { until } {
            return Entry::Late(expected.saturating_sub(now));
        }
        let (waker, receiver) = oneshot::channel();
        self.queue.join(ticket, Waiting { until, waker }, is_kept);
        Entry::Wait(receiver, until)
    }

    /// Removes a call from the queue. An unused turn that was granted to it goes to the next call.
    pub(super) fn leave(&mut self, ticket: Ticket, unused: Option<Turn>, now: Duration) {
        self.queue.leave(ticket);
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
            let turn = self.turn(None, false, now);
            self.unclaimed.insert(turn.id, (now + CLAIM_WITHIN, turn));
            return Ok(turn);
        }
        Err(least.max(self.request_at.saturating_sub(now)))
    }

    /// Takes a turn that was granted. Returns true if it may still be used.
    pub(super) fn claim(&mut self, turn: &Turn, now: Duration) -> bool {
        let is_there = self.unclaimed.remove(&turn.id).is_some();
        is_there && turn.epoch == self.limiter.epoch() && now >= self.floor
    }

    /// Takes back the turns of calls that are not polled.
    fn take_back(&mut self, now: Duration) {
        while let Some(first) = self.unclaimed.first_entry() {
            let (until, turn) = *first.get();
            if now < until {
                return;
            }
            first.remove();
            self.unanswered(turn, now);
        }
    }

    pub(super) fn count_wait(&mut self, waited: Duration) {
        self.waited += waited;
    }

    /// Grants all turns that are due, and returns the next action.
    pub(super) fn next(&mut self, now: Duration, random: f64) -> Next {
        self.take_back(now);
        let next = self.next_step(now, random);
        match (next, self.unclaimed.first_key_value()) {
            (Next::At(at), Some((_, (lost, _)))) => Next::At(at.min(*lost)),
            (next, _) => next,
        }
    }

    fn next_step(&mut self, now: Duration, random: f64) -> Next {
        if let Some(link) = self.store.as_mut().filter(|link| link.has_report(now)) {
            if now < link.next_query {
                return Next::At(link.next_query);
            }
            if let Some(step) = link.reports.take(self.delays, now, random) {
                link.next_query = now + QUERY_EVERY;
                return Next::Query(step);
            }
        }
        while self.queue.len() > 0 {
            let is_limited = self.is_limited(now);
            let calm = self.limiter.calm();
            let is_calm = calm.contains(&now);
            if self.queue.want() == 0 && is_limited && !is_calm {
                // Last attempts are sent in the calm span, unless the limit ends before.
                let expires = self.limiter.expires();
                let next = if now < calm.start { calm.start.min(expires) } else { expires };
                return Next::At(next.max(now + Duration::from_millis(1)));
            }
            let requested = if is_limited { self.request_at } else { now };
            let ready = self.floor.max(self.quota.ready()).max(requested);
            if now < ready {
                return Next::At(ready);
            }
            let want = if is_calm { self.queue.len() } else { self.queue.want() };
            let want = u32::try_from(want.min(self.quota.left(now))).unwrap_or(u32::MAX);
            if let Some(link) = self.store.as_mut().filter(|link| is_limited && link.is_up(now)) {
                if now < link.next_query {
                    return Next::At(link.next_query);
                }
                link.next_query = now + QUERY_EVERY;
                let (served, _) = link.reports.counts(now);
                // If the store has failed, this process has reserved the turns, and the store does not know
                // them.
                let slot = if link.is_off { Slot::default() } else { self.slot };
                return Next::Query(Step::Admit { served, want, slot });
            }
            let step = Step::Admit { served: 0, want, slot: self.slot };
            let reply = self.limiter.step(step, now);
            self.apply(reply, None, now);
        }
        if let Some(link) = &mut self.store {
            link.waits_since = None;
        }
        Next::Stop
    }

    /// Processes the reply of the store to a step. Returns true if the store had failed before, or
    /// the reason if the reply cannot be used.
    pub(super) fn accept(
        &mut self,
        step: &Step,
        reply: Reply,
        now: Duration,
    ) -> Result<bool, String> {
        let Some(link) = &mut self.store else { return Ok(false) };
        match reply {
            Reply::Limited | Reply::Noted if matches!(step, Step::Admit { .. }) => {
                return Err("unexpected reply to a request for turns".to_owned());
            }
            Reply::Limited => link.is_limited = true,
            Reply::Free => {
                link.is_limited = false;
                if self.is_limited(now) {
                    return Err("the store has lost the state of this limit".to_owned());
                }
            }
            Reply::Go { epoch, .. } => {
                link.waits_since = None;
                self.apply(reply, Some(epoch), now);
            }
            Reply::Wait { time, .. } => {
                let since = *link.waits_since.get_or_insert(now);
                if time > self.delays.max.saturating_add(LONG_WAIT) {
                    let why = "the store requests a wait longer than max_delay, so its clock may be wrong";
                    return Err(why.to_owned());
                }
                if now.saturating_sub(since) > self.delays.max.saturating_add(2 * LONG_WAIT) {
                    let why = "the store has admitted no request for longer than max_delay";
                    return Err(why.to_owned());
                }
                self.apply(reply, Some(0), now);
            }
            Reply::Noted => self.request_now(now),
        }
        Ok(self.store.as_mut().is_some_and(|link| mem::take(&mut link.is_off)))
    }

    /// Records that the store failed or cannot be used: this process paces itself for a while.
    /// Returns true if the store worked before.
    pub(super) fn store_failed(&mut self, step: &Step, now: Duration) -> bool {
        let Some(link) = &mut self.store else { return false };
        link.off_until = now + LOOK_EVERY;
        link.reports.restore(step, now);
        (link.is_limited, link.waits_since) = (false, None);
        let is_new = !mem::replace(&mut link.is_off, true);
        if is_new {
            (self.request_at, self.slot) = (now, Slot::default());
        }
        is_new
    }

    pub(super) fn needs_driver(&self, now: Duration) -> bool {
        self.queue.len() > 0 || self.store.as_ref().is_some_and(|link| link.has_report(now))
    }

    pub(super) fn served(
        &mut self,
        turn: Turn,
        sent: Duration,
        limit: Option<RateLimit>,
        now: Duration,
    ) {
        let latency = now.saturating_sub(sent);
        let was_held = self.limiter.is_held();
        let epoch = turn.epoch;
        self.limiter.step(Step::Served { served: 1, epoch, latency }, now);
        let is_limited = self.is_limited(now);
        self.is_served = !is_limited;
        if let Some(link) = &mut self.store {
            // Requests that are served without an active limit say nothing about one.
            if is_limited {
                link.reports.served();
            }
            if let Some(epoch) = turn.store_epoch.filter(|_| turn.is_probe) {
                link.reports.served_probe = Some((epoch, latency));
            }
        }
        if was_held || self.rate == 0.0 {
            self.request_now(now);
        }
        self.quota.served(turn.number, limit, now, self.delays.max);
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
        self.is_served = false;
        let is_first = !self.is_limited(now);
        self.quota.rejected(turn.number);
        let Delays { base: base_delay, max: max_delay } = self.delays;
        if let Some(wait) = requested {
            self.floor = self.floor.max(now.saturating_add(wait.min(max_delay)));
        }
        let epoch_before = self.limiter.epoch();
        let (served, lasted) =
            if epoch_before == 0 { recent.busiest(now) } else { Default::default() };
        let (epoch, age) = (turn.epoch, Duration::ZERO);
        let rejection =
            Rejection { served, lasted, epoch, age, requested, base_delay, max_delay, random };
        self.limiter.step(Step::Rejected(rejection), now);
        let mut least = self.floor;
        if let Some(link) = &mut self.store {
            if is_first {
                link.reports.begin(served, lasted, now);
            }
            link.reports.rejected(turn.store_epoch.unwrap_or_default(), requested, now);
            link.is_limited |= link.is_up(now);
        }
        if self.store.as_ref().is_none_or(|link| !link.is_up(now)) {
            least = least.max(self.limiter.held_until());
        }
        if self.limiter.epoch() == epoch_before {
            self.request_now(now);
        } else {
            (self.request_at, self.rate) = (now, 0.0);
        }
        self.refuse_late(least, now);
    }

    /// Records a request that was abandoned, or got no response.
    pub(super) fn unanswered(&mut self, turn: Turn, now: Duration) {
        if turn.is_probe || self.limiter.is_slow_start() {
            self.limiter.step(Step::Unanswered { epoch: turn.epoch }, now);
            if let (Some(link), Some(epoch)) = (&mut self.store, turn.store_epoch) {
                link.reports.unanswered = Some(epoch);
            }
            self.request_now(now);
        }
    }

    /// Returns true if a limit is active, as far as this process knows.
    fn is_limited(&mut self, now: Duration) -> bool {
        now < self.floor
            || self.limiter.step(Step::Look, now) == Reply::Limited
            || self.store.as_ref().is_some_and(|link| link.is_limited)
    }

    fn look_when_due(&mut self, now: Duration) {
        if let Some(link) = &mut self.store
            && link.looked.is_none_or(|at| now >= at + LOOK_EVERY)
        {
            link.looked = Some(now);
            link.reports.look = true;
        }
    }

    /// Grants the turns of a reply, or waits for them.
    fn apply(&mut self, reply: Reply, store_epoch: Option<u64>, now: Duration) {
        match reply {
            Reply::Go { epoch, is_probe, turns, rate } => {
                (self.rate, self.slot) = (sound(rate), Slot::default());
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
                let all = self.queue.len().min(self.quota.left(now));
                self.queue.hurry();
                for _ in 0..all {
                    let turn = self.turn(None, false, now);
                    self.grant(turn, now);
                }
            }
            Reply::Limited | Reply::Noted => {}
        }
    }

    /// Grants a turn to the first waiting call. Returns false if no call waits.
    fn grant(&mut self, turn: Turn, now: Duration) -> bool {
        let is_calm = self.limiter.calm().contains(&now);
        while let Some((_, call)) = self.queue.take(turn.is_probe, is_calm) {
            if call.waker.send(Ok(turn)).is_ok() {
                self.unclaimed.insert(turn.id, (now + CLAIM_WITHIN, turn));
                return true;
            }
        }
        if turn.is_probe {
            self.unanswered(turn, now);
        }
        false
    }

    fn turn(&mut self, store_epoch: Option<u64>, is_probe: bool, now: Duration) -> Turn {
        let patience = self.patience();
        let number = Some(self.quota.take(now, patience));
        self.granted += 1;
        Turn { id: self.granted, epoch: self.limiter.epoch(), store_epoch, is_probe, number }
    }

    /// Ends the waits of calls that need a turn before this time, since none comes before it.
    fn refuse_late(&mut self, moment: Duration, now: Duration) {
        let wait = moment.saturating_sub(now);
        if !wait.is_zero() {
            for call in self.queue.take_late(moment) {
                call.waker.send(Err(wait)).ok();
            }
        }
    }

    /// Makes the next request for turns due now, because the limiter waited for the outcome that has
    /// come. The time of reserved turns is unchanged.
    fn request_now(&mut self, now: Duration) {
        if self.slot == Slot::default() {
            self.request_at = self.request_at.min(now);
        }
    }

    /// Returns the earliest time at which a call may have its turn, with `before` calls ahead of
    /// it.
    fn expected(&self, before: usize, now: Duration) -> Duration {
        let mut least = self.floor.max(self.quota.ready()).max(now);
        if self.queue.want() > 0 {
            least = least.max(self.request_at);
        }
        if self.store.is_none() && self.limiter.is_held() {
            least = least.max(self.limiter.held_until());
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

    fn patience(&self) -> Duration {
        MIN_PATIENCE.max(self.limiter.latency() * PATIENCE)
    }
}

/// Returns the rate that a store reports, or 0 if it is invalid.
fn sound(rate: f64) -> f64 {
    if rate.is_finite() && rate > 0.0 { rate } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_that_returns_at_once_has_one_beginning_and_one_end() {
        let delays = Delays { base: Duration::from_secs(1), max: Duration::from_secs(60) };
        let mut turns = Turns::new(delays, false);
        let mut now = Duration::from_secs(1);
        let mut changes = Vec::new();
        for is_rejected in [true, true, false] {
            // Longer than any limit lasts.
            now += Duration::from_secs(3_600);
            let hold = Duration::from_secs(10);
            let end = now + hold;
            let Entry::Go(turn) = turns.join(&mut None, false, end, now) else { panic!("limited") };
            changes.extend(turns.pause(now));
            if is_rejected {
                turns.rejected(turn, Some(hold), &Recent::default(), now, 0.5);
            } else {
                turns.served(turn, now, None, now);
            }
            changes.extend(turns.pause(now));
        }
        assert!(matches!(changes[..], [Pause::Begins(_), Pause::Ends]), "{changes:?}");
    }

    #[test]
    fn end_of_limit_is_not_missed_if_its_first_call_is_dropped() {
        let delays = Delays { base: Duration::from_secs(1), max: Duration::from_secs(60) };
        let mut turns = Turns::new(delays, false);
        let start = Duration::from_secs(1);
        turns.rejected(Turn::default(), None, &Recent::default(), start, 0.5);
        assert!(matches!(turns.pause(start), Some(Pause::Begins(_))));
        let end = start + Duration::from_secs(3_600);
        let Entry::Go(dropped) = turns.join(&mut None, false, Duration::MAX, end) else {
            panic!("limited")
        };
        turns.unanswered(dropped, end);
        assert_eq!((turns.free_until(end), turns.pause(end)), (Duration::ZERO, None));
        turns.served(Turn::default(), end, None, end);
        assert_eq!(turns.pause(end), Some(Pause::Ends));
        assert_eq!(turns.free_until(end), Duration::MAX);
    }
}
