//! [`Watch`]: the stream of `client.numbers(ids).watch(every)`. It asks for numbers again and again,
//! and tells only what changes. It works only while it is polled.
//!
//! [`rounds`] says which number is due when, and [`seen`] what of an answer counts and what has
//! changed: both pure. [`list`] is the list that a watch may follow, [`change`] what it tells, and
//! [`state`] what it knows.

pub(crate) mod change;
mod key;
mod list;
mod rounds;
pub(crate) mod seen;
pub(crate) mod state;
pub(crate) mod table;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use futures_util::{
    FutureExt, Stream, StreamExt, TryFutureExt,
    future::{AbortHandle, Abortable, Aborted, BoxFuture},
    stream::FuturesUnordered,
};
use tokio::time::{Instant, Sleep, sleep_until};

use self::{
    change::{Change, Current},
    key::{Key, KeyChange},
    list::List,
    rounds::{Outcome, Rounds},
    seen::{Changed, Seen},
    state::WatchState,
    table::{FleetEntry, FleetTable, TableWriter},
};
use crate::{
    ext::{
        call::on_wire::OnWire,
        client::{Client, trim::trimmed},
        clock,
        error::Error,
        number::{
            fleet::{CONCURRENCY, Numbers},
            handle::{Dated, NumberHandle},
        },
        trace,
    },
    types::{Number, NumberStatus},
};

/// A call whose request is on the wire for longer leaves its place to others.
const HANGS_AFTER: Duration = Duration::from_secs(10);
/// A longer interval counts as this one, which the clock has room for.
const MAX_EVERY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl<S: Stream<Item = String> + Send + 'static> Numbers<S> {
    /// Polls each number once in every interval, while the stream is polled. Reports each number
    /// first, and then only changes: see [`Watch`].
    ///
    /// The ids are collected before the first request, so a stream of ids must end.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) {
    /// use std::time::Duration;
    ///
    /// let mut changes = client.numbers(["num_1", "num_2"]).watch(Duration::from_secs(60));
    /// while let Some(change) = changes.next().await {
    ///     println!("{change}"); // num_2  ready → degraded: quality RED
    /// }
    /// # }
    /// ```
    #[doc(alias = "poll")]
    #[doc(alias = "subscribe")]
    pub fn watch(self, every: Duration) -> Watch {
        let Self { client, ids, concurrency, timeout, .. } = self;
        let ids = ids.map(|id| Arc::from(trimmed(id))).collect().boxed();
        Watch { concurrency, timeout, ..Watch::new(client, every, Ids::Coming(ids)) }
    }
}

impl Client {
    /// As [`Numbers::watch`], of all numbers of the key's tenant: [`list_numbers`](Self::list_numbers)
    /// is asked once in every interval, too, and numbers that come and go are changes:
    /// [`Changed::Listed`], [`Changed::Unlisted`]. Where the list fails, and where it is read again, it
    /// is a change without an id; the numbers are watched on meanwhile. While it has items that
    /// cannot be read, or an error beside some numbers, nobody is taken for gone; and where all numbers
    /// vanish at once, the list is asked for again before it is believed.
    #[doc(alias = "poll")]
    #[doc(alias = "subscribe")]
    #[doc(alias = "webhook")]
    #[must_use = "nothing is sent until the stream is polled"]
    pub fn watch_all(&self, every: Duration) -> Watch {
        Watch::new(self.clone(), every, Ids::Listed(Box::new(List::new(every, clock::random()))))
    }
}

