//! The pacer that all clones of a client share, with a clock, a lock and wakers. One 429 delays
//! them all, since a limit belongs to the key and not to the call that met it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    pacer::{Pacer, Turn},
    pacing::PacingStats,
    queue::Ticket,
    quota::RateLimit,
    under_way::Permit,
};
use crate::ext::clock;
#[cfg(feature = "shared-pacing")]
use crate::ext::sharing::link::{Admission, Grant, Link};

/// The lock is never held across an await.
pub(crate) struct SharedPacer {
    start: Instant,
    state: Mutex<State>,
    /// To the other processes of the key.
    #[cfg(feature = "shared-pacing")]
    link: Option<Arc<Link>>,
}

struct State {
    pacer: Pacer<Arc<Notify>>,
    rejected: u64,
    waited: Duration,
}

impl SharedPacer {
    pub(crate) fn new(base_delay: Duration, max_delay: Duration) -> Self {
        let pacer = Pacer::new(base_delay, max_delay);
        let state = State { pacer, rejected: 0, waited: Duration::ZERO };
        Self {
            start: clock::now(),
            state: Mutex::new(state),
            #[cfg(feature = "shared-pacing")]
            link: None,
        }
    }

    #[cfg(feature = "shared-pacing")]
    pub(crate) fn linked(mut self, link: Link) -> Self {
        self.link = Some(Arc::new(link));
        self
    }

    /// As [`admit`](Self::admit), after the store has had its say.
    #[cfg(feature = "shared-pacing")]
    pub(crate) async fn admit_linked(
        &self,
        deadline: Option<Instant>,
        is_last: bool,
    ) -> Result<InFlight<'_>, Duration> {
        let began = self.now();
        if let Some(link) = &self.link {
            link.look_when_due();
            match link.admit(deadline, is_last).await {
                Admission::Go(grant) => return Ok(self.let_through(grant, began)),
                Admission::TooLate(wait) => return Err(wait),
                Admission::Local => {}
            }
        }
        self.admit(deadline, is_last).await
    }

    #[cfg(feature = "shared-pacing")]
    fn let_through(&self, grant: Grant, began: Duration) -> InFlight<'_> {
        let (mut state, now) = (self.lock(), self.now());
        let waited = now.saturating_sub(began);
        state.waited += waited;
        let permit = Some(state.pacer.send(now));
        InFlight { pacer: self, permit, waited, grant: Some(grant) }
    }

    /// Waits for the turn of an attempt; or says in how long it would come, if that is not before
    /// the deadline.
    ///
    /// `is_last` is an attempt after which the call fails by a 429.
    pub(crate) async fn admit(
        &self,
        deadline: Option<Instant>,
        is_last: bool,
    ) -> Result<InFlight<'_>, Duration> {
        let mut attempt = self.attempt(deadline, is_last);
        // Only an attempt that waits has a place, which it leaves however it ends.
        let mut place = None;
        loop {
            let (until, waker) = match self.ask(&mut attempt) {
                Asked::Admitted(permit, waited) => {
                    return Ok(InFlight {
                        pacer: self,
                        permit: Some(permit),
                        waited,
                        #[cfg(feature = "shared-pacing")]
                        grant: None,
                    });
                }
                Asked::TooLate(wait) => return Err(wait),
                Asked::Later(until, waker) => (until, waker),
            };
            place.get_or_insert_with(|| Place { pacer: self, ticket: attempt.ticket });
            match until {
                // Whether it was woken or not, it asks again.
                Some(until) => _ = timeout_at(until, waker.notified()).await,
                None => waker.notified().await,
            }
        }
    }

    fn attempt(&self, deadline: Option<Instant>, is_last: bool) -> Attempt {
        let mut state = self.lock();
        let end = deadline.map_or(Duration::MAX, |d| d.saturating_duration_since(self.start));
        // Early enough for an answer.
        let keep_until = is_last.then(|| end.saturating_sub(state.pacer.patience()));
        Attempt { ticket: state.pacer.queue.ticket(), began: None, end, keep_until }
    }

    fn ask(&self, attempt: &mut Attempt) -> Asked {
        let (mut state, now) = (self.lock(), self.now());
        let Attempt { ticket, end, keep_until, .. } = *attempt;
        let began = *attempt.began.get_or_insert(now);
        let turn = match keep_until {
            Some(until) => state.pacer.last_turn(ticket, until, now),
            None => state.pacer.turn(ticket, now),
        };
        let at = match turn {
            Turn::Now(permit, passed_over) => {
                let waited = now.saturating_sub(began);
                state.waited += waited;
                state.wake_head();
                for waker in passed_over {
                    waker.notify_one();
                }
                return Asked::Admitted(permit, waited);
            }
            Turn::At(at) => at,
        };
        let expected = state.pacer.expected(ticket, now);
        if expected >= end {
            state.pacer.queue.leave(ticket);
            state.wake_head();
            return Asked::TooLate(expected.saturating_sub(now));
        }
        // What is expected may prove wrong; the deadline does not.
        let until = self.start.checked_add(at.min(end));
        Asked::Later(until, Arc::clone(state.pacer.queue.waker(ticket)))
    }

    fn settle(&self, settle: impl FnOnce(&mut State, Duration)) {
        let mut state = self.lock();
        settle(&mut state, self.now());
        state.wake_head();
    }

    pub(crate) fn stats(&self) -> PacingStats {
        let State { pacer, rejected, waited } = &*self.lock();
        let (rate, queued) = (pacer.rate(self.now()), pacer.queue.len());
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

/// An attempt that asks for its turn.
struct Attempt {
    ticket: Ticket,
    /// When it first asked.
    began: Option<Duration>,
    /// The deadline of its call.
    end: Duration,
    /// Of a last attempt, when it goes at the latest.
    keep_until: Option<Duration>,
}

enum Asked {
    /// Its turn has come, after waiting for this long.
    Admitted(Permit, Duration),
    /// Its turn would come in this time, which is too late.
    TooLate(Duration),
    /// Ask again when woken, or then.
    Later(Option<Instant>, Arc<Notify>),
}

/// The place of a waiting call. Dropped with its future, it leaves no hole in the queue.
struct Place<'a> {
    pacer: &'a SharedPacer,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pacer.settle(|state, _| _ = state.pacer.queue.leave(self.ticket));
    }
}

