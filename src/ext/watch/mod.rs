//! [`Watch`]: the stream of `client.numbers(ids).watch(every)`. It polls numbers at an interval and
//! emits their changes. It works only while it is polled.
//!
//! A poll of the stream starts the next due call, or processes one that has ended. [`rounds`] schedules
//! the calls, [`calls`] holds the running ones, and [`results`] processes a response or a list.
//! [`seen`] compares responses, and [`faults`] knows a refused key and an outage. [`change`] is what
//! the stream emits, [`state`] what a program stores, [`run`] the loop that stores it, [`table`] what
//! handlers read, and [`freshness`] their lookup.

mod calls;
pub(crate) mod change;
mod faults;
pub(crate) mod freshness;
mod results;
mod rounds;
mod run;
pub(crate) mod seen;
pub(crate) mod state;
pub(crate) mod table;

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{FutureExt, Stream, StreamExt, future::BoxFuture};
use tokio::time::{Instant, Sleep, sleep_until};

use self::{
    calls::{Answer, Calls, Operation},
    change::Change,
    faults::Faults,
    rounds::Rounds,
    seen::Seen,
    state::WatchState,
    table::{FleetTable, TableWriter},
};
use crate::ext::{
    client::Client,
    clock,
    error::Error,
    number::{
        fleet::{CONCURRENCY, Numbers},
        handle::NumberHandle,
    },
    number_id::NumberId,
    trace,
};

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
        Watch { concurrency, timeout, ..Watch::new(client, every, Some(ids)) }
    }
}

impl Client {
    /// Watches all numbers of the key's tenant, as [`Numbers::watch`] does for given ids.
    ///
    /// It also calls [`list_numbers`](Self::list_numbers) once in every interval. A number that
    /// appears in the list is a change with [`Changed::Listed`](crate::Changed::Listed), one that
    /// disappears a change with [`Changed::Unlisted`](crate::Changed::Unlisted). A list that fails is a
    /// change without an id, and so is its first success afterwards; the listed numbers are watched
    /// meanwhile. A list with malformed items removes no
    /// number. If all numbers disappear at once, the list is requested a second time to confirm it.
    #[doc(alias = "poll")]
    #[doc(alias = "subscribe")]
    #[doc(alias = "webhook")]
    #[must_use = "nothing is sent until the stream is polled"]
    pub fn watch_all(&self, every: Duration) -> Watch {
        Watch::new(self.clone(), every, None)
    }
}

/// An endless stream of the changes in a fleet, made by [`Numbers::watch`] and [`Client::watch_all`].
///
/// - **First** it emits the state of each number, and then only changes: readiness (level or reasons),
///   quality, messaging limit, connection state; an error that begins, changes or ends. A number that
///   fails does not affect the others. A number that does not exist (404) is polled in every tenth
///   round. No error ends the stream.
/// - **A refused key** (401) is one change without an id. The watch then sends one request every ten
///   intervals, at most a minute apart, until one is accepted: another change without an id,
///   [`ChangeSource::KeyAccepted`](crate::ChangeSource::KeyAccepted). To end on a refused key, test
///   [`Change::error`]. A 401 for one number, while other requests are accepted, is an error of that
///   number.
/// - **Codes are compared.** Free text of the server may differ in each response, so it is ignored. A
///   response with an older snapshot than the last one is ignored.
/// - **Requests are spread evenly** over the interval. Each watch starts at a random offset of up to a
///   second, so programs that start together do not send together. The first round takes
///   [30 s](Self::first_round), or the interval if that is shorter.
/// - **Under a rate limit** calls wait in the client's queue, at most
///   [`concurrency`](Self::concurrency) of them. Rounds take longer if the limit requires it, and a
///   call that was not sent is no change. [`interval`](Self::interval) returns the actual interval,
///   and feature `tracing` logs a warning. Overdue requests are sent at up to twice the usual pace.
/// - **One runtime**: poll it on the tokio runtime of its first poll.
/// - **Dropping it** cancels its calls. It ends by itself if it has no ids, and after one change with
///   an error if the interval is zero. Between polls it does nothing.
///
/// Configure it before the first poll. [`next`](Self::next), [`table`](Self::table),
/// [`interval`](Self::interval) and [`state`](Self::state) may be called at any time.
#[must_use = "nothing is sent until the stream is polled"]
pub struct Watch {
    client: Client,
    every: Duration,
    operation: Operation,
    concurrency: usize,
    timeout: Option<Duration>,
    filter: Option<Filter>,
    /// The ids, until they are collected.
    ids: Option<Ids>,
    /// The list, if it is followed.
    list: Option<List>,
    /// Ids that joined the list later and have not been polled yet.
    late_comers: HashSet<NumberId>,
    /// The time of the first poll.
    start: Option<Instant>,
    rounds: Rounds,
    calls: Calls,
    faults: Faults,
    table: TableWriter,
    /// The only timer, for the earliest event.
    timer: Option<Pin<Box<Sleep>>>,
    /// Changes that the stream has not emitted yet.
    ready: VecDeque<Change>,
    is_slow: bool,
}

/// The list of numbers that [`Client::watch_all`] follows.
#[derive(Default)]
struct List {
    was_read: bool,
    /// True if the last list had no known number and is not confirmed yet.
    is_doubted: bool,
}

type Ids = BoxFuture<'static, Vec<Result<NumberId, Error>>>;
type Filter = Box<dyn FnMut(&Seen, &Seen) -> bool + Send>;