/// A fleet's changes, as they are seen: an endless stream of [`Change`]; made by [`Numbers::watch`] and
/// [`Client::watch_all`].
///
/// - **First** each number is told as it is, then only what changes: readiness (level or reasons),
///   quality, messaging limit, connection state; an error that begins, changes or ends. A number that
///   fails disturbs no other. One that is gone (404) is asked for in every tenth round.
///   No error ends it.
/// - **A key that is refused** (401) is one change without an id. From then on one request is sent in
///   ten intervals, or in a minute if that is shorter, until one is accepted: another change without
///   an id, [`Current::KeyAccepted`]. To end on a refused key, look at [`Change::error`].
/// - **Codes are compared**, and no free text of the server, which may be new in each answer: nor is
///   that kept, or printed. A snapshot that is older than the one seen changes nothing.
/// - **No burst**: the numbers are spread evenly over the interval, and each keeps its place in it.
///   Each watch has an offset of its own, up to a second, so that programs that start at once do
///   not ask at once.
///   The first round takes [30 s](Self::first_round), or the interval if that is shorter.
/// - **Under a limit** calls wait in the client's queue, as all do, and never more of them than
///   [`concurrency`](Self::concurrency) says. Where the limit allows no more, rounds take longer
///   rather than pile up, and a call that was not sent is no change:
///   [`interval`](Self::interval) tells it, and with feature `tracing` a warning does. What is late is
///   made up for at twice the pace at most.
/// - **Ends** when it is dropped, with the calls under way. It ends by itself only without ids, and
///   after one change with an error where the interval is zero. Between polls it does nothing.
///
/// Its methods are for before the first poll, but for [`next`](Self::next), [`table`](Self::table),
/// [`interval`](Self::interval) and [`state`](Self::state).
#[must_use = "nothing is sent until the stream is polled"]
pub struct Watch {
    client: Client,
    every: Duration,
    ids: Ids,
    ask: Ask,
    concurrency: usize,
    timeout: Option<Duration>,
    counts: Option<Counts>,
    key: Key,
    /// At the first poll.
    start: Option<Instant>,
    rounds: Rounds,
    known: HashMap<Arc<str>, Seen>,
    /// The last answers, where they are kept.
    whole: Option<HashMap<Arc<str>, Arc<Number>>>,
    table: Option<TableWriter>,
    calls: FuturesUnordered<Abortable<BoxFuture<'static, Answer>>>,
    under_way: HashMap<Arc<str>, RunningCall>,
    /// One for all numbers.
    timer: Option<Pin<Box<Sleep>>>,
    /// Found, and not yet told.
    found: VecDeque<Change>,
    is_slow: bool,
}

/// A call that has not ended.
struct RunningCall {
    began: Duration,
    on_wire: OnWire,
    abort: AbortHandle,
}

type Answer = (Arc<str>, Result<Answered, Error>);

/// What a number answers.
enum Answered {
    Number(Arc<Number>, SystemTime),
    Status(NumberStatus),
}

type Counts = Box<dyn FnMut(&Seen, &Seen) -> bool + Send>;

/// What a number is asked for by.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Get,
    Refresh,
    Status,
}

/// Where the ids come from.
enum Ids {
    Coming(BoxFuture<'static, Vec<Arc<str>>>),
    Known,
    Listed(Box<List>),
}

impl Watch {
    fn new(client: Client, every: Duration, ids: Ids) -> Self {
        let every = every.min(MAX_EVERY);
        Self {
            client,
            every,
            ids,
            ask: Ask::Get,
            concurrency: CONCURRENCY,
            timeout: None,
            counts: None,
            key: Key::default(),
            start: None,
            rounds: Rounds::new(every),
            known: HashMap::new(),
            whole: None,
            table: None,
            calls: FuturesUnordered::new(),
            under_way: HashMap::new(),
            timer: None,
            found: VecDeque::new(),
            is_slow: false,
        }
    }

    /// Tells what this says counts, of what was seen last and what is seen now, rather than every
    /// change. What is seen for the first time, and what is no longer listed, is told in any case.
    ///
    /// ```
    /// # let client = pilot_status::Client::builder().api_key("ps_example").build()?;
    /// # let every = std::time::Duration::from_secs(60);
    /// let worse = client
    ///     .numbers(["num_1"])
    ///     .watch(every)
    ///     // None: it was never answered.
    ///     .on(|before, after| before.level.is_some() && after.level > before.level);
    /// # Ok::<(), pilot_status::Error>(())
    /// ```
    pub fn on(mut self, counts: impl FnMut(&Seen, &Seen) -> bool + Send + 'static) -> Self {
        self.counts = Some(Box::new(counts));
        self
    }

    /// Asks by [`NumberHandle::refresh`], so that the API asks Meta, rather than by
    /// [`NumberHandle::get`].
    pub fn refresh(mut self) -> Self {
        self.ask = Ask::Refresh;
        self
    }

    /// Asks by [`NumberHandle::status`], which is cheaper, and tells the state of the connection
    /// alone.
    pub fn statuses(mut self) -> Self {
        self.ask = Ask::Status;
        self
    }

    /// Keeps each number whole, so that a change has the [`previous`](Change::previous) one. Some
    /// kilobytes a number.
    pub fn keep_whole(mut self) -> Self {
        self.whole = Some(HashMap::new());
        self
    }

