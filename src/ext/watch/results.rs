//! The results of calls: what each shows of its number, of the fleet, and of the whole API.

use std::{collections::HashSet, time::Duration};

use super::{
    Watch,
    calls::{Answer, Reading},
    change::{Change, ChangeSource},
    rounds::Outcome,
    seen::{Changed, Seen},
    table::FleetEntry,
};
use crate::{
    ext::{error::Error, number_id::NumberId, trace},
    types::NumberList,
};

/// Time after which a list without any known number is confirmed by a second request, at most the
/// interval.
const CONFIRM_AFTER: Duration = Duration::from_secs(5);

impl Watch {
    /// Processes the result of a call that began at `began`, and schedules the next one of its target.
    pub(super) fn finish(&mut self, began: Duration, answer: Answer, now: Duration) {
        let (target, error) = match &answer {
            Answer::Number(id, result) => (Some(id), result.as_ref().err()),
            Answer::List(result) => (None, result.as_ref().err()),
        };
        let refuses_key = self.check_faults(target, began, error, now);
        let is_sent = !refuses_key && !error.is_some_and(Error::is_not_admitted);
        let outcome = match error {
            _ if !is_sent => Outcome::NotSent,
            Some(error) if error.is_not_found() => Outcome::Gone,
            _ => Outcome::Answered,
        };
        match answer {
            Answer::Number(id, result) => {
                self.rounds.done(id.clone(), now, outcome);
                if is_sent {
                    self.record(id, result);
                }
            }
            Answer::List(result) => {
                let is_doubtful = is_sent && self.follow(result, now);
                let pause = if is_doubtful { CONFIRM_AFTER.min(self.every) } else { self.every };
                self.rounds.add_list(now + pause);
            }
        }
    }

    /// Reports a fault of the whole API that this result begins or ends. Returns true if the result
    /// is a 401 that refuses the key, and so shows nothing of its target.
    fn check_faults(
        &mut self,
        target: Option<&NumberId>,
        began: Duration,
        error: Option<&Error>,
        now: Duration,
    ) -> bool {
        match self.faults.check_outage(error, self.rounds.len()) {
            Some(true) => trace::outage_begins(),
            Some(false) => trace::outage_ends(),
            None => {}
        }
        let was_refused = self.faults.is_key_refused();
        let refuses_key = self.faults.check_key(target, began, error, now);
        match error {
            Some(error) if refuses_key && !was_refused => {
                trace::key_refused();
                self.fail(error.clone());
            }
            _ if was_refused && !self.faults.is_key_refused() => {
                trace::key_accepted();
                self.table.set_fault(None);
                self.rounds.start_again(now);
                let source = ChangeSource::KeyAccepted;
                self.ready.push_back(Change::new(None, source, None, Seen::default()));
            }
            _ => {}
        }
        refuses_key
    }

    /// Emits an error that stops the whole watch.
    pub(super) fn fail(&mut self, error: Error) {
        self.table.set_fault(Some(&error));
        self.ready.push_back(Change::failure(None, error));
    }

    /// Processes the result of a call for the list. Returns true if the list must be confirmed.
    fn follow(&mut self, result: Result<NumberList, Error>, now: Duration) -> bool {
        let last_error = self.table.set_list_error(result.as_ref().err());
        let before = last_error.map(|error| Seen::failed(None, &error));
        match result {
            Ok(list) => {
                if before.is_some() {
                    let source = ChangeSource::List;
                    self.ready.push_back(Change::new(None, source, before, Seen::default()));
                }
                self.update_fleet(&list, now)
            }
            Err(error) => {
                let change = Change::failure(before, error);
                if !change.after.changes(change.before.as_ref()).is_empty() {
                    self.ready.push_back(change);
                }
                false
            }
        }
    }

