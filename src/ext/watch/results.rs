//! The results of calls: what each shows of its number, and of the whole API.

use std::time::Duration;

use super::{
    Watch,
    calls::{Ended, Reading},
    change::{Change, ChangeSource},
    faults::KeyCheck,
    rounds::Outcome,
    seen::{Changed, Seen},
    table::FleetEntry,
};
use crate::ext::{clock, error::Error, number_id::NumberId, trace};

impl Watch {
    /// Processes the result of a call for a number.
    pub(super) fn finish(&mut self, ended: Ended, now: Duration) {
        let Ended { id, began, result } = ended;
        if !self.rounds.contains(&id) {
            return;
        }
        let error = result.as_ref().err();
        let refuses_key = self.check_faults(Some(&id), began, error, now);
        let outcome = match error {
            Some(error) if refuses_key || error.is_not_admitted() => Outcome::NotSent,
            Some(error) if error.is_not_found() => Outcome::Gone,
            _ => Outcome::Answered,
        };
        self.rounds.done(id.clone(), now, outcome);
        if outcome != Outcome::NotSent {
            self.record(id, result);
        }
    }

    /// Reports a fault of the whole API that this result begins or ends. Returns true if the result
    /// is a 401 that refuses the key, and so shows nothing of its target.
    pub(super) fn check_faults(
        &mut self,
        target: Option<&NumberId>,
        began: Duration,
        error: Option<&Error>,
        now: Duration,
    ) -> bool {
        if let Some(begins) = self.faults.check_outage(error, self.rounds.len()) {
            trace::outage(begins);
        }
        let check = self.faults.check_key(target, began, error, now);
        match (&check, error) {
            (KeyCheck::Refused, Some(error)) => {
                trace::key_refused();
                self.fail(error.clone());
            }
            (KeyCheck::Accepted, _) => {
                trace::key_accepted();
                self.table.set_fault(None);
                self.rounds.start_again(now);
                if let Some(list) = &mut self.list {
                    list.restart_at(now);
                }
                let (source, at) = (ChangeSource::KeyAccepted, clock::wall().into());
                self.ready.push_back(Change::new(None, source, None, Seen::default(), at));
            }
            _ => {}
        }
        matches!(check, KeyCheck::Refused | KeyCheck::StillRefused)
    }

    /// Emits an error that stops the whole watch.
    pub(super) fn fail(&mut self, error: Error) {
        self.table.set_fault(Some(&error));
        self.ready.push_back(Change::failure(None, error, clock::wall().into()));
    }

    /// Compares a result with the last one, stores it, and emits a change if there is one.
    fn record(&mut self, id: NumberId, result: Result<Reading, Error>) {
        let at = clock::wall().into();
        let before = self.table.seen(&id);
        let (after, is_old) = after(before.as_ref(), &result);
        let mut changed = after.changes(before.as_ref());
        if self.list.as_mut().is_some_and(|list| list.is_first_of(&id)) {
            changed.push(Changed::Listed);
        }
        let is_emitted = match (&mut self.filter, &before) {
            (Some(filter), Some(before)) => !(is_old && before == &after) && filter(before, &after),
            _ => !changed.is_empty(),
        };
        let source = ChangeSource::Failed;
        let mut change =
            Change { changed, ..Change::new(Some(id.clone()), source, before, after, at) };
        match result {
            Ok(Reading::Number(number, _)) => {
                (change.source, change.number) = (ChangeSource::Number, Some(number));
            }
            Ok(Reading::Status(status)) => {
                (change.source, change.status) = (ChangeSource::Status, Some(status));
            }
            Err(error) => change.error = Some(error),
        }
        let (seen, number) = (change.after.clone(), change.number.clone());
        let seen_at = Some(at).filter(|_| seen.error.is_none());
        let entry = FleetEntry { id, seen, number, seen_at, polled_at: Some(at) };
        change.previous = self.table.enter(entry, is_old);
        if is_emitted {
            self.ready.push_back(change);
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
