//! The list that [`Client::watch_all`] follows, by which numbers come and go.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    change::{Change, Current},
    rounds::{MAX_OFFSET, Rounds},
    seen::{Changed, Seen},
};
use crate::{
    ext::{client::trim::trimmed, error::Error},
    types::NumberList,
};

type Answer = Result<NumberList, Error>;

/// A list without any of the known numbers is asked for again after this time, or after the interval
/// if that is shorter, before it is believed.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct List {
    due: Duration,
    call: Option<BoxFuture<'static, Answer>>,
    was_read: bool,
    /// The last one had none of the known numbers.
    is_doubted: bool,
    /// The error that it failed by last.
    error: Option<Seen>,
    /// Those that came after others, and were not asked for yet.
    late_comers: HashSet<Arc<str>>,
}

impl List {
    /// `random`, in `0.0..1.0`, is this watch's own offset.
    pub(super) fn new(every: Duration, random: f64) -> Self {
        Self { due: every.min(MAX_OFFSET).mul_f64(random), ..Self::default() }
    }

    /// Asks for the list when it is due, once in every interval; its answer, if there is one.
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

    /// It is not due before this moment, and its call is dropped.
    pub(super) fn hold_until(&mut self, moment: Duration) {
        self.call = None;
        self.due = self.due.max(moment);
    }

    /// It is due now.
    pub(super) fn start_again(&mut self, now: Duration) {
        self.due = now;
    }

    /// When it is asked for again; `None` while it is.
    pub(super) fn wake(&self) -> Option<Duration> {
        self.call.is_none().then_some(self.due)
    }

    /// Whether this one came later, and is asked for the first time.
    pub(super) fn is_first_of(&mut self, id: &str) -> bool {
        self.late_comers.remove(id)
    }

    /// Lets those join who are new and those leave who are gone; what is to be told of it.
    pub(super) fn follow(
        &mut self,
        answer: Answer,
        rounds: &mut Rounds,
        known: &mut HashMap<Arc<str>, Seen>,
        is_under_way: impl Fn(&Arc<str>) -> bool,
        random: f64,
        (now, at): (Duration, DateTime<Utc>),
    ) -> Vec<Change> {
        let list = match answer {
            Ok(list) => list,
            // It is due again, as a number is.
            Err(error) if error.is_not_admitted() => return Vec::new(),
            Err(error) => return self.fail(error, at).into_iter().collect(),
        };
        let is_whole = list.is_whole();
        let ids = list.numbers.into_iter().map(|number| Arc::from(trimmed(number.id)));
        let ids: Vec<Arc<str>> = ids.filter(|id: &Arc<str>| !id.is_empty()).collect();
        let listed: HashSet<_> = ids.iter().cloned().collect();
        let is_gone = |id: &Arc<str>| is_whole && !listed.contains(id);
        // Lists come back empty while an upstream fails.
        let had_any = !rounds.is_empty() || !known.is_empty();
        let lost_all = rounds.ids().chain(known.keys()).all(is_gone);
        let is_first_empty = !self.was_read && is_whole && ids.is_empty();
        if (had_any && lost_all || is_first_empty) && !mem::replace(&mut self.is_doubted, true) {
            self.due = self.due.min(now + ASK_AGAIN_AFTER);
            return Vec::new();
        }
        self.is_doubted = false;
        let is_first = !mem::replace(&mut self.was_read, true);
        if !is_first || !known.is_empty() {
            let is_new = |id: &&Arc<str>| !known.contains_key(*id) && !rounds.contains(id);
            self.late_comers.extend(ids.iter().filter(is_new).cloned());
        }
        if is_first {
            rounds.fill(ids, now, random);
        } else {
            for id in ids {
                let is_under_way = is_under_way(&id);
                rounds.join(id, now, is_under_way);
            }
        }
        rounds.retain(|id| !is_gone(id));
        self.late_comers.retain(|id| !is_gone(id));
        let gone: Vec<_> = known.keys().filter(|id| is_gone(id)).cloned().collect();
        let unlisted = gone.into_iter().map(|id| {
            let before = known.remove(&id);
            let after = before.clone().unwrap_or_default();
            let (current, changed) = (Current::Unlisted, vec![Changed::Unlisted]);
            Change { id: Some(id), before, after, current, previous: None, changed, at }
        });
        let mut found: Vec<_> = unlisted.collect();
        found.extend(
            self.error.take().map(|before| {
                Change::of_watch(Some(before), Current::List, Changed::ErrorEnded, at)
            }),
        );
        found
    }

    /// The same error is one change.
    fn fail(&mut self, error: Error, at: DateTime<Utc>) -> Option<Change> {
        let (before, after) = (self.error.take(), Seen::failed(None, &error));
        self.error = Some(after.clone());
        let is_other = before.as_ref().is_none_or(|b| !after.changes(Some(b)).is_empty());
        is_other.then(|| Change::of_watch(before, Current::Failed(error), Changed::ErrorBegan, at))
    }
}