    /// The fleet as this watch knows it, for those who ask rather than wait for changes. The watch
    /// fills it while it is polled. Some kilobytes a number.
    #[doc(alias = "cache")]
    pub fn table(&mut self) -> FleetTable {
        self.table.get_or_insert_with(TableWriter::new).reader()
    }

    /// The next change, as `StreamExt::next` of `futures` returns it.
    pub async fn next(&mut self) -> Option<Change> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The time of the first round, over which the numbers are spread, where it is shorter than the
    /// interval. Default: 30 s. Under a limit it takes longer.
    pub fn first_round(mut self, time: Duration) -> Self {
        self.rounds.first_round(time);
        self
    }

    /// The time that each call may take, that for the list included, as [`NumberHandle::timeout`];
    /// also by [`Numbers::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many are asked for at once; 0 counts as 1. Default: 16, or that of
    /// [`Numbers::concurrency`]. A call whose request has been on the wire for ten seconds does not
    /// count, so that numbers that hang do not stop the others; one that waits for its turn does. The
    /// call for the list does not count.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Goes on from what another watch knew: only what has changed since is told.
    pub fn resume(mut self, state: WatchState) -> Self {
        self.known = state.into_known();
        self
    }

    /// What it knows, to be given back by [`resume`](Self::resume).
    #[must_use]
    pub fn state(&self) -> WatchState {
        WatchState::of(&self.known)
    }

    /// From one answer to the next about the same number: the interval that was asked for, or more
    /// where the limit or [`concurrency`](Self::concurrency) allows no more.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.rounds.interval(self.now())
    }

    /// Since the first poll.
    fn now(&self) -> Duration {
        self.start.map_or(Duration::ZERO, |start| clock::now() - start)
    }

    /// Takes the ids, once they are there.
    fn poll_ids(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Ids::Coming(ids) = &mut self.ids {
            let ids = ready!(ids.poll_unpin(cx));
            self.ids = Ids::Known;
            self.rounds.fill(ids, self.now(), clock::random());
            let rounds = &self.rounds;
            self.known.retain(|id, _| rounds.contains(id));
        }
        self.start.get_or_insert_with(clock::now);
        Poll::Ready(())
    }

