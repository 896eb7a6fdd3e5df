//! Lets overlapping calls for one key share one request, since each refresh makes the API ask Meta.
//! Each caller keeps its own deadline: nobody is left with another's time-out, or waits for a
//! leader that nobody drives.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::{Instant, timeout_at};

use crate::ext::{
    clock,
    error::{Error, TimeoutScope, outcome::CallOutcome},
};

type Flight<T> = BoxFuture<'static, Result<T, Error>>;

/// By key. What nobody waits for any more is gone, and stops.
pub(crate) struct SingleFlight<T: Clone>(Mutex<HashMap<String, UnderWay<T>>>);

struct UnderWay<T: Clone> {
    flight: WeakShared<Flight<T>>,
    /// How long others wait for it: after the time of one attempt it may be on a runtime that
    /// stands still. A time too long for the clock has no end.
    until: Option<Instant>,
}

/// Another caller's flight, and until when to wait for it.
struct Joined {
    until: Option<Instant>,
}

impl<T: Clone> Default for SingleFlight<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> SingleFlight<T> {
    /// What came of the flight that is under way for this key, or of a new one. Whoever waits for
    /// another's begins anew where that ran out of time.
    pub(crate) async fn join<F>(
        &self,
        key: &str,
        timeout: Duration,
        attempt_timeout: Duration,
        new: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let deadline = clock::now().checked_add(timeout);
        // A flight of one's own that begins at once ends by itself.
        let mut own_until = None;
        loop {
            let (flight, joined) = self.share(key, attempt_timeout, &new);
            let until = match &joined {
                Some(Joined { until }) => [*until, deadline].into_iter().flatten().min(),
                None => own_until,
            };
            match wait(flight, until).await {
                Some(Err(error)) if joined.is_some() && error.is_out_of_time() => {}
                Some(result) => return result,
                None => {}
            }
            if deadline.is_some_and(|deadline| clock::now() >= deadline) {
                return Err(Error::timed_out(timeout, TimeoutScope::Call, CallOutcome::default()));
            }
            own_until = deadline;
        }
    }

    /// The flight that is under way, or a new one.
    fn share<F>(
        &self,
        key: &str,
        attempt_timeout: Duration,
        new: impl Fn() -> F,
    ) -> (Shared<Flight<T>>, Option<Joined>)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let now = clock::now();
        // Nothing panics while it is held; if it did, the map would still be one.
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, current| {
            current.running().is_some() && current.until.is_none_or(|until| now < until)
        });
        if let Some((flight, until)) =
            under_way.get(key).and_then(|c| Some((c.running()?, c.until)))
        {
            return (flight, Some(Joined { until }));
        }
        let flight = new().boxed().shared();
        let until = now.checked_add(attempt_timeout);
        if let Some(flight) = flight.downgrade() {
            under_way.insert(key.to_owned(), UnderWay { flight, until });
        }
        (flight, None)
    }
}

impl<T: Clone> UnderWay<T> {
    fn running(&self) -> Option<Shared<Flight<T>>> {
        self.flight.upgrade().filter(|flight| flight.peek().is_none())
    }
}

/// What came of it, if it came in time.
async fn wait<T: Clone>(
    flight: Shared<Flight<T>>,
    until: Option<Instant>,
) -> Option<Result<T, Error>> {
    match until {
        Some(until) => timeout_at(until, flight).await.ok(),
        None => Some(flight.await),
    }
}
