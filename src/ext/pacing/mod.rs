//! One queue for all clones of a client: what one call learns from a 429, its siblings heed.

mod pacer;
mod rate;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{clock, trace};
use crate::Client;
use pacer::{Pacer, Permit, Turn};

pub(crate) use pacer::Ticket;

/// Whether calls of one client wait for each other after a 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pacing {
    /// All clones of a client share one queue, first in, first out. It has no effect before the first 429; from then on calls are let
    /// through as fast as the server is seen to serve them, until the limit is not met any more.
    #[default]
    Adaptive,
    /// Every call is on its own, and only heeds what it was answered itself.
    Off,
}

/// What pacing is doing at this moment; see [`Client::pacing_stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PacingStats {
    /// Requests a second that are let through; `None` while nothing is paced or the rate is not yet known.
    pub rate: Option<f64>,
    /// Calls that wait for their turn.
    pub queued: usize,
    /// 429s since the client was made.
    pub rejected: u64,
    /// How long calls have waited for their turns, all together.
    pub waited: Duration,
}

impl Client {
    /// What pacing is doing, over all clones of this client; all zero with [`Pacing::Off`].
    #[must_use]
    pub fn pacing_stats(&self) -> PacingStats {
        self.inner.queue().map(Queue::stats).unwrap_or_default()
    }
}

/// The queue: the pure [`Pacer`] with a clock, a lock that is never held across an await, and wakers.
pub(crate) struct Queue {
    start: Instant,
    state: Mutex<State>,
}

struct State {
    pacer: Pacer<Arc<Notify>>,
    rejected: u64,
    waited: Duration,
}

impl Queue {
    pub(crate) fn new(base_delay: Duration, max_delay: Duration) -> Self {
        let pacer = Pacer::new(base_delay, max_delay);
        let state = State { pacer, rejected: 0, waited: Duration::ZERO };
        Self { start: clock::now(), state: Mutex::new(state) }
    }

    /// A place in the queue, which a call keeps for all of its attempts.
    pub(crate) fn ticket(&self) -> Ticket {
        self.lock().pacer.ticket()
    }

    /// Waits for the turn of a call; or says in how long it would come, if that is not before the deadline.
    pub(crate) async fn admit(
        &self,
        ticket: Ticket,
        deadline: Option<Instant>,
    ) -> Result<InFlight<'_>, Duration> {
        let mut joined = None;
        // Only a call that waits has a place, which it leaves however it ends.
        let mut place = None;
        loop {
            let (until, waker) = match self.ask(ticket, &mut joined, deadline) {
                Answer::Admitted(permit, waited) => {
                    trace::turn(waited);
                    return Ok(InFlight { queue: self, permit: Some(permit) });
                }
                Answer::TooLate(wait) => return Err(wait),
                Answer::Later(until, waker) => (until, waker),
            };
            place.get_or_insert_with(|| Place { queue: self, ticket });
            match until {
                // Woken or not, the next round tells.
                Some(until) => _ = timeout_at(until, waker.notified()).await,
                None => waker.notified().await,
            }
        }
    }

    fn ask(
        &self,
        ticket: Ticket,
        joined: &mut Option<Duration>,
        deadline: Option<Instant>,
    ) -> Answer {
        let mut state = self.lock();
        let now = self.now();
        let at = match state.pacer.turn(ticket, now) {
            Turn::Now(permit) => {
                let waited = now.saturating_sub(*joined.get_or_insert(now));
                state.waited += waited;
                state.wake_head();
                return Answer::Admitted(permit, waited);
            }
            Turn::At(at) => self.start.checked_add(at),
            Turn::Wait => None,
        };
        joined.get_or_insert(now);
        let expected = state.pacer.expected(ticket, now);
        if deadline.is_some_and(|d| self.start.checked_add(expected).is_none_or(|e| e >= d)) {
            return Answer::TooLate(expected.saturating_sub(now));
        }
        let waker = state.pacer.join(ticket);
        // What is expected may prove wrong; the deadline does not.
        let until = [at, deadline].into_iter().flatten().min();
        Answer::Later(until, Arc::clone(waker))
    }

    fn settle(&self, settle: impl FnOnce(&mut State, Duration)) {
        let mut state = self.lock();
        settle(&mut state, self.now());
        state.wake_head();
    }

    fn stats(&self) -> PacingStats {
        let State { pacer, rejected, waited } = &*self.lock();
        let (rate, queued) = (pacer.rate(), pacer.queued());
        PacingStats { rate, queued, rejected: *rejected, waited: *waited }
    }

    fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.start)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if it did, the state would still be one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake_head(&self) {
        if let Some((_, waker)) = self.pacer.head() {
            waker.notify_one();
        }
    }
}

enum Answer {
    /// Its turn has come, after waiting for this long.
    Admitted(Permit, Duration),
    /// Its turn would come in this time, which is too late.
    TooLate(Duration),
    /// Ask again when woken, or then.
    Later(Option<Instant>, Arc<Notify>),
}

/// The place of a waiting call. Dropped with its future, it leaves no hole in the queue.
struct Place<'a> {
    queue: &'a Queue,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.settle(|state, _| state.pacer.leave(self.ticket));
    }
}

/// A request that was let through and is not yet answered.
pub(crate) struct InFlight<'a> {
    queue: &'a Queue,
    permit: Option<Permit>,
}

impl InFlight<'_> {
    /// It was answered, and not with a 429.
    pub(crate) fn served(mut self) {
        if let Some(permit) = self.permit.take() {
            self.queue.settle(|state, now| state.pacer.served(permit, now));
        }
    }

    /// It was answered with a 429.
    pub(crate) fn rejected(mut self, asked: Option<Duration>) {
        if let Some(permit) = self.permit.take() {
            self.queue.settle(|state, now| {
                state.rejected += 1;
                state.pacer.rejected(permit, asked, now, clock::random());
            });
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.queue.settle(|state, _| state.pacer.unanswered(permit));
        }
    }
}
