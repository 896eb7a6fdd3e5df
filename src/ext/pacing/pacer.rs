//! The pacer that all clones of a client share: the clock, the lock and the task around [`Turns`].
//!
//! A call that has to wait joins the queue and sleeps. One task per pacer, the driver, requests
//! turns from the limiter or the store, and wakes the calls that get them. It runs on the runtime
//! of the first call that waits, and ends when the queue is empty. If that runtime ends or stalls,
//! the waiting calls notice within a second, and one of them starts another driver on its own
//! runtime.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    Delays, PacingStats,
    limiter::Step,
    rate_limit::RateLimit,
    recent::Recent,
    store::Store,
    turns::{Entry, Next, Ticket, Turn, Turned, Turns},
};
use crate::ext::{
    clock::{self, milliseconds},
    trace,
};

/// Interval at which a waiting call checks the driver.
const WATCH_EVERY: Duration = Duration::from_millis(500);
/// A driver that is later than this has stalled.
const MAX_LATE: Duration = Duration::from_millis(500);
/// Minimum interval between two queries of the store.
const QUERY_EVERY: Duration = Duration::from_millis(20);
/// Time limit for a reply of the store.
const STORE_PATIENCE: Duration = Duration::from_millis(50);

/// The pacer of a client. Its lock is never held across an await.
pub struct Pacer {
    start: Instant,
    /// Calls that begin before this time, in milliseconds since the start, need no lock.
    free_until: AtomicU64,
    recent: Recent,
    state: Mutex<State>,
    /// Wakes the driver.
    changed: Notify,
    store: Option<Store>,
}

struct State {
    turns: Turns,
    /// Drivers so far. Only the last one requests turns.
    drivers: u64,
    /// Time at which the driver is to run again, if there is one.
    due: Option<Duration>,
}

/// The request of an attempt for its turn.
pub struct TurnRequest<'a> {
    /// Start of the attempt.
    pub now: Instant,
    /// The deadline of its call.
    pub deadline: Instant,
    /// True for the last attempt of a call that the server has rejected before. It is sent as late as
    /// possible.
    pub is_last_chance: bool,
    /// The place of its call in the queue, which is the same for all its attempts.
    pub ticket: &'a mut Option<Ticket>,
}

impl Pacer {
    /// Makes a pacer. It requests turns from the store, if there is one.
    #[must_use]
    pub fn new(delays: Delays, store: Option<Store>) -> Arc<Self> {
        let turns = Turns::new(delays, store.is_some());
        let free_until = if store.is_some() { 0 } else { u64::MAX };
        Arc::new(Self {
            start: clock::now(),
            free_until: AtomicU64::new(free_until),
            recent: Recent::default(),
            state: Mutex::new(State { turns, drivers: 0, due: None }),
            changed: Notify::new(),
            store,
        })
    }