    /// Does what can be done now; whether there was anything.
    fn work(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        match self.calls.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok((id, answer)))) => {
                self.answered(id, answer, now);
                return true;
            }
            Poll::Ready(Some(Err(Aborted))) => return true,
            Poll::Ready(None) | Poll::Pending => {}
        }
        self.follow_list(cx, now) || self.call(now)
    }

    /// Takes the list, where it is followed and there; whether it was.
    fn follow_list(&mut self, cx: &mut Context<'_>, now: Duration) -> bool {
        let Ids::Listed(list) = &mut self.ids else { return false };
        let call = || self.client.fetch_list(self.timeout);
        let Some(answer) = list.poll(call, self.every, cx, now) else { return false };
        // While the key is refused, only a probe is under way.
        if self.check_key(now, answer.as_ref().err(), now) {
            return true;
        }
        if let Some(table) = &self.table {
            table.set_error(answer.as_ref().err());
        }
        let Ids::Listed(list) = &mut self.ids else { return false };
        let is_under_way = |id: &Arc<str>| self.under_way.contains_key(id);
        let (random, times) = (clock::random(), (now, clock::wall().into()));
        let found =
            list.follow(answer, &mut self.rounds, &mut self.known, is_under_way, random, times);
        self.found.extend(found);
        if let Some(whole) = &mut self.whole {
            whole.retain(|id, _| self.rounds.contains(id));
        }
        if let Some(table) = &self.table {
            table.retain(|id| self.rounds.contains(id), self.rounds.len());
        }
        // One that has left is not asked for; a request on the wire cannot be taken back.
        self.under_way.retain(|id, call| {
            let goes_on = self.rounds.contains(id) || call.on_wire.since().is_some();
            if !goes_on {
                call.abort.abort();
            }
            goes_on
        });
        true
    }

    /// Asks for who is due; whether there was anybody.
    fn call(&mut self, now: Duration) -> bool {
        if self.has_room_at() > now {
            return false;
        }
        let Some(id) = self.rounds.take(now) else { return false };
        self.tell_slowness(now);
        let number = self.client.number(&*id);
        let number = match self.timeout {
            Some(timeout) => number.timeout(timeout),
            None => number,
        };
        let (abort, registration) = AbortHandle::new_pair();
        let on_wire = OnWire::default();
        let call = on_wire.of(ask(self.ask, Arc::clone(&id), &number)).boxed();
        self.calls.push(Abortable::new(call, registration));
        self.under_way.insert(id, RunningCall { began: now, on_wire, abort });
        self.hold_while_refused(now);
        true
    }

    /// When one more may be asked for, unless an answer comes first.
    fn has_room_at(&self) -> Duration {
        let since = |call: &RunningCall| Some(call.on_wire.since()? - self.start?);
        room_at(self.under_way.values().map(since).collect(), self.concurrency)
    }

    fn answered(&mut self, id: Arc<str>, answer: Result<Answered, Error>, now: Duration) {
        let began = self.under_way.remove(&id).map_or(now, |call| call.began);
        if !self.rounds.contains(&id) {
            return;
        }
        if self.check_key(began, answer.as_ref().err(), now) {
            self.rounds.done(id, now, Outcome::NotSent);
            return;
        }
        let ended = match &answer {
            Err(error) if error.is_not_found() => Outcome::Gone,
            Err(error) if error.is_not_admitted() => Outcome::NotSent,
            _ => Outcome::Answered,
        };
        self.rounds.done(Arc::clone(&id), now, ended);
        if ended == Outcome::NotSent {
            return;
        }
        let before = self.known.get(&id).cloned();
        let wall = clock::wall();
        let at = wall.into();
        let is_old = match (&before, &answer) {
            (Some(before), Ok(Answered::Number(number, _))) => before.is_newer_than(number),
            _ => false,
        };
        let (after, current) = match answer {
            Ok(Answered::Number(number, server_time)) => {
                // Of an older snapshot only that the number answers is new.
                let after = if is_old {
                    Seen::of_state(before.as_ref(), None)
                } else {
                    Seen::of(before.as_ref(), &number, server_time.into())
                };
                (after, Current::Number(number))
            }
            Ok(Answered::Status(status)) => {
                let after = Seen::of_state(before.as_ref(), status.state.as_ref());
                (after, Current::Status(Arc::new(status)))
            }
            Err(error) => (Seen::failed(before.as_ref(), &error), Current::Failed(error)),
        };
        if is_old && before.as_ref() == Some(&after) {
            return;
        }
        let previous = match (&mut self.whole, &current) {
            (Some(whole), Current::Number(number)) if !is_old => {
                whole.insert(Arc::clone(&id), Arc::clone(number))
            }
            (Some(whole), _) => whole.get(&id).cloned(),
            (None, _) => None,
        };
        let mut changed = after.changes(before.as_ref());
        if let Ids::Listed(list) = &mut self.ids
            && list.is_first_of(&id)
        {
            changed.push(Changed::Listed);
        }
        self.known.insert(Arc::clone(&id), after.clone());
        if let Some(table) = &self.table {
            let number = match &current {
                Current::Number(number) if !is_old => Some(Arc::clone(number)),
                _ => None,
            };
            let (id, seen) = (Arc::clone(&id), after.clone());
            let entry = FleetEntry { id, seen, number, seen_at: wall };
            table.enter(entry, self.rounds.len());
        }
        let counts = match (&mut self.counts, &before) {
            (Some(counts), Some(before)) => counts(before, &after),
            _ => !changed.is_empty(),
        };
        if counts {
            let id = Some(id);
            self.found.push_back(Change { id, before, after, current, previous, changed, at });
        }
    }

    /// Emits a change where the key is refused or accepted again. Returns whether this answer refuses
    /// it, which is no news of one number.
    fn check_key(&mut self, began: Duration, error: Option<&Error>, now: Duration) -> bool {
        let current = match self.key.answered(began, error, now) {
            Some(KeyChange::Refused) => {
                trace::key_refused();
                error.cloned().map(|error| (Current::Failed(error), Changed::ErrorBegan))
            }
            Some(KeyChange::Accepted) => {
                trace::key_accepted();
                self.rounds.start_again(now);
                if let Ids::Listed(list) = &mut self.ids {
                    list.start_again(now);
                }
                Some((Current::KeyAccepted, Changed::ErrorEnded))
            }
            None => None,
        };
        if let Some((current, changed)) = current {
            let change = Change::of_watch(None, current, changed, clock::wall().into());
            if let Some(table) = &self.table {
                table.set_error(change.error());
            }
            self.found.push_back(change);
        }
        self.hold_while_refused(now);
        error.is_some_and(Error::is_unauthorized)
    }

    /// While the key is refused, one request at a time is sent, seldom: for a number, or for the
    /// list as long as no number is known.
    fn hold_while_refused(&mut self, now: Duration) {
        let Some(probe) = self.key.next_probe(self.every, now) else { return };
        self.rounds.hold_until(probe);
        if let Ids::Listed(list) = &mut self.ids {
            list.hold_until(if self.rounds.is_empty() { probe } else { Duration::MAX });
        }
    }

    /// A warning, once, where rounds take twice the time that was asked for.
    fn tell_slowness(&mut self, now: Duration) {
        let interval = self.rounds.interval(now);
        if interval > 2 * self.every && !self.is_slow {
            self.is_slow = true;
            trace::slow_rounds(self.every, interval);
        } else if interval < self.every * 3 / 2 {
            self.is_slow = false;
        }
    }

    /// Waits until there is something to do, unless an answer comes first.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let number = self.rounds.wake().map(|wake| wake.max(self.has_room_at()));
        let list = match &self.ids {
            Ids::Listed(list) => list.wake(),
            Ids::Coming(_) | Ids::Known => None,
        };
        let wake = number.into_iter().chain(list).min();
        // One that is beyond the clock never comes.
        let at = wake.and_then(|wake| self.start?.checked_add(wake));
        let Some(at) = at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll_unpin(cx)
    }

    fn is_over(&self) -> bool {
        matches!(self.ids, Ids::Known) && self.rounds.is_empty()
    }

    /// An interval of zero has one change, and then no more.
    fn refuse(&mut self) -> Option<Change> {
        self.start.replace(clock::now()).is_none().then(|| {
            let sentence = "the interval of a watch is 0: give the time from one request about a number to the next";
            let current = Current::Failed(Error::invalid_input(sentence));
            Change::of_watch(None, current, Changed::ErrorBegan, clock::wall().into())
        })
    }
}

