//! Shows the owner of a call whether one of its requests is on the wire, or whether the call
//! waits for its turn or before a retry.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{task::futures::TaskLocalFuture, time::Instant};

use crate::ext::clock;

tokio::task_local! {
    static CALL: OnWire;
}

/// The time at which the request of a call that is now on the wire was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct OnWire(Arc<Mutex<Option<Instant>>>);

impl OnWire {
    /// Runs a call, and records its requests here.
    pub(crate) fn of<F: Future>(&self, call: F) -> TaskLocalFuture<Self, F> {
        CALL.scope(self.clone(), call)
    }

    /// Returns when the request that is now on the wire was sent; `None` while the call waits.
    pub(crate) fn since(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a request as on the wire until this guard is dropped.
pub(super) struct Sending(Option<OnWire>);

impl Sending {
    pub(super) fn begin() -> Self {
        let call = CALL.try_with(OnWire::clone).ok();
        if let Some(call) = &call {
            *call.lock() = Some(clock::now());
        }
        Self(call)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(call) = &self.0 {
            *call.lock() = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::Notify;

    use super::*;

    #[test]
    fn request_is_on_wire_until_answered() {
        let (turn, answer, call) = (Notify::new(), Notify::new(), OnWire::default());
        let mut future = Box::pin(call.of(async {
            turn.notified().await;
            let sending = Sending::begin();
            answer.notified().await;
            drop(sending);
            turn.notified().await;
        }));
        let mut poll = || future.as_mut().now_or_never().is_some();
        assert!(!poll() && call.since().is_none());
        turn.notify_one();
        assert!(!poll() && call.since().is_some());
        answer.notify_one();
        assert!(!poll() && call.since().is_none());
        turn.notify_one();
        assert!(poll());
        // Without an owner nothing is recorded.
        drop(Sending::begin());
    }
}