    /// Waits for the turn of an attempt.
    ///
    /// # Errors
    /// The time until the turn, if that comes after the deadline.
    pub async fn admit(
        self: &Arc<Self>,
        request: TurnRequest<'_>,
    ) -> Result<InFlight<'_>, Duration> {
        let sent = self.since_start(request.now);
        if milliseconds(sent) < self.free_until.load(Ordering::Relaxed) {
            return Ok(InFlight { pacer: self, turn: None, sent, waited: Duration::ZERO });
        }
        self.wait(request, sent).await
    }

    /// Returns the rest of the wait that the server requested.
    pub fn requested_wait(&self) -> Option<Duration> {
        let now = self.now();
        self.lock().turns.requested_wait(now)
    }

    /// Returns the current statistics.
    pub fn stats(&self) -> PacingStats {
        let now = self.now();
        self.lock().turns.stats(now)
    }

    async fn wait(
        self: &Arc<Self>,
        request: TurnRequest<'_>,
        began: Duration,
    ) -> Result<InFlight<'_>, Duration> {
        let end = self.since_start(request.deadline);
        loop {
            let entry = self
                .change(|turns, now| turns.join(request.ticket, request.is_last_chance, end, now));
            let (receiver, until) = match entry {
                Entry::Go(turn) => return Ok(self.in_flight(turn, began)),
                Entry::Late(wait) => return Err(wait),
                Entry::Wait(receiver, until) => (receiver, until),
            };
            let place = Place { pacer: self, ticket: request.ticket.unwrap_or_default(), receiver };
            let turn = place.turn(until, request.is_last_chance).await?;
            // The turn has expired, because the call was not polled in time.
            if self.change(|turns, now| turns.claim(&turn, now)) {
                return Ok(self.in_flight(turn, began));
            }
        }
    }

    fn in_flight(self: &Arc<Self>, turn: Turn, began: Duration) -> InFlight<'_> {
        let sent = self.now();
        let waited = sent.saturating_sub(began);
        self.lock().turns.waited += waited;
        InFlight { pacer: self, turn: Some(turn), sent, waited }
    }

    /// Changes the turns, and lets the driver act on the change.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Turns, Duration) -> T) -> T {
        let (mut state, now) = (self.lock(), self.now());
        let result = change(&mut state.turns, now);
        self.publish(&mut state.turns, now);
        if state.turns.needs_driver(now) {
            self.wake_driver(&mut state, now);
        }
        let begins = state.turns.begins(now);
        drop(state);
        if let Some(delay) = begins {
            trace::pause_begins(delay);
        }
        result
    }

    /// Shows calls whether they need the lock.
    fn publish(&self, turns: &mut Turns, now: Duration) {
        let free_until = milliseconds(turns.free_until(now));
        self.free_until.store(free_until, Ordering::Relaxed);
    }

    /// Wakes the running driver. If there is none, or it has stalled, starts a new one.
    fn wake_driver(self: &Arc<Self>, state: &mut State, now: Duration) {
        if let Some(due) = &mut state.due
            && now <= due.saturating_add(MAX_LATE)
        {
            // It is to run now. If it does not, it has stalled, or its runtime has ended.
            *due = now.min(*due);
            self.changed.notify_one();
            return;
        }
        // Without a runtime no call could be made either.
        if let Ok(runtime) = Handle::try_current() {
            (state.drivers, state.due) = (state.drivers + 1, Some(now));
            runtime.spawn(Arc::clone(self).drive(state.drivers));
        }
    }

    /// Requests turns, until no call waits or another driver has taken over.
    async fn drive(self: Arc<Self>, number: u64) {
        loop {
            let next = {
                let (mut state, now) = (self.lock(), self.now());
                if state.drivers != number {
                    // The other driver gets the notification that this one may have received
                    // instead.
                    self.changed.notify_one();
                    return;
                }
                let next = state.turns.next(now, clock::random());
                state.due = match next {
                    Next::Stop => None,
                    Next::At(due) => Some(due),
                    Next::Query(_) => Some(now + STORE_PATIENCE),
                };
                self.publish(&mut state.turns, now);
                next
            };
            match (next, &self.store) {
                (Next::Query(step), Some(store)) => {
                    let next_query = clock::now() + QUERY_EVERY;
                    self.query(store, step).await;
                    sleep_until(next_query).await;
                }
                (Next::At(due), _) => {
                    let due = clock::after(self.start, due);
                    // The loop continues, whether it was woken or not.
                    timeout_at(due, self.changed.notified()).await.ok();
                }
                (Next::Stop | Next::Query(_), _) => return,
            }
        }
    }

    /// Performs a step on the store, and processes its reply.
    async fn query(&self, store: &Store, step: Step) {
        let reply = match timeout(STORE_PATIENCE, store.limit.step(&store.name, step)).await {
            Ok(reply) => reply.map_err(|error| error.to_string()),
            Err(_) => Err("no reply within 50 ms".to_owned()),
        };
        let (mut state, now) = (self.lock(), self.now());
        let accept = |reply| state.turns.accept(&step, reply, now).map_err(str::to_owned);
        match reply.and_then(accept) {
            Ok(true) => trace::store_up(),
            Ok(false) => {}
            Err(why) => {
                if state.turns.store_failed(&step, now) {
                    trace::store_down(&why);
                }
            }
        }
        self.publish(&mut state.turns, now);
    }

    fn now(&self) -> Duration {
        self.since_start(clock::now())
    }

    fn since_start(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock. If it did, the state would still be valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a waiting call. Dropping it with the call's future removes the call from the queue.
struct Place<'a> {
    pacer: &'a Arc<Pacer>,
    ticket: Ticket,
    receiver: oneshot::Receiver<Turned>,
}

