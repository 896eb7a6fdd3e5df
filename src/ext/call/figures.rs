//! Counts the calls of a client and their outcomes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;

use crate::ext::{
    error::kind::ErrorKind,
    pacing::{PacingStats, whole_milliseconds},
};

/// Counts of the calls of all clones of a client since it was made, and the current state of
/// pacing; see [`Client::stats`](crate::Client::stats). The counts and `waited` only grow.
///
/// Each request to the API is a call with its retries, so `find_number` counts as one call and
/// `wait_until_open` as several. Arguments that are refused before a request are not counted. A call
/// of [`Client::raw`](crate::Client::raw) counts only as a call, with its attempts and retries, and
/// so does a dropped call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// Calls, including those that were never sent because their turn came too late.
    pub calls: u64,
    /// Attempts to send a request, including retries.
    pub attempts: u64,
    /// Attempts after the first one of their call.
    pub retries: u64,
    /// Calls that returned a value.
    pub successes: u64,
    /// Responses with status 429. With [`Pacing::Off`](crate::Pacing::Off) this figure and `waited`,
    /// `queued` and `rate` are zero.
    pub rejected: u64,
    /// Total time that calls have waited for their turns; serialized as `waitedMs`.
    #[serde(rename = "waitedMs", serialize_with = "whole_milliseconds")]
    pub waited: Duration,
    /// Calls that wait for their turn now.
    pub queued: usize,
    /// Requests admitted a second now; `None` while no limit is active or no rate is known.
    pub rate: Option<f64>,
    errors: BTreeMap<ErrorKind, u64>,
}

impl Stats {
    /// Returns the counts of calls that returned an error, by its kind. Kinds that did not occur are
    /// absent.
    pub fn errors(&self) -> impl Iterator<Item = (ErrorKind, u64)> {
        self.errors.iter().map(|(kind, count)| (*kind, *count))
    }
}

/// The counts, without the state of pacing.
#[derive(Default)]
pub(crate) struct Figures(Mutex<Stats>);

impl Figures {
    pub(crate) fn call(&self) {
        self.counts().calls += 1;
    }

    pub(crate) fn attempt(&self, is_first: bool) {
        let mut counts = self.counts();
        counts.attempts += 1;
        counts.retries += u64::from(!is_first);
    }

    /// Counts a call that ended with success, or with an error of this kind.
    pub(crate) fn end(&self, error: Option<ErrorKind>) {
        let mut counts = self.counts();
        match error {
            None => counts.successes += 1,
            Some(kind) => *counts.errors.entry(kind).or_default() += 1,
        }
    }

    pub(crate) fn stats(&self, pacing: PacingStats) -> Stats {
        let PacingStats { rate, queued, rejected, waited } = pacing;
        Stats { rejected, waited, queued, rate, ..self.counts().clone() }
    }

    fn counts(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
