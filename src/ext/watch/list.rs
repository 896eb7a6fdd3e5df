//! The list of numbers that `Client::watch_all` follows: it adds and removes ids.

use std::{
    collections::HashSet,
    mem,
    task::{Context, Poll},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    calls::Calls,
    change::{Change, ChangeSource},
    rounds::{MAX_OFFSET, Rounds},
    seen::Seen,
    table::TableWriter,
};
use crate::{
    ext::{clock, error::Error, number_id::NumberId},
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

    /// Limits the first offset.
    pub(super) fn first_round(&mut self, time: Duration) {
        self.due = self.due.min(time);
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

    /// Makes the next request due at this time, and cancels the current one.
    pub(super) fn restart_at(&mut self, due: Duration) {
        (self.call, self.due) = (None, due);
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
        table: &TableWriter,
        calls: &Calls,
        now: Duration,
    ) -> Vec<Change> {
        let at = clock::wall().into();
        let list = match answer {
            Ok(list) => list,
            Err(error) => return self.fail(error, at).into_iter().collect(),
        };
        let known = table.ids();
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
        let lost_all = is_whole && rounds.ids().chain(&known).all(is_gone);
        let had_any = rounds.len() > 0 || !known.is_empty();
        let is_doubtful = lost_all && (had_any || !self.was_read && ids.is_empty());
        if is_doubtful && !mem::replace(&mut self.is_doubted, true) {
            self.due = self.due.min(now + CONFIRM_AFTER);
            return Vec::new();
        }
        self.is_doubted = false;
        table.add_phones(&list.numbers);
        let is_first = !mem::replace(&mut self.was_read, true);
        if !is_first || !known.is_empty() {
            let is_new = |id: &&NumberId| !known.contains(*id) && !rounds.contains(id);
            self.late_comers.extend(ids.iter().filter(is_new).cloned());
        }
        let (gone, kept): (Vec<_>, Vec<_>) = known.into_iter().partition(is_gone);
        if is_first {
            // A list with malformed items may lack numbers of a resumed state.
            ids.extend(kept);
            rounds.fill(ids, now, clock::random());
        } else {
            for id in ids {
                let is_running = calls.contains(&id);
                rounds.join(id, now, is_running);
            }
        }
        rounds.retain(|id| !is_gone(id));
        self.late_comers.retain(|id| !is_gone(id));
        let unlisted = gone.into_iter().map(|id| {
            let before = table.seen(&id);
            let after = before.clone().unwrap_or_default();
            Change::new(Some(id), ChangeSource::Unlisted, before, after, at)
        });
        let answers_again = self
            .error
            .take()
            .map(|before| Change::new(None, ChangeSource::List, Some(before), Seen::default(), at));
        unlisted.chain(answers_again).collect()
    }

    /// Returns a change, unless the list failed with the same error before.
    fn fail(&mut self, error: Error, at: DateTime<Utc>) -> Option<Change> {
        let after = Seen::failed(None, &error);
        let before = self.error.replace(after.clone());
        let is_other = before.as_ref().is_none_or(|b| !after.changes(Some(b)).is_empty());
        is_other.then(|| Change::failure(before, error, at))
    }
}