impl Watch {
    /// Returns a watch of these ids, or of the list.
    fn new(client: Client, every: Duration, ids: Option<Ids>) -> Self {
        let every = every.min(MAX_EVERY);
        let list = ids.is_none().then(List::default);
        let mut watch = Self {
            client,
            every,
            operation: Operation::Get,
            concurrency: CONCURRENCY,
            timeout: None,
            filter: None,
            ids,
            list,
            late_comers: HashSet::new(),
            start: None,
            rounds: Rounds::new(every, clock::random()),
            calls: Calls::default(),
            faults: Faults::default(),
            table: TableWriter::default(),
            timer: None,
            ready: VecDeque::new(),
            is_slow: false,
        };
        if every.is_zero() {
            let sentence = "the interval of a watch is 0: set the time between two requests for the same number";
            watch.fail(Error::invalid_input(sentence));
            (watch.ids, watch.list) = (None, None);
        }
        watch
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

    /// Polls with [`NumberHandle::refresh`](crate::NumberHandle::refresh) instead of
    /// [`NumberHandle::get`](crate::NumberHandle::get), so that the API queries Meta.
    pub fn refresh(mut self) -> Self {
        self.operation = Operation::Refresh;
        self
    }

    /// Polls with [`NumberHandle::status`](crate::NumberHandle::status), which is cheaper and returns
    /// only the connection state.
    pub fn statuses(mut self) -> Self {
        self.operation = Operation::Status;
        self
    }

    /// Retains each number, so that a change has the [`previous`](Change::previous) one. This takes
    /// some kilobytes per number.
    pub fn keep_whole(mut self) -> Self {
        self.table.keeps_numbers = true;
        self
    }

    /// Returns a table of the fleet for readers that do not follow the changes, such as request
    /// handlers. The watch fills it while it is polled. This takes some kilobytes per number. A table
    /// that is made after the first poll has the verdicts that are known, and is complete after another
    /// round.
    #[doc(alias = "cache")]
    pub fn table(&mut self) -> FleetTable {
        self.table.reader()
    }

    /// Returns the next change, or `None` at the end of the stream. Dropping the future loses no
    /// change, so it can be used in `tokio::select!`.
    pub async fn next(&mut self) -> Option<Change> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sets the length of the first round, over which the first requests are spread. Default: 30 s,
    /// at most the interval; zero requests all numbers at once, which suits tests. Under a rate limit
    /// the round takes longer.
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
    /// [`Numbers::concurrency`]. A call that waits for its turn counts. A call that has waited
    /// for its response for ten seconds no longer counts, so numbers that hang do not stop the others.
    /// The call for the list starts when there is room, but does not count.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Continues from the state of an earlier watch, such as a [loaded](WatchState::load) one: only
    /// changes since then are emitted. With
    /// [`Client::watch_all`], an id that is no longer in the list is emitted as
    /// [`Changed::Unlisted`](crate::Changed::Unlisted).
    pub fn resume(self, state: WatchState) -> Self {
        self.table.resume(state);
        self
    }

    /// Returns the last known values of each number, for a later [`resume`](Self::resume).
    #[must_use]
    pub fn state(&self) -> WatchState {
        self.table.state()
    }

    /// Returns the time between two polls of the same number: the configured interval, or longer
    /// under a rate limit or a low [`concurrency`](Self::concurrency).
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.rounds.interval(self.now())
    }
}

impl Stream for Watch {
    type Item = Change;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        let this = self.get_mut();
        ready!(this.poll_ids(cx));
        loop {
            if let Some(change) = this.ready.pop_front() {
                return Poll::Ready(Some(change));
            }
            if this.list.is_none() && this.rounds.len() == 0 {
                this.table.end();
                return Poll::Ready(None);
            }
            let now = this.now();
            if let Poll::Ready((began, answer)) = this.calls.poll(cx) {
                this.finish(began, answer, now);
                continue;
            }
            match this.next_call() {
                Some(at) if at <= now => this.call(now),
                Some(at) => ready!(this.poll_timer(at, cx)),
                None => return Poll::Pending,
            }
        }
    }
}

impl Watch {
    /// Collects the ids at the first poll.
    fn poll_ids(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(ids) = &mut self.ids {
            let ids = ready!(ids.poll_unpin(cx));
            self.ids = None;
            for id in ids {
                match id {
                    Ok(id) => self.rounds.add(id, Duration::ZERO),
                    Err(error) => self.ready.push_back(Change::failure(None, error)),
                }
            }
            self.forget();
        }
        if self.start.is_none() {
            self.start = Some(clock::now());
            if self.list.is_some() {
                self.rounds.add_list(Duration::ZERO);
            }
        }
        Poll::Ready(())
    }

    /// Returns the time of the next call, unless another one ends earlier.
    fn next_call(&self) -> Option<Duration> {
        let due = self.rounds.wake()?;
        let due = self.faults.probe_at(self.every).unwrap_or(due);
        Some(due.max(self.calls.room_at(self.start?, self.concurrency)))
    }

    /// Starts the next call. While the key is refused, it is a probe.
    fn call(&mut self, now: Duration) {
        self.faults.call_starts(now);
        let Some(target) = self.rounds.take(now) else { return };
        let call = match target.clone() {
            None => self.client.fetch_list(self.timeout).map(Answer::List).boxed(),
            Some(id) => {
                self.warn_if_slow(now);
                let number = self.client.number(&id);
                let number = self.timeout.into_iter().fold(number, NumberHandle::timeout);
                self.operation.call(number).map(|result| Answer::Number(id, result)).boxed()
            }
        };
        self.calls.start(target, call, now);
    }

    /// Waits until a time. A time that the clock cannot represent never comes.
    fn poll_timer(&mut self, time: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.start.and_then(|start| start.checked_add(time)) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll_unpin(cx)
    }

    /// Returns the time since the first poll.
    fn now(&self) -> Duration {
        self.start.map_or(Duration::ZERO, |start| clock::now() - start)
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
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("every", &self.every).finish_non_exhaustive()
    }
}
