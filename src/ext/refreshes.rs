//! The refreshes under way: calls for one number that overlap share one, and none is left with another's lot.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::{Instant, timeout_at};

use super::{clock, report::Report, transport::Limits};
use crate::{Error, types::Number};

type Refresh = BoxFuture<'static, Result<Number, Error>>;

/// By the number's id. What nobody waits for any more is gone, and stops.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<HashMap<String, UnderWay>>);

struct UnderWay {
    refresh: WeakShared<Refresh>,
    /// How long others wait for it: after the time of one attempt it may be on a runtime that stands still.
    until: Instant,
}

impl Refreshes {
    /// The answer of this number's refresh that is under way, or of a new one. Whoever waits for another's keeps its own deadline: it
    /// begins anew where the other ran out of time.
    pub(crate) async fn join<F>(
        &self,
        id: &str,
        limits: &Limits,
        new: impl Fn() -> F,
    ) -> Result<Number, Error>
    where
        F: Future<Output = Result<Number, Error>> + Send + 'static,
    {
        let deadline = clock::now().checked_add(limits.timeout);
        // A refresh of one's own that begins at once ends by itself.
        let mut own_until = None;
        loop {
            let (refresh, others_until) = self.share(id, limits, &new);
            let until = match others_until {
                Some(_) => [others_until, deadline].into_iter().flatten().min(),
                None => own_until,
            };
            match wait(refresh, until).await {
                Some(Err(error)) if others_until.is_some() && error.is_out_of_time() => {}
                Some(result) => return result,
                None => {}
            }
            if deadline.is_some_and(|deadline| clock::now() >= deadline) {
                return Err(Error::timed_out(limits.timeout, "timeout", Report::default()));
            }
            own_until = deadline;
        }
    }

    /// The refresh that is under way, and until when to wait for it; or a new one.
    fn share<F>(
        &self,
        id: &str,
        limits: &Limits,
        new: impl Fn() -> F,
    ) -> (Shared<Refresh>, Option<Instant>)
    where
        F: Future<Output = Result<Number, Error>> + Send + 'static,
    {
        let now = clock::now();
        // Nothing panics while it is held; if it did, the map would still be one.
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, current| current.running().is_some() && now < current.until);
        if let Some((refresh, until)) =
            under_way.get(id).and_then(|c| Some((c.running()?, c.until)))
        {
            return (refresh, Some(until));
        }
        let refresh = new().boxed().shared();
        let until = now.checked_add(limits.attempt_timeout);
        if let (Some(refresh), Some(until)) = (refresh.downgrade(), until) {
            under_way.insert(id.to_owned(), UnderWay { refresh, until });
        }
        (refresh, None)
    }
}

impl UnderWay {
    fn running(&self) -> Option<Shared<Refresh>> {
        self.refresh.upgrade().filter(|refresh| refresh.peek().is_none())
    }
}

/// What came of it, if it came in time.
async fn wait(refresh: Shared<Refresh>, until: Option<Instant>) -> Option<Result<Number, Error>> {
    match until {
        Some(until) => timeout_at(until, refresh).await.ok(),
        None => Some(refresh.await),
    }
}