    /// Adds the new ids of a list and removes the missing ones. Returns true if the list must be
    /// confirmed first.
    fn update_fleet(&mut self, answer: &NumberList, now: Duration) -> bool {
        let Some(list) = &mut self.list else { return false };
        let ids = answer.numbers.iter().filter_map(|number| NumberId::try_from(&number.id).ok());
        let ids: Vec<_> = ids.collect();
        let listed: HashSet<_> = ids.iter().cloned().collect();
        // Before the first list, the numbers of a resumed state are known.
        let known: HashSet<_> = self.rounds.ids().cloned().chain(self.table.ids()).collect();
        // An item without a valid id may be a number that is watched.
        let is_whole = answer.is_whole() && ids.len() == answer.numbers.len();
        let is_fleet_unknown = !list.was_read && known.is_empty();
        let is_first_and_empty = is_fleet_unknown && listed.is_empty();
        if is_first_and_empty && !is_whole {
            return false;
        }
        // The API may return an empty list while a system behind it fails.
        let lacks_all = is_whole && !known.is_empty() && known.is_disjoint(&listed);
        list.is_doubted = (is_first_and_empty || lacks_all) && !list.is_doubted;
        if list.is_doubted {
            return true;
        }
        list.was_read = true;
        if !is_fleet_unknown {
            self.late_comers.extend(listed.difference(&known).cloned());
        }
        self.table.add_phones(&answer.numbers);
        let is_gone = |id: &NumberId| is_whole && !listed.contains(id);
        let (gone, stays): (Vec<_>, Vec<_>) = known.into_iter().partition(is_gone);
        for id in gone {
            if let Some(before) = self.table.seen(&id) {
                let (source, after) = (ChangeSource::Unlisted, before.clone());
                self.ready.push_back(Change::new(Some(id), source, Some(before), after));
            }
        }
        // A list with malformed items may lack numbers of a resumed state.
        for id in ids.into_iter().chain(stays) {
            self.rounds.add(id, now);
        }
        self.rounds.retain(|id| !is_gone(id));
        self.forget();
        false
    }

    /// Forgets all numbers that are not watched.
    pub(super) fn forget(&mut self) {
        let rounds = &self.rounds;
        self.late_comers.retain(|id| rounds.contains(id));
        self.table.retain(|id| rounds.contains(id), rounds.len());
        self.calls.retain(|id| rounds.contains(id));
    }

    /// Compares a result with the last one, stores it, and emits a change if there is one.
    fn record(&mut self, id: NumberId, result: Result<Reading, Error>) {
        let before = self.table.seen(&id);
        let (after, is_old) = after(before.as_ref(), &result);
        let mut changed = after.changes(before.as_ref());
        if self.late_comers.remove(&id) {
            changed.push(Changed::Listed);
        }
        let is_emitted = match (&mut self.filter, &before) {
            (Some(filter), Some(before)) => !(is_old && before == &after) && filter(before, &after),
            _ => !changed.is_empty(),
        };
        let (source, number, status, error) = match result {
            Ok(Reading::Number(number, _)) => (ChangeSource::Number, Some(number), None, None),
            Ok(Reading::Status(status)) => (ChangeSource::Status, None, Some(status), None),
            Err(error) => (ChangeSource::Failed, None, None, Some(error)),
        };
        let change = Change::new(Some(id.clone()), source, before, after.clone());
        let polled_at = Some(change.at);
        let seen_at = polled_at.filter(|_| error.is_none());
        let entry = FleetEntry { id, seen: after, number: number.clone(), seen_at, polled_at };
        let previous = self.table.enter(entry, is_old);
        if is_emitted {
            self.ready.push_back(Change { changed, number, previous, status, error, ..change });
        }
    }
}

/// Returns the values after a result, and true if it has a snapshot that is older than the last one.
fn after(before: Option<&Seen>, result: &Result<Reading, Error>) -> (Seen, bool) {
    match result {
        Ok(Reading::Number(number, server_time)) => {
            let server_time = (*server_time).into();
            match before.filter(|before| before.is_newer_than(number, server_time)) {
                // An old snapshot shows only that the number responds.
                Some(before) => (Seen::of_state(Some(before), None), true),
                None => (Seen::of(before, number, server_time), false),
            }
        }
        Ok(Reading::Status(status)) => (Seen::of_state(before, status.state.as_ref()), false),
        Err(error) => (Seen::failed(before, error), false),
    }
}
