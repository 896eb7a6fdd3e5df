//! The list of numbers that `Client::watch_all` follows: it adds and removes ids.

use std::{
    collections::{HashMap, HashSet},
    mem,
    task::{Context, Poll},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    change::{Change, ChangeSource},
    rounds::{MAX_OFFSET, Rounds},
    seen::{Changed, Seen},
};
use crate::{
    ext::{error::Error, number_id::NumberId},
    types::NumberList,
};

type Answer = Result<NumberList, Error>;

/// Time after which a list without any known number is confirmed by a second request, at most the
/// interval.
const CONFIRM_AFTER: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct List {
    due: Duration,
    call: Option<BoxFuture<'static, Answer>>,
    was_read: bool,
    /// True if the last list had no known number and is not confirmed yet.
    is_doubted: bool,
    /// The error of the last list, if it failed.
    error: Option<Seen>,
    /// Ids that joined later and have not been polled yet.
    late_comers: HashSet<NumberId>,
}

impl List {
    /// `random`, in `0.0..1.0`, is the fraction of the largest offset.
    pub(super) fn new(every: Duration, random: f64) -> Self {
        Self { due: every.min(MAX_OFFSET).mul_f64(random), ..Self::default() }
    }

    /// Requests the list when it is due, once in every interval. Returns the response when it arrives.
    pub(super) fn poll(
        &mut self,
        call: impl FnOnce() -> BoxFuture<'static, Answer>,
        every: Duration,
        cx: &mut Context<'_>,
        now: Duration,
    ) -> Option<Answer> {
        if self.call.is_none() && self.due <= now {
            self.call = Some(call());
        }
        let Poll::Ready(answer) = self.call.as_mut()?.poll_unpin(cx) else { return None };
        self.call = None;
        self.due = now + every;
        Some(answer)
    }

    /// Delays the next request to this time, and cancels the current one.
    pub(super) fn hold_until(&mut self, moment: Duration) {
        self.call = None;
        self.due = self.due.max(moment);
    }

    /// Makes the list due now.
    pub(super) fn start_again(&mut self, now: Duration) {
        self.due = now;
    }

    /// Returns true after the first list that could be read, and was confirmed if it had to be.
    pub(super) fn was_read(&self) -> bool {
        self.was_read
    }

    /// Returns the time of the next request; `None` during a request.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.call.is_none().then_some(self.due)
    }

    /// Returns true at the first poll of an id that joined later.
    pub(super) fn is_first_of(&mut self, id: &NumberId) -> bool {
        self.late_comers.remove(id)
    }

    /// Adds new ids and removes missing ones. Returns the changes to emit.
    pub(super) fn follow(
        &mut self,
        answer: Answer,
        rounds: &mut Rounds,
        known: &mut HashMap<NumberId, Seen>,
        is_running: impl Fn(&NumberId) -> bool,
        random: f64,
        (now, at): (Duration, DateTime<Utc>),
    ) -> Vec<Change> {
        let list = match answer {
            Ok(list) => list,
            // The request was not sent, so it is due again.
            Err(error) if error.is_not_admitted() => return Vec::new(),
            Err(error) => return self.fail(error, at).into_iter().collect(),
        };
        let ids = list.numbers.iter().filter_map(|number| NumberId::try_from(&number.id).ok());
        let mut ids: Vec<_> = ids.collect();
        // An item without a valid id may be a number that is watched.
        let is_whole = list.is_whole() && ids.len() == list.numbers.len();
        if !is_whole && ids.is_empty() && known.is_empty() && !self.was_read {
            // Only malformed items: the fleet is still unknown.
            return Vec::new();
        }
        let listed: HashSet<_> = ids.iter().cloned().collect();
        let is_gone = |id: &NumberId| is_whole && !listed.contains(id);
        // The API may return an empty list while a system behind it fails.
        let had_any = !rounds.is_empty() || !known.is_empty();
        let lost_all = rounds.ids().chain(known.keys()).all(is_gone);
        let is_first_empty = !self.was_read && is_whole && ids.is_empty();
        if (had_any && lost_all || is_first_empty) && !mem::replace(&mut self.is_doubted, true) {
            self.due = self.due.min(now + CONFIRM_AFTER);
            return Vec::new();
        }
        self.is_doubted = false;
        let is_first = !mem::replace(&mut self.was_read, true);
        if !is_first || !known.is_empty() {
            let is_new = |id: &&NumberId| !known.contains_key(*id) && !rounds.contains(id);
            self.late_comers.extend(ids.iter().filter(is_new).cloned());
        }
        if is_first {
            // A list with malformed items may lack numbers of a resumed state.
            ids.extend(known.keys().filter(|id| !is_gone(id)).cloned());
            rounds.fill(ids, now, random);
        } else {
            for id in ids {
                let is_running = is_running(&id);
                rounds.join(id, now, is_running);
            }
        }
        rounds.retain(|id| !is_gone(id));
        self.late_comers.retain(|id| !is_gone(id));
        let gone: Vec<_> = known.keys().filter(|id| is_gone(id)).cloned().collect();
        let unlisted = gone.into_iter().map(|id| {
            let before = known.remove(&id);
            let after = before.clone().unwrap_or_default();
            Change::new(Some(id), before, after, (ChangeSource::Unlisted, Changed::Unlisted), at)
        });
        let mut found: Vec<_> = unlisted.collect();
        found.extend(self.error.take().map(|before| {
            let cause = (ChangeSource::List, Changed::ErrorEnded);
            Change::new(None, Some(before), Seen::default(), cause, at)
        }));
        found
    }

    /// Returns a change, unless the list failed with the same error before.
    fn fail(&mut self, error: Error, at: DateTime<Utc>) -> Option<Change> {
        let (before, after) = (self.error.take(), Seen::failed(None, &error));
        self.error = Some(after.clone());
        let is_other = before.as_ref().is_none_or(|b| !after.changes(Some(b)).is_empty());
        is_other.then(|| Change::failure(before, error, at))
    }
}
