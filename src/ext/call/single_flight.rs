//! Lets overlapping calls for one key share one request, since each refresh makes the API query
//! Meta. Each caller keeps its own deadline: it does not get another caller's timeout error, and
//! does not wait for a request that is no longer polled.

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
    error::{Error, TimeoutScope},
};

type Flight<T> = BoxFuture<'static, Result<T, Error>>;

/// Shared requests in progress, by key. A request that no caller waits for is dropped.
pub(crate) struct SingleFlight<T: Clone>(Mutex<HashMap<String, UnderWay<T>>>);

struct UnderWay<T: Clone> {
    flight: WeakShared<Flight<T>>,
    /// The end of the wait of callers that join. It comes after the time of one attempt, because
    /// then the runtime of the first caller may have stopped.
    until: Instant,
}

impl<T: Clone> Default for SingleFlight<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Returns the result of the request in progress for this key, or of a new one, which `new` makes
    /// for the time that is left. If a joined request runs out of time, the caller starts a new one.
    pub(crate) async fn join<F>(
        &self,
        key: &str,
        timeout: Duration,
        attempt_timeout: Duration,
        new: impl Fn(Duration) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let deadline = clock::after(clock::now(), timeout);
        let mut left = timeout;
        loop {
            let (flight, until) = self.share(key, attempt_timeout, || new(left));
            // The caller's own request ends by its own timeout.
            let Some(until) = until else { return flight.await };
            match timeout_at(until.min(deadline), flight).await {
                Ok(Err(error)) if error.is_out_of_time() => {}
                Ok(result) => return result,
                Err(_) => {}
            }
            left = deadline.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Err(Error::timed_out(timeout, TimeoutScope::Call));
            }
        }
    }

    /// Returns the request in progress, with the end of the wait for it, or starts a new one.
    fn share<F>(
        &self,
        key: &str,
        attempt_timeout: Duration,
        new: impl FnOnce() -> F,
    ) -> (Shared<Flight<T>>, Option<Instant>)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let now = clock::now();
        // No code panics while it holds the lock. If it did, the map would still be valid.
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, current| current.running().is_some() && now < current.until);
        if let Some(current) = under_way.get(key)
            && let Some(flight) = current.running()
        {
            return (flight, Some(current.until));
        }
        let flight = new().boxed().shared();
        let until = clock::after(now, attempt_timeout);
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
