//! Counts what the calls of a client do. Each count only grows, and reading takes no lock.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::ext::{error::kind::ErrorKind, pacing::PacingStats};

/// What the calls of all clones of a client did since it was made, and what pacing is doing now;
/// see [`Client::stats`](crate::Client::stats).
///
/// Calls of [`Client::raw`](crate::Client::raw) count as calls, attempts and retries only. A call
/// that was dropped counts as a call, and neither as a success nor as an error.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls for which a request was made.
    pub calls: u64,
    /// Requests that were sent or tried to be sent.
    pub attempts: u64,
    /// Those of them that were not the first of their call.
    pub retries: u64,
    /// Calls that returned what was asked for.
    pub successes: u64,
    /// Calls that returned an error, by its kind; only kinds that occurred.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// What pacing is doing: 429s, the time waited, the queue and the rate. All zero with
    /// [`Pacing::Off`](crate::Pacing::Off).
    pub pacing: PacingStats,
}

#[derive(Default)]
pub(crate) struct Figures {
    calls: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    successes: AtomicU64,
    /// In the order of [`ErrorKind::ALL`].
    errors: [AtomicU64; ErrorKind::ALL.len()],
}

impl Figures {
    pub(crate) fn attempt(&self, is_first: bool) {
        add(&self.attempts);
        add(if is_first { &self.calls } else { &self.retries });
    }

    pub(crate) fn success(&self) {
        add(&self.successes);
    }

    pub(crate) fn error(&self, kind: ErrorKind) {
        let at = ErrorKind::ALL.iter().position(|known| *known == kind);
        if let Some(count) = at.and_then(|at| self.errors.get(at)) {
            add(count);
        }
    }

    pub(crate) fn stats(&self, pacing: PacingStats) -> Stats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let errors = ErrorKind::ALL.iter().copied().zip(self.errors.iter().map(read));
        Stats {
            calls: read(&self.calls),
            attempts: read(&self.attempts),
            retries: read(&self.retries),
            successes: read(&self.successes),
            errors: errors.filter(|(_, count)| *count > 0).collect(),
            pacing,
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