impl Place<'_> {
    async fn turn(mut self, until: Duration, is_last_chance: bool) -> Turned {
        loop {
            let now = self.pacer.now();
            if now >= until {
                // The turn may have come at this moment.
                return match self.receiver.try_recv() {
                    Ok(turned) => turned,
                    Err(_) => {
                        self.pacer.change(|turns, now| turns.end_of_wait(is_last_chance, now))
                    }
                };
            }
            let watch = self.pacer.start + until.min(now + WATCH_EVERY);
            match timeout_at(watch, &mut self.receiver).await {
                // The queue holds the sender for as long as this place exists.
                Ok(turned) => return turned.unwrap_or(Err(Duration::ZERO)),
                Err(_) => self.pacer.change(|_, _| ()),
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let unused = self.receiver.try_recv().ok().and_then(Result::ok);
        self.pacer.change(|turns, now| turns.leave(self.ticket, unused, now));
    }
}

/// A request that was admitted and has no response yet.
pub struct InFlight<'a> {
    pacer: &'a Arc<Pacer>,
    /// `None` if no limit was active.
    turn: Option<Turn>,
    sent: Duration,
    /// Time that it waited for its turn.
    pub waited: Duration,
}

impl InFlight<'_> {
    /// Reports a response other than a 429.
    pub fn served(mut self, limit: Option<RateLimit>) {
        let is_free = self.pacer.free_until.load(Ordering::Relaxed) > 0;
        self.pacer.recent.count(self.sent);
        let turn = self.turn.take();
        if turn.is_none() && is_free && !limit.is_some_and(RateLimit::is_little) {
            return;
        }
        let sent = self.sent;
        let turn = turn.unwrap_or_default();
        if self.pacer.change(|turns, now| turns.served(turn, sent, limit, now)) {
            trace::pause_ends();
        }
    }

    /// Reports a 429.
    pub fn rejected(mut self, requested: Option<Duration>) {
        let turn = self.turn.take().unwrap_or_default();
        let (recent, random) = (&self.pacer.recent, clock::random());
        self.pacer.change(|turns, now| turns.rejected(turn, requested, recent, now, random));
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.pacer.change(|turns, now| turns.unanswered(turn, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, task::Poll};

    use futures_util::FutureExt;
    use tokio::time::sleep;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const DELAYS: Delays =
        Delays { base: Duration::from_millis(500), max: Duration::from_secs(60) };

    /// A call that waits for its turn, and then for a response.
    type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

    async fn admit(pacer: &Arc<Pacer>, timeout: Duration) -> Result<InFlight<'_>, Duration> {
        let now = clock::now();
        let deadline = clock::after(now, timeout);
        pacer.admit(TurnRequest { now, deadline, is_last_chance: false, ticket: &mut None }).await
    }

    /// A server that serves `RATE` requests a second, and bursts of `BURST`.
    struct Bucket {
        tokens: f64,
        at: Instant,
    }

    const RATE: f64 = 10.0;
    const BURST: f64 = 20.0;

    impl Bucket {
        fn full() -> Mutex<Self> {
            Mutex::new(Self { tokens: BURST, at: clock::now() })
        }

        fn serves(&mut self) -> bool {
            let passed = (clock::now() - self.at).as_secs_f64();
            self.tokens = (self.tokens + passed * RATE).min(BURST);
            self.at = clock::now();
            let is_served = self.tokens >= 1.0;
            self.tokens -= f64::from(u8::from(is_served));
            is_served
        }
    }

    /// Makes a call whose response takes this long. Returns whether it was served within its
    /// timeout.
    async fn call(pacer: &Arc<Pacer>, bucket: &Mutex<Bucket>, takes: Duration) -> bool {
        let mut ticket = None;
        let deadline = clock::now() + Duration::from_secs(90);
        for _ in 0..50 {
            let now = clock::now();
            let request = TurnRequest { now, deadline, is_last_chance: false, ticket: &mut ticket };
            let Ok(in_flight) = pacer.admit(request).await else { return false };
            sleep(takes).await;
            if bucket.lock().unwrap().serves() {
                in_flight.served(None);
                return true;
            }
            in_flight.rejected(Some(Duration::from_secs(1)));
        }
        false
    }

    async fn drain(pacer: &Arc<Pacer>, bucket: &Mutex<Bucket>, calls: usize) -> Duration {
        let start = clock::now();
        let calls = (0..calls).map(|_| call(pacer, bucket, MS(5)));
        let served = futures_util::future::join_all(calls).await;
        assert!(served.iter().all(|is_served| *is_served));
        clock::now() - start
    }

    #[cfg(feature = "shared-pacing")]
    fn store(limit: Arc<crate::ext::pacing::in_memory::InMemory>) -> Store {
        Store { limit, name: String::new() }
    }

    #[cfg(feature = "shared-pacing")]
    #[tokio::test(start_paused = true)]
    async fn low_past_load_is_not_learned_as_limit() {
        // No calls; one call, just before or a minute ago; two overlapping slow calls for a minute; a
        // watch with 120 calls a minute.
        let pasts = [(0, 1, 1), (1, 5, 10), (1, 5, 60_000), (12, 6_000, 5_000), (120, 1_000, 500)];
        for ((before, takes, every), is_shared) in
            pasts.into_iter().flat_map(|past| [(past, false), (past, true)])
        {
            let store = is_shared.then(|| store(Arc::default()));
            let (pacer, bucket) = (Pacer::new(DELAYS, store), Bucket::full());
            let past = (0..before).map(|n| {
                let (pacer, bucket) = (&pacer, &bucket);
                async move {
                    sleep(MS(every) * n).await;
                    call(pacer, bucket, MS(takes)).await
                }
            });
            let load = async {
                sleep(MS(every) * before).await;
                drain(&pacer, &bucket, 100).await
            };
            let (_, took) = tokio::join!(futures_util::future::join_all(past), load);
            assert!(took < Duration::from_secs(11), "after {before} calls: {took:?}, {is_shared}");
        }
    }

    #[cfg(feature = "shared-pacing")]
    #[tokio::test(start_paused = true)]
    async fn unlimited_past_load_is_not_reported_to_store() {
        let (limit, bucket) = (Arc::default(), Bucket::full());
        let pacer = || Pacer::new(DELAYS, Some(store(Arc::clone(&limit))));
        let (old, new) = (pacer(), pacer());
        for _ in 0..3_600 {
            assert!(call(&old, &bucket, MS(5)).await);
            sleep(Duration::from_secs(1)).await;
        }
        // The new process meets the limit, and the old one learns of it.
        let late = async {
            sleep(MS(200)).await;
            // Makes the old process query the store.
            drop(admit(&old, Duration::MAX).await);
            sleep(MS(20)).await;
            drain(&old, &bucket, 100).await
        };
        let (_, _) = tokio::join!(drain(&new, &bucket, 60), late);
        let rejected = old.stats().rejected;
        assert!(rejected < 30, "{rejected} of 100 met a 429");
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_caller_costs_no_turn() {
        let (pacer, bucket) = (Pacer::new(DELAYS, None), Bucket::full());
        assert!(drain(&pacer, &bucket, 30).await > Duration::from_secs(1));
        // Half of 60 callers are dropped while they wait.
        let dropped: Vec<_> = (0..60)
            .map(|n| {
                let (pacer, bucket) = (Arc::clone(&pacer), &bucket);
                async move {
                    if n % 2 == 0 {
                        tokio::time::timeout(MS(300), admit(&pacer, Duration::MAX)).await.is_ok()
                    } else {
                        call(&pacer, bucket, MS(5)).await
                    }
                }
            })
            .collect();
        let start = clock::now();
        futures_util::future::join_all(dropped).await;
        let took = clock::now() - start;
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert_eq!(pacer.stats().queued, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn pacing_ends_under_a_steady_caller() {
        let pacer = Pacer::new(DELAYS, None);
        let first = admit(&pacer, Duration::MAX).await.ok().unwrap();
        first.rejected(Some(Duration::from_secs(1)));
        for _ in 0..125 {
            sleep(Duration::from_secs(1)).await;
            admit(&pacer, Duration::MAX).await.ok().unwrap().served(None);
        }
        assert_eq!(pacer.free_until.load(Ordering::Relaxed), u64::MAX);
    }

    #[tokio::test]
    async fn ended_or_stalled_driver_is_replaced() {
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for is_dropped in [true, false] {
            let pacer = Pacer::new(DELAYS, None);
            let first = admit(&pacer, Duration::MAX).await.ok().unwrap();
            first.rejected(Some(MS(300)));
            let (other, call) = (runtime(), Arc::clone(&pacer));
            // The first waiting call starts the driver on its runtime, which is not driven any more.
            let other = std::thread::spawn(move || {
                for _ in 0..20 {
                    let call = Arc::clone(&call);
                    other.spawn(async move { admit(&call, Duration::MAX).await.is_ok() });
                }
                other.block_on(async {
                    while call.stats().queued < 20 {
                        tokio::task::yield_now().await;
                    }
                });
                other
            })
            .join()
            .unwrap();
            if is_dropped {
                other.shutdown_background();
                assert!(admit(&pacer, Duration::from_secs(20)).await.is_ok());
            } else {
                assert!(admit(&pacer, Duration::from_secs(20)).await.is_ok());
                other.shutdown_background();
            }
        }
    }

    async fn random_call(pacer: &Arc<Pacer>, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let now = clock::now();
        let deadline = now + Duration::from_secs(90);
        let is_last_chance = rng.u8(..10) == 0;
        let request = TurnRequest { now, deadline, is_last_chance, ticket: &mut None };
        let Ok(in_flight) = pacer.admit(request).await else { return };
        sleep(MS(rng.u64(..100))).await;
        match rng.u8(..40) {
            0 => in_flight.rejected(None),
            1 => in_flight.rejected(Some(Duration::from_secs(1))),
            2 => drop(in_flight),
            n => {
                let remaining = u64::from(n - 3);
                let reset = Duration::from_secs(1);
                in_flight.served((n < 6).then_some(RateLimit { remaining, reset }));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_stays_queued_after_random_events() {
        let pacer = Pacer::new(DELAYS, None);
        let mut rng = fastrand::Rng::with_seed(12);
        let mut kept: Vec<Call<'_>> = Vec::new();
        for seed in 0..100_000 {
            let mut new: Call<'_> = Box::pin(random_call(&pacer, seed));
            if (&mut new).now_or_never().is_none() {
                kept.push(new);
            }
            for _ in 0..2 {
                if kept.is_empty() {
                    break;
                }
                let at = rng.usize(..kept.len());
                if rng.u8(..4) == 0 || (&mut kept[at]).now_or_never().is_some() {
                    drop(kept.swap_remove(at));
                }
            }
            if seed % 100 == 0 {
                sleep(MS(rng.u64(..2_000))).await;
            }
            while kept.len() > 200 {
                drop(kept.swap_remove(rng.usize(..kept.len())));
            }
        }
        // Drives the remaining calls to their ends, or to their deadlines.
        std::future::poll_fn(|context| {
            kept.retain_mut(|call| call.poll_unpin(context).is_pending());
            if kept.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let stats = pacer.stats();
        assert_eq!(stats.queued, 0, "{stats:?}");
        assert!(stats.rejected > 10, "{stats:?}");
    }
}
