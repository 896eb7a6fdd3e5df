//! [`Watch`]: the stream of `client.numbers(ids).watch(every)`. It polls numbers at an interval and
//! emits their changes. It works only while it is polled.
//!
//! [`rounds`] schedules the requests, and [`seen`] compares responses: both pure. [`list`] follows the
//! list of numbers, [`key`] a refused key. [`change`] is what the stream emits, [`state`] what a program
//! stores, and [`table`] what handlers read.

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
    change::{Change, ChangeSource},
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
        client::Client,
        clock,
        error::Error,
        number::{
            fleet::{CONCURRENCY, Numbers},
            handle::{Dated, NumberHandle},
        },
        number_id::NumberId,
        trace,
    },
    types::{Number, NumberStatus},
};

/// A call whose request is on the wire for longer no longer counts toward `concurrency`.
const HANGS_AFTER: Duration = Duration::from_secs(10);
/// The longest interval that the clock can represent; longer ones are shortened to it.
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
        let ids = ids.map(NumberId::try_from).collect().boxed();
        Watch { concurrency, timeout, ..Watch::new(client, every, Ids::Pending(ids)) }
    }
}

impl Client {
    /// Watches all numbers of the key's tenant, as [`Numbers::watch`] does for given ids.
    ///
    /// It also calls [`list_numbers`](Self::list_numbers) once in every interval. A number that
    /// appears in the list is a change with [`Changed::Listed`], one that disappears a change with
    /// [`Changed::Unlisted`]. A list that fails is a change without an id, and so is its first success
    /// afterwards; the listed numbers are watched meanwhile. A list with malformed items removes no
    /// number. If all numbers disappear at once, the list is requested a second time to confirm it.
    #[doc(alias = "poll")]
    #[doc(alias = "subscribe")]
    #[doc(alias = "webhook")]
    #[must_use = "nothing is sent until the stream is polled"]
    pub fn watch_all(&self, every: Duration) -> Watch {
        Watch::new(self.clone(), every, Ids::Listed(Box::new(List::new(every, clock::random()))))
    }
}

/// An endless stream of the changes in a fleet, made by [`Numbers::watch`] and [`Client::watch_all`].
///
/// - **First** it emits the state of each number, and then only changes: readiness (level or reasons),
///   quality, messaging limit, connection state; an error that begins, changes or ends. A number that
///   fails does not affect the others. A number that does not exist (404) is polled in every tenth
///   round. No error ends the stream.
/// - **A refused key** (401) is one change without an id. The watch then sends one request
///   every ten intervals, at most a minute apart unless the interval is longer, until one is accepted:
///   another change without an id, [`ChangeSource::KeyAccepted`]. To end on a refused key, test [`Change::error`].
/// - **Codes are compared.** Free text of the server may differ in each response, so it is ignored. A
///   snapshot older than the last one changes nothing.
/// - **Requests are spread evenly** over the interval. Each watch starts at a random offset of up to a
///   second, so programs that start together do not send together. The first round takes
///   [30 s](Self::first_round), or the interval if that is shorter.
/// - **Under a rate limit** calls wait in the client's queue, at most
///   [`concurrency`](Self::concurrency) of them. Rounds take longer if the limit requires it, and a call
///   that was not sent is no change. [`interval`](Self::interval) returns the actual interval, and
///   feature `tracing` logs a warning. Overdue requests are sent at up to twice the usual pace.
/// - **One runtime**: poll it on the tokio runtime of its first poll.
/// - **Dropping it** cancels its calls. It ends by itself if it has no ids, and after one change with an
///   error if the interval is zero. Between polls it does nothing.
///
/// Configure it before the first poll. [`next`](Self::next), [`table`](Self::table),
/// [`interval`](Self::interval) and [`state`](Self::state) may be called at any time.
#[must_use = "nothing is sent until the stream is polled"]
pub struct Watch {
    client: Client,
    every: Duration,
    ids: Ids,
    operation: Operation,
    concurrency: usize,
    timeout: Option<Duration>,
    filter: Option<Filter>,
    key: Key,
    /// The time of the first poll.
    start: Option<Instant>,
    rounds: Rounds,
    known: HashMap<NumberId, Seen>,
    /// The last number of each id, after [`keep_whole`](Self::keep_whole).
    whole: Option<HashMap<NumberId, Arc<Number>>>,
    table: TableWriter,
    calls: FuturesUnordered<Abortable<BoxFuture<'static, Response>>>,
    running: HashMap<NumberId, RunningCall>,
    /// The only timer, for the earliest event.
    timer: Option<Pin<Box<Sleep>>>,
    /// Changes that the stream has not emitted yet.
    ready: VecDeque<Change>,
    is_slow: bool,
}

