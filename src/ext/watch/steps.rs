//! The work of one poll of a [`Watch`]: collects the ids, starts calls, follows the list, and waits for
//! the next of them.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::time::sleep_until;

use super::{Watch, change::Change, list::List};
use crate::ext::{clock, error::Error, number::handle::NumberHandle, trace};

impl Watch {
    /// Collects the ids.
    pub(super) fn poll_ids(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(ids) = &mut self.ids {
            let ids = ready!(ids.poll_unpin(cx));
            self.ids = None;
            let (valid, invalid): (Vec<_>, Vec<_>) = ids.into_iter().partition(Result::is_ok);
            for error in invalid.into_iter().filter_map(Result::err) {
                self.ready.push_back(Change::failure(None, error, clock::wall().into()));
            }
            let valid = valid.into_iter().flatten().collect();
            self.rounds.fill(valid, self.now(), clock::random());
            self.forget();
        }
        self.start.get_or_insert_with(clock::now);
        Poll::Ready(())
    }

    /// Does one step that is possible now. Returns false if there was none.
    pub(super) fn work(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        if let Poll::Ready(ended) = self.calls.poll(cx) {
            self.finish(ended, now);
            self.hold_while_refused(false, now);
            return true;
        }
        let worked = self.follow_list(cx, now) || self.call(now);
        if worked {
            self.hold_while_refused(true, now);
        }
        worked
    }

    /// Waits for the next due request, unless a response arrives earlier.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let number = self.rounds.wake().map(|wake| wake.max(self.has_room_at()));
        let list = self.list.as_ref().and_then(List::wake);
        let wake = number.into_iter().chain(list).min();
        // A time that the clock cannot represent never comes.
        let at = wake.and_then(|wake| self.start?.checked_add(wake));
        let Some(at) = at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll_unpin(cx)
    }

    pub(super) fn is_over(&self) -> bool {
        self.list.is_none() && self.ids.is_none() && self.rounds.len() == 0
    }

    /// Returns the time since the first poll.
    pub(super) fn now(&self) -> Duration {
        self.start.map_or(Duration::ZERO, |start| clock::now() - start)
    }

    /// Processes a response of the list, if the list is followed. Returns false if there was none.
    fn follow_list(&mut self, cx: &mut Context<'_>, now: Duration) -> bool {
        let Some(list) = &mut self.list else { return false };
        let call = || self.client.fetch_list(self.timeout);
        let Some(answer) = list.poll(call, self.every, cx, now) else { return false };
        let error = answer.as_ref().err();
        if self.check_faults(None, now, error, now) || error.is_some_and(Error::is_not_admitted) {
            return true;
        }
        self.table.set_list_error(error);
        if let Some(list) = &mut self.list {
            let (rounds, calls) = (&mut self.rounds, &self.calls);
            self.ready.extend(list.follow(answer, rounds, &self.table, calls, now));
            if list.was_read() {
                self.forget();
            }
        }
        true
    }

    /// Forgets all numbers that are not watched.
    fn forget(&mut self) {
        let rounds = &self.rounds;
        self.table.retain(|id| rounds.contains(id), rounds.len());
        self.calls.retain(|id| rounds.contains(id));
    }

    /// Starts the call of the next due number. Returns false if no number is due.
    fn call(&mut self, now: Duration) -> bool {
        if self.has_room_at() > now {
            return false;
        }
        let Some(id) = self.rounds.take(now) else { return false };
        self.warn_if_slow(now);
        let number = self.client.number(&id);
        let number = self.timeout.into_iter().fold(number, NumberHandle::timeout);
        self.calls.start(self.operation, id, number, now);
        true
    }

    /// Returns the time from which another call may start, unless one ends earlier.
    fn has_room_at(&self) -> Duration {
        self.start.map_or(Duration::ZERO, |start| self.calls.room_at(start, self.concurrency))
    }

    /// Delays everything but the next probe while the key is refused. The probe is a request for a
    /// number, or for the list if no number is known.
    fn hold_while_refused(&mut self, has_started: bool, now: Duration) {
        let Some(probe) = self.faults.next_probe(self.every, has_started, now) else { return };
        self.rounds.hold_until(probe);
        if let Some(list) = &mut self.list {
            list.restart_at(if self.rounds.len() == 0 { probe } else { Duration::MAX });
        }
    }

    /// Logs a warning, once, if rounds take twice the configured interval.
    fn warn_if_slow(&mut self, now: Duration) {
        let interval = self.rounds.interval(now);
        if interval > 2 * self.every && !self.is_slow {
            self.is_slow = true;
            trace::slow_rounds(self.every, interval);
        } else if interval < self.every * 3 / 2 {
            self.is_slow = false;
        }
    }
}