/// A request that was let through and is not yet answered.
pub(crate) struct InFlight<'a> {
    pacer: &'a SharedPacer,
    permit: Option<Permit>,
    /// How long it waited for its turn.
    pub(crate) waited: Duration,
    /// Of the store.
    #[cfg(feature = "shared-pacing")]
    grant: Option<Grant>,
}

impl InFlight<'_> {
    /// It was answered, and not with a 429.
    pub(crate) fn served(mut self, limit: Option<RateLimit>) {
        #[cfg(feature = "shared-pacing")]
        if let Some(link) = &self.pacer.link {
            link.served(self.grant);
        }
        if let Some(permit) = self.permit.take() {
            self.pacer.settle(|state, now| {
                state.pacer.observe(permit, limit, true, now);
                state.pacer.served(permit, now);
            });
        }
    }

    /// It was answered with a 429.
    pub(crate) fn rejected(mut self, retry_after: Option<Duration>, limit: Option<RateLimit>) {
        #[cfg(feature = "shared-pacing")]
        if let Some(link) = &self.pacer.link {
            link.rejected(self.grant, retry_after);
        }
        if let Some(permit) = self.permit.take() {
            self.pacer.settle(|state, now| {
                state.rejected += 1;
                state.pacer.observe(permit, limit, false, now);
                state.pacer.rejected(permit, retry_after, now, clock::random());
            });
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.pacer.settle(|state, _| state.pacer.unanswered(permit));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, task::Poll};

    use futures_util::FutureExt;

    use super::*;

    /// A call that waits for its turn, and then for an answer.
    type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

    async fn call(pacer: &SharedPacer, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let deadline = clock::now().checked_add(Duration::from_secs(90));
        let Ok(in_flight) = pacer.admit(deadline, rng.u8(..10) == 0).await else { return };
        tokio::time::sleep(Duration::from_millis(rng.u64(..100))).await;
        match rng.u8(..40) {
            0 => in_flight.rejected(None, None),
            1 => in_flight.rejected(Some(Duration::from_secs(1)), None),
            2 => drop(in_flight),
            n => {
                let remaining = u64::from(n - 3);
                let reset = Duration::from_secs(1);
                in_flight.served((n < 6).then_some(RateLimit { remaining, reset }));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_queued_of_calls_that_are_dropped_or_kept_or_polled_at_random() {
        let pacer = SharedPacer::new(Duration::from_millis(500), Duration::from_secs(60));
        let mut rng = fastrand::Rng::with_seed(12);
        let mut kept: Vec<Call<'_>> = Vec::new();
        for seed in 0..100_000 {
            let mut new: Call<'_> = Box::pin(call(&pacer, seed));
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
                tokio::time::sleep(Duration::from_millis(rng.u64(..2_000))).await;
            }
            while kept.len() > 200 {
                drop(kept.swap_remove(rng.usize(..kept.len())));
            }
        }
        // Those that are left are driven to their ends, or to their deadlines.
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