/// A call that has not ended.
struct RunningCall {
    began: Duration,
    on_wire: OnWire,
    abort: AbortHandle,
}

type Response = (NumberId, Result<Reading, Error>);

/// The value of a successful call.
enum Reading {
    Number(Arc<Number>, SystemTime),
    Status(Arc<NumberStatus>),
}

type Filter = Box<dyn FnMut(&Seen, &Seen) -> bool + Send>;

/// The operation that polls a number.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Get,
    Refresh,
    Status,
}

/// The source of the ids.
enum Ids {
    Pending(BoxFuture<'static, Vec<Result<NumberId, Error>>>),
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
            operation: Operation::Get,
            concurrency: CONCURRENCY,
            timeout: None,
            filter: None,
            key: Key::default(),
            start: None,
            rounds: Rounds::new(every),
            known: HashMap::new(),
            whole: None,
            table: TableWriter::new(),
            calls: FuturesUnordered::new(),
            running: HashMap::new(),
            timer: None,
            ready: VecDeque::new(),
            is_slow: false,
        }
    }

    /// Emits only the changes for which `filter` returns true. It receives the values before and after.
    /// The first state of a number, and a number that is no longer listed, are always emitted.
    ///
    /// ```
    /// # let client = pilot_status::Client::builder().api_key("ps_example").build()?;
    /// # let every = std::time::Duration::from_secs(60);
    /// let worse = client
    ///     .numbers(["num_1"])
    ///     .watch(every)
    ///     // The level is None before the first success.
    ///     .on(|before, after| before.level.is_some() && after.level > before.level);
    /// # Ok::<(), pilot_status::Error>(())
    /// ```
    pub fn on(mut self, filter: impl FnMut(&Seen, &Seen) -> bool + Send + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// Polls with [`NumberHandle::refresh`] instead of [`NumberHandle::get`], so that the API queries
    /// Meta.
    pub fn refresh(mut self) -> Self {
        self.operation = Operation::Refresh;
        self
    }

    /// Polls with [`NumberHandle::status`], which is cheaper and returns only the connection state.
    pub fn statuses(mut self) -> Self {
        self.operation = Operation::Status;
        self
    }

    /// Retains each number, so that a change has the [`previous`](Change::previous) one. This takes
    /// some kilobytes per number.
    pub fn keep_whole(mut self) -> Self {
        self.whole = Some(HashMap::new());
        self
    }

    /// Returns a table of the fleet for readers that do not follow the changes, such as request
    /// handlers. The watch fills it while it is polled. This takes some kilobytes per number. A table
    /// that is made after the first poll begins with the known values, and is complete after one more
    /// round.
    #[doc(alias = "cache")]
    pub fn table(&mut self) -> FleetTable {
        self.table.reader(&self.known)
    }

    /// Returns the next change, or `None` at the end of the stream. Dropping the future loses no change,
    /// so it can be used in `tokio::select!`.
    pub async fn next(&mut self) -> Option<Change> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sets the length of the first round, over which the first requests are spread. Default: 30 s,
    /// at most the interval. Under a rate limit the round takes longer.
    pub fn first_round(mut self, time: Duration) -> Self {
        self.rounds.first_round(time);
        self
    }

    /// Sets the timeout of each call, including calls for the list. Default: that of
    /// [`Numbers::timeout`], or the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the number of concurrent calls; 0 counts as 1. Default: 16, or that of
    /// [`Numbers::concurrency`]. A call that waits for its turn counts. A call whose request has been
    /// on the wire for ten seconds does not, so numbers that hang do not stop the others. The
    /// call for the list does not count either.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Continues from the state of an earlier watch: only changes since then are emitted. With
    /// [`Client::watch_all`], an id that is no longer in the list is emitted as [`Changed::Unlisted`].
    pub fn resume(mut self, state: WatchState) -> Self {
        self.known = state.into_known();
        self.table.resume(&self.known);
        self
    }

    /// Returns the last known values of each number, for a later [`resume`](Self::resume).
    #[must_use]
    pub fn state(&self) -> WatchState {
        WatchState::of(&self.known)
    }

    /// Returns the time between two polls of the same number: the configured interval, or longer
    /// under a rate limit or a low [`concurrency`](Self::concurrency).
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.rounds.interval(self.now())
    }

    /// Returns the time since the first poll.
    fn now(&self) -> Duration {
        self.start.map_or(Duration::ZERO, |start| clock::now() - start)
    }

    /// Collects the ids.
    fn poll_ids(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Ids::Pending(ids) = &mut self.ids {
            let ids = ready!(ids.poll_unpin(cx));
            self.ids = Ids::Known;
            let mut valid = Vec::with_capacity(ids.len());
            for id in ids {
                match id {
                    Ok(id) => valid.push(id),
                    Err(error) => {
                        let change = Change::failure(None, error, clock::wall().into());
                        self.ready.push_back(change);
                    }
                }
            }
            self.rounds.fill(valid, self.now(), clock::random());
            let rounds = &self.rounds;
            self.known.retain(|id, _| rounds.contains(id));
            self.table.retain(|id| rounds.contains(id), Some(rounds.len()));
        }
        self.start.get_or_insert_with(clock::now);
        Poll::Ready(())
    }

    /// Does one step that is possible now. Returns false if there was none.
    fn work(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        match self.calls.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok((id, result)))) => {
                self.finish(id, result, now);
                return true;
            }
            Poll::Ready(Some(Err(Aborted))) => return true,
            Poll::Ready(None) | Poll::Pending => {}
        }
        self.follow_list(cx, now) || self.call(now)
    }

    /// Processes a response of the list, if the list is followed. Returns false if there was none.
    fn follow_list(&mut self, cx: &mut Context<'_>, now: Duration) -> bool {
        let Ids::Listed(list) = &mut self.ids else { return false };
        let call = || self.client.fetch_list(self.timeout);
        let Some(answer) = list.poll(call, self.every, cx, now) else { return false };
        // While the key is refused, the only request is a probe.
        if self.check_key(now, answer.as_ref().err(), now) {
            return true;
        }
        let is_sent = !answer.as_ref().is_err_and(Error::is_not_admitted);
        if is_sent && !self.key.is_refused() {
            self.table.set_error(answer.as_ref().err());
        }
        let Ids::Listed(list) = &mut self.ids else { return false };
        let is_running = |id: &NumberId| self.running.contains_key(id);
        let (random, times) = (clock::random(), (now, clock::wall().into()));
        let changes =
            list.follow(answer, &mut self.rounds, &mut self.known, is_running, random, times);
        self.ready.extend(changes);
        if let Some(whole) = &mut self.whole {
            whole.retain(|id, _| self.rounds.contains(id));
        }
        // Numbers of a resumed state stay until a list could be read.
        let stays = |id: &NumberId| self.rounds.contains(id) || self.known.contains_key(id);
        self.table.retain(stays, self.fleet_size());
        // A request on the wire cannot be taken back, so its call continues.
        self.running.retain(|id, call| {
            let goes_on = self.rounds.contains(id) || call.on_wire.since().is_some();
            if !goes_on {
                call.abort.abort();
            }
            goes_on
        });
        true
    }

    /// Starts the call of the next due number. Returns false if no number is due.
    fn call(&mut self, now: Duration) -> bool {
        if self.has_room_at() > now {
            return false;
        }
        let Some(id) = self.rounds.take(now) else { return false };
        self.warn_if_slow(now);
        let number = self.client.number(&id);
        let number = match self.timeout {
            Some(timeout) => number.timeout(timeout),
            None => number,
        };
        let (abort, registration) = AbortHandle::new_pair();
        let on_wire = OnWire::default();
        let call = on_wire.of(poll_number(self.operation, id.clone(), &number)).boxed();
        self.calls.push(Abortable::new(call, registration));
        self.running.insert(id, RunningCall { began: now, on_wire, abort });
        self.hold_while_refused(now);
        true
    }

    /// Returns the time from which another call may start, unless one ends earlier.
    fn has_room_at(&self) -> Duration {
        let since = |call: &RunningCall| Some(call.on_wire.since()? - self.start?);
        room_at(self.running.values().map(since).collect(), self.concurrency)
    }

    fn finish(&mut self, id: NumberId, result: Result<Reading, Error>, now: Duration) {
        let began = self.running.remove(&id).map_or(now, |call| call.began);
        if !self.rounds.contains(&id) {
            return;
        }
        if self.check_key(began, result.as_ref().err(), now) {
            self.rounds.done(id, now, Outcome::NotSent);
            return;
        }
        let outcome = match &result {
            Err(error) if error.is_not_found() => Outcome::Gone,
            Err(error) if error.is_not_admitted() => Outcome::NotSent,
            _ => Outcome::Answered,
        };
        self.rounds.done(id.clone(), now, outcome);
        if outcome != Outcome::NotSent {
            self.record(id, result);
        }
    }

    /// Compares a result with the last one, stores it, and queues a change if there is one.
    fn record(&mut self, id: NumberId, result: Result<Reading, Error>) {
        let before = self.known.get(&id).cloned();
        let at = clock::wall().into();
        let is_old = match (&before, &result) {
            (Some(before), Ok(Reading::Number(number, server_time))) => {
                before.is_newer_than(number, (*server_time).into())
            }
            _ => false,
        };
        let after = match &result {
            // An old snapshot shows only that the number responds.
            Ok(Reading::Number(..)) if is_old => Seen::of_state(before.as_ref(), None),
            Ok(Reading::Number(number, server_time)) => {
                Seen::of(before.as_ref(), number, (*server_time).into())
            }
            Ok(Reading::Status(status)) => Seen::of_state(before.as_ref(), status.state.as_ref()),
            Err(error) => Seen::failed(before.as_ref(), error),
        };
        let (source, number, status, error) = match result {
            Ok(Reading::Number(number, _)) => (ChangeSource::Number, Some(number), None, None),
            Ok(Reading::Status(status)) => (ChangeSource::Status, None, Some(status), None),
            Err(error) => (ChangeSource::Failed, None, None, Some(error)),
        };
        self.table.enter(
            FleetEntry {
                id: id.clone(),
                seen: after.clone(),
                number: number.clone(),
                seen_at: after.error.is_none().then_some(at),
                polled_at: Some(at),
            },
            is_old,
            self.fleet_size(),
        );
        if is_old && before.as_ref() == Some(&after) {
            return;
        }
        let previous =
            self.whole.as_mut().and_then(|whole| match number.as_ref().filter(|_| !is_old) {
                Some(number) => whole.insert(id.clone(), Arc::clone(number)),
                None => whole.get(&id).cloned(),
            });
        let mut changed = after.changes(before.as_ref());
        if let Ids::Listed(list) = &mut self.ids
            && list.is_first_of(&id)
        {
            changed.push(Changed::Listed);
        }
        self.known.insert(id.clone(), after.clone());
        let is_emitted = match (&mut self.filter, &before) {
            (Some(filter), Some(before)) => filter(before, &after),
            _ => !changed.is_empty(),
        };
        if is_emitted {
            let id = Some(id);
            self.ready.push_back(Change {
                id,
                at,
                source,
                changed,
                before,
                after,
                number,
                previous,
                status,
                error,
            });
        }
    }

    /// Queues a change if the key is refused or accepted again. Returns true if this result refuses
    /// it, since a 401 is about the key and not about a number.
    fn check_key(&mut self, began: Duration, error: Option<&Error>, now: Duration) -> bool {
        let at = clock::wall().into();
        let change = match (self.key.check(began, error, now), error) {
            (Some(KeyChange::Refused), Some(error)) => {
                trace::key_refused();
                Some(Change::failure(None, error.clone(), at))
            }
            (Some(KeyChange::Accepted), _) => {
                trace::key_accepted();
                self.rounds.start_again(now);
                if let Ids::Listed(list) = &mut self.ids {
                    list.start_again(now);
                }
                let cause = (ChangeSource::KeyAccepted, Changed::ErrorEnded);
                Some(Change::new(None, None, Seen::default(), cause, at))
            }
            (Some(KeyChange::Refused), None) | (None, _) => None,
        };
        if let Some(change) = change {
            self.table.set_error(change.error.as_ref());
            self.ready.push_back(change);
        }
        self.hold_while_refused(now);
        error.is_some_and(Error::is_unauthorized)
    }

    /// Delays everything but the next probe while the key is refused. The probe is a request for a
    /// number, or for the list if no number is known.
    fn hold_while_refused(&mut self, now: Duration) {
        let Some(probe) = self.key.next_probe(self.every, now) else { return };
        self.rounds.hold_until(probe);
        if let Ids::Listed(list) = &mut self.ids {
            list.hold_until(if self.rounds.is_empty() { probe } else { Duration::MAX });
        }
    }

    /// Logs a warning, once, if rounds take twice the configured interval.
    fn warn_if_slow(&mut self, now: Duration) {
        let interval = self.rounds.interval(now);
        if interval > 2 * self.every && !self.is_slow {
            self.is_slow = true;
            trace::slow_rounds(self.every, interval);
        } else if interval < self.every * 3 / 2 {
            self.is_slow = false;
        }
    }

    /// Waits for the next due request, unless a response arrives earlier.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let number = self.rounds.wake().map(|wake| wake.max(self.has_room_at()));
        let list = match &self.ids {
            Ids::Listed(list) => list.wake(),
            Ids::Pending(_) | Ids::Known => None,
        };
        let wake = number.into_iter().chain(list).min();
        // A time that the clock cannot represent never comes.
        let at = wake.and_then(|wake| self.start?.checked_add(wake));
        let Some(at) = at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll_unpin(cx)
    }

    /// Returns the count of watched numbers; `None` before the list is known.
    fn fleet_size(&self) -> Option<usize> {
        let is_known = match &self.ids {
            Ids::Pending(_) => false,
            Ids::Known => true,
            Ids::Listed(list) => list.was_read(),
        };
        is_known.then(|| self.rounds.len())
    }

    fn is_over(&self) -> bool {
        matches!(self.ids, Ids::Known) && self.rounds.is_empty()
    }

    /// Returns one change with an error for an interval of zero, and then `None`.
    fn refuse(&mut self) -> Option<Change> {
        self.start.replace(clock::now()).is_none().then(|| {
            let sentence = "the interval of a watch is 0: set the time between two requests for the same number";
            let error = Error::invalid_input(sentence);
            self.table.set_error(Some(&error));
            Change::failure(None, error, clock::wall().into())
        })
    }
}

