//! The calls of a watch that have not ended, and their slots.

use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use futures_util::{
    FutureExt, StreamExt,
    future::{AbortHandle, Abortable, BoxFuture, abortable},
    stream::FuturesUnordered,
};
use tokio::time::Instant;

use super::rounds::Target;
use crate::{
    ext::{call::on_wire::OnWire, error::Error, number::handle::NumberHandle, number_id::NumberId},
    types::{Number, NumberList, NumberStatus},
};

/// A call whose request is on the wire for longer no longer counts toward `concurrency`.
const HANGS_AFTER: Duration = Duration::from_secs(10);

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

/// The result of a call for a number, or for the list.
pub(super) enum Answer {
    Number(NumberId, Result<Reading, Error>),
    List(Result<NumberList, Error>),
}

#[derive(Default)]
pub(super) struct Calls {
    futures: FuturesUnordered<Abortable<BoxFuture<'static, (Duration, Answer)>>>,
    /// The calls for numbers.
    running: HashMap<NumberId, (OnWire, AbortHandle)>,
}

impl Operation {
    pub(super) async fn call(self, number: NumberHandle) -> Result<Reading, Error> {
        let answer = match self {
            Self::Get => number.answered_get(false).await?,
            Self::Refresh => number.joined_refresh().await?,
            Self::Status => return Ok(Reading::Status(Arc::new(number.status().await?))),
        };
        Ok(Reading::Number(Arc::new(answer.value), answer.server_time))
    }
}

impl Calls {
    /// Starts a call. A call for the list never counts.
    pub(super) fn start(
        &mut self,
        target: Target,
        call: BoxFuture<'static, Answer>,
        now: Duration,
    ) {
        let on_wire = OnWire::default();
        let (call, abort) = abortable(on_wire.of(call).map(move |answer| (now, answer)).boxed());
        self.futures.push(call);
        self.running.extend(target.map(|id| (id, (on_wire, abort))));
    }

    /// Returns the start and the result of a call that has ended.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Duration, Answer)> {
        while let Poll::Ready(Some(ended)) = self.futures.poll_next_unpin(cx) {
            let Ok((began, answer)) = ended else { continue };
            if let Answer::Number(id, _) = &answer {
                self.running.remove(id);
            }
            return Poll::Ready((began, answer));
        }
        Poll::Pending
    }

    /// Cancels the calls of ids for which `stays` returns false.
    pub(super) fn retain(&mut self, stays: impl Fn(&NumberId) -> bool) {
        self.running.retain(|id, (_, abort)| {
            if stays(id) {
                return true;
            }
            abort.abort();
            false
        });
    }

    /// Returns the time from which another call may start, unless one ends earlier.
    pub(super) fn room_at(&self, start: Instant, concurrency: usize) -> Duration {
        let since = |(on_wire, _): &(OnWire, AbortHandle)| Some(on_wire.since()? - start);
        room_at(self.running.values().map(since).collect(), concurrency)
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
