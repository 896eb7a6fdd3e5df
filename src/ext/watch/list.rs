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
    rounds::Rounds,
    seen::{Changed, Seen},
};
use crate::{
    ext::{client::client::Client, error::error::Error},
    types::NumberList,
};

type Answer = Result<NumberList, Error>;

#[derive(Default)]
pub(super) struct List {
    due: Duration,
    call: Option<BoxFuture<'static, Answer>>,
    was_read: bool,
    /// What it failed by last, as it was told.
    error: Option<Seen>,
    /// Those that came after others, and were not asked for yet.
    late_comers: HashSet<Arc<str>>,
}

impl List {
    /// Asks for the list when it is due, once in every interval; its answer, if there is one.
    pub(super) fn poll(
        &mut self,
        client: &Client,
        every: Duration,
        cx: &mut Context<'_>,
        now: Duration,
    ) -> Option<Answer> {
        if self.call.is_none() && self.due <= now {
            self.call = Some(client.list());
        }
        let Poll::Ready(answer) = self.call.as_mut()?.poll_unpin(cx) else { return None };
        self.call = None;
        self.due = now + every;
        Some(answer)
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
        (now, at): (Duration, DateTime<Utc>),
    ) -> Vec<Change> {
        let list = match answer {
            Ok(list) => list,
            Err(error) => return self.fail(error, at).into_iter().collect(),
        };
        // An item that cannot be read may be any of those that are missed.
        let is_whole = list.odd.is_empty();
        let ids = list.numbers.into_iter().map(|number| Arc::from(number.id));
        let ids: Vec<Arc<str>> = ids.filter(|id: &Arc<str>| !id.is_empty()).collect();
        let is_first = !mem::replace(&mut self.was_read, true);
        if !is_first || !known.is_empty() {
            let is_new = |id: &&Arc<str>| !known.contains_key(*id) && !rounds.contains(id);
            self.late_comers.extend(ids.iter().filter(is_new).cloned());
        }
        if is_first {
            rounds.fill(ids.clone());
        } else {
            for id in &ids {
                rounds.join(Arc::clone(id), now);
            }
        }
        let ids: HashSet<_> = ids.into_iter().collect();
        let is_gone = |id: &Arc<str>| is_whole && !ids.contains(id);
        rounds.retain(|id| !is_gone(id));
        let gone: Vec<_> = known.keys().filter(|id| is_gone(id)).cloned().collect();
        let unlisted = gone.into_iter().map(|id| {
            let before = known.remove(&id);
            let after = before.clone().unwrap_or_default();
            let (current, changed) = (Current::Unlisted, vec![Changed::Unlisted]);
            Change { id, before, after, current, previous: None, changed, at }
        });
        let mut found: Vec<_> = unlisted.collect();
        found.extend(self.error.take().map(|before| Change {
            id: "".into(),
            before: Some(before),
            after: Seen::default(),
            current: Current::List,
            previous: None,
            changed: vec![Changed::ErrorEnded],
            at,
        }));
        found
    }

    /// The same error is told once.
    fn fail(&mut self, error: Error, at: DateTime<Utc>) -> Option<Change> {
        let (before, after) = (self.error.take(), Seen::failed(None, &error));
        self.error = Some(after.clone());
        let is_other = before.as_ref() != Some(&after);
        let (current, changed) = (Current::Failed(error), vec![Changed::ErrorBegan]);
        is_other.then(|| Change {
            id: "".into(),
            before,
            after,
            current,
            previous: None,
            changed,
            at,
        })
    }
}