impl Stream for Watch {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let this = self.get_mut();
        if this.every.is_zero() {
            let change = this.refuse();
            this.table.end();
            return Poll::Ready(change);
        }
        ready!(this.poll_ids(cx));
        loop {
            if let Some(change) = this.ready.pop_front() {
                return Poll::Ready(Some(change));
            }
            if this.is_over() {
                this.table.end();
                return Poll::Ready(None);
            }
            if !this.work(cx) {
                ready!(this.poll_timer(cx));
            }
        }
    }
}

/// Returns the time from which fewer than `concurrency` calls count. `calls` has the time since which
/// each is on the wire; `None` if it waits for its turn. Waiting calls count without limit.
fn room_at(calls: Vec<Option<Duration>>, concurrency: usize) -> Duration {
    let Some(excess) = calls.len().checked_sub(concurrency) else { return Duration::ZERO };
    let mut sent: Vec<_> = calls.into_iter().flatten().collect();
    sent.sort_unstable();
    sent.get(excess).map_or(Duration::MAX, |sent| *sent + HANGS_AFTER)
}

fn reading((number, server_time): Dated) -> Reading {
    Reading::Number(Arc::new(number), server_time)
}

fn poll_number(
    operation: Operation,
    id: NumberId,
    number: &NumberHandle,
) -> BoxFuture<'static, Response> {
    let result = match operation {
        Operation::Get => number.dated_get().map_ok(reading).boxed(),
        Operation::Refresh => number.dated_refresh().map_ok(reading).boxed(),
        Operation::Status => {
            number.status().map_ok(|status| Reading::Status(Arc::new(status))).boxed()
        }
    };
    result.map(|result| (id, result)).boxed()
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("every", &self.every)
            .field("operation", &self.operation)
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
            // The oldest of three stops counting; the two others still count.
            (&[5, 20, 21], Duration::from_secs(30)),
            (&[5, 6, 20, 21], Duration::from_secs(30)),
            // A call that waits for its turn always counts.
            (&[0, 5], Duration::from_secs(15)),
            (&[0, 0], Duration::MAX),
            (&[0, 0, 5], Duration::MAX),
        ];
        for (calls, expected) in cases {
            assert_eq!(room_at(calls.iter().map(at).collect(), 2), expected, "{calls:?}");
        }
    }
}
