//! The calls of a watch that have not ended, and their slots.

use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use crate::{
    ext::{error::Error, number::handle::NumberHandle, number_id::NumberId},
    types::{Number, NumberStatus},
};

/// A call that takes longer no longer counts toward `concurrency`.
const HANGS_AFTER: Duration = Duration::from_secs(10);
/// Time after which a full watch looks again whether calls wait for their turns.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The operation that polls a number.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Get,
    Refresh,
    Status,
}

/// The value of a successful call.
pub(super) enum Reading {
    Number(Arc<Number>, SystemTime),
    Status(Arc<NumberStatus>),
}

/// A call that has ended.
pub(super) struct Ended {
    pub(super) id: NumberId,
    pub(super) began: Duration,
    pub(super) result: Result<Reading, Error>,
}

#[derive(Default)]
pub(super) struct Calls {
    futures: FuturesUnordered<BoxFuture<'static, Ended>>,
    /// The time at which each call began.
    running: HashMap<NumberId, Duration>,
}

impl Operation {
    async fn call(self, number: NumberHandle) -> Result<Reading, Error> {
        let (number, server_time) = match self {
            Self::Get => number.dated_get().await?,
            Self::Refresh => number.dated_refresh().await?,
            Self::Status => return Ok(Reading::Status(Arc::new(number.status().await?))),
        };
        Ok(Reading::Number(Arc::new(number), server_time))
    }
}

impl Calls {
    pub(super) fn start(
        &mut self,
        operation: Operation,
        id: NumberId,
        number: NumberHandle,
        began: Duration,
    ) {
        self.running.insert(id.clone(), began);
        let call = async move { Ended { id, began, result: operation.call(number).await } };
        self.futures.push(Box::pin(call));
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let Poll::Ready(Some(ended)) = self.futures.poll_next_unpin(cx) else {
            return Poll::Pending;
        };
        self.running.remove(&ended.id);
        Poll::Ready(ended)
    }

    pub(super) fn contains(&self, id: &NumberId) -> bool {
        self.running.contains_key(id)
    }

    /// Returns the time from which fewer than `concurrency` calls count, unless one ends earlier. Calls
    /// that wait for their turns do not hang, so while the queue has any, all calls count.
    pub(super) fn room_at(
        &self,
        concurrency: usize,
        has_queue: impl FnOnce() -> bool,
        now: Duration,
    ) -> Duration {
        let Some(excess) = self.running.len().checked_sub(concurrency) else {
            return Duration::ZERO;
        };
        if has_queue() {
            return now + CHECK_EVERY;
        }
        let mut began: Vec<_> = self.running.values().collect();
        began.sort_unstable();
        began.get(excess).map_or(Duration::MAX, |began| **began + HANGS_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hung_calls_release_their_slots() {
        let at = Duration::from_secs;
        let cases: [(&[u64], Duration); 6] = [
            (&[], Duration::ZERO),
            (&[5], Duration::ZERO),
            (&[5, 6], at(15)),
            (&[6, 5], at(15)),
            // The oldest of three stops counting; the two others still count.
            (&[5, 20, 21], at(30)),
            (&[5, 6, 20, 21], at(30)),
        ];
        for (calls, expected) in cases {
            let id = |n: &u64| (NumberId::checked(&n.to_string()), at(*n));
            let calls = Calls { running: calls.iter().map(id).collect(), ..Calls::default() };
            assert_eq!(calls.room_at(2, || false, at(22)), expected, "{:?}", calls.running);
            let is_full = expected > Duration::ZERO;
            let with_queue = if is_full { at(22) + CHECK_EVERY } else { Duration::ZERO };
            assert_eq!(calls.room_at(2, || true, at(22)), with_queue, "{:?}", calls.running);
        }
    }
}