impl Stream for Watch {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let this = self.get_mut();
        if this.every.is_zero() {
            return Poll::Ready(this.refuse());
        }
        ready!(this.poll_ids(cx));
        loop {
            if let Some(change) = this.found.pop_front() {
                return Poll::Ready(Some(change));
            }
            if this.is_over() {
                return Poll::Ready(None);
            }
            if !this.work(cx) {
                ready!(this.poll_timer(cx));
            }
        }
    }
}

/// When fewer calls than `concurrency` count, of calls that are on the wire since these times or wait;
/// never, if that depends on those that wait.
fn room_at(calls: Vec<Option<Duration>>, concurrency: usize) -> Duration {
    let Some(excess) = calls.len().checked_sub(concurrency) else { return Duration::ZERO };
    let mut sent: Vec<_> = calls.into_iter().flatten().collect();
    sent.sort_unstable();
    sent.get(excess).map_or(Duration::MAX, |sent| *sent + HANGS_AFTER)
}

fn answered((number, server_time): Dated) -> Answered {
    Answered::Number(Arc::new(number), server_time)
}

/// One question about a number.
fn ask(ask: Ask, id: Arc<str>, number: &NumberHandle) -> BoxFuture<'static, Answer> {
    let answer = match ask {
        Ask::Get => number.dated_get().map_ok(answered).boxed(),
        Ask::Refresh => number.dated_refresh().map_ok(answered).boxed(),
        Ask::Status => number.status().map_ok(Answered::Status).boxed(),
    };
    answer.map(|answer| (id, answer)).boxed()
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("every", &self.every)
            .field("ask", &self.ask)
            .field("known", &self.known.len())
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hung_calls_release_their_slots() {
        let at = |second: &u64| (*second > 0).then(|| Duration::from_secs(*second));
        let cases: [(&[u64], Duration); 9] = [
            (&[], Duration::ZERO),
            (&[5], Duration::ZERO),
            (&[5, 6], Duration::from_secs(15)),
            (&[6, 5], Duration::from_secs(15)),
            // Of three, the oldest does not count when the two others do.
            (&[5, 20, 21], Duration::from_secs(30)),
            (&[5, 6, 20, 21], Duration::from_secs(30)),
            // Calls that wait are no calls that hang, however long.
            (&[0, 5], Duration::from_secs(15)),
            (&[0, 0], Duration::MAX),
            (&[0, 0, 5], Duration::MAX),
        ];
        for (calls, expected) in cases {
            assert_eq!(room_at(calls.iter().map(at).collect(), 2), expected, "{calls:?}");
        }
    }
}
