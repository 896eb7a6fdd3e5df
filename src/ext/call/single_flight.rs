//! Lets overlapping refreshes of one number share one request, since each makes the API query Meta.
//! Each caller keeps its own deadline: it does not get another caller's timeout error, and does not
//! wait for a request that is no longer polled.

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

use super::Answer;
use crate::{
    ext::{
        clock,
        error::{Error, TimeoutScope},
    },
    types::Number,
};

type Refresh = BoxFuture<'static, Result<Answer<Number>, Error>>;

/// Shared requests in progress, by id. A request that no caller waits for is dropped. Callers that
/// join wait for at most the time of one attempt, because then the runtime of the first caller may
/// have stopped.
#[derive(Default)]
pub(crate) struct SingleFlight(Mutex<HashMap<String, (WeakShared<Refresh>, Instant)>>);

impl SingleFlight {
    /// Returns the result of the request in progress for this id, or of a new one, which `new` makes
    /// for the time that is left. If a joined request runs out of time, the caller starts a new one.
    pub(crate) async fn join(
        &self,
        id: &str,
        timeout: Duration,
        attempt_timeout: Duration,
        new: impl Fn(Duration) -> Refresh,
    ) -> Result<Answer<Number>, Error> {
        let deadline = clock::after(clock::now(), timeout);
        let mut left = timeout;
        loop {
            let (refresh, until) = self.share(id, attempt_timeout, || new(left));
            // The caller's own request ends by its own timeout.
            let Some(until) = until else { return refresh.await };
            match timeout_at(until.min(deadline), refresh).await {
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
    fn share(
        &self,
        id: &str,
        attempt_timeout: Duration,
        new: impl FnOnce() -> Refresh,
    ) -> (Shared<Refresh>, Option<Instant>) {
        let now = clock::now();
        // No code panics while it holds the lock. If it did, the map would still be valid.
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, (refresh, until)| {
            now < *until && refresh.upgrade().is_some_and(|refresh| refresh.peek().is_none())
        });
        if let Some((refresh, until)) = under_way.get(id)
            && let Some(refresh) = refresh.upgrade()
        {
            return (refresh, Some(*until));
        }
        let refresh = new().shared();
        if let Some(weak) = refresh.downgrade() {
            under_way.insert(id.to_owned(), (weak, clock::after(now, attempt_timeout)));
        }
        (refresh, None)
    }
}
