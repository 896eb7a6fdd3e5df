//! [`FleetTable`], the last known state of a watched fleet, which can be read at any time.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt, mem,
    sync::Arc,
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch::{Receiver, Sender};

use super::{seen::Seen, state::WatchState};
use crate::{
    ext::{
        error::Error,
        number::phone::{Phone, matching},
        number_id::NumberId,
    },
    types::{Number, NumberSummary},
};

/// The numbers of a [`Watch`](crate::Watch), each with its last response; made by
/// [`Watch::table`](crate::Watch::table).
///
/// The watch fills it while it is polled, so reading the table sends no request. Clones share it, and
/// can be sent to other tasks. After the watch ends or is dropped, the table retains its entries, and
/// [`is_live`](Self::is_live) returns false.
///
/// ```no_run
/// # async fn example(client: pilot_status::Client) -> Result<(), pilot_status::Error> {
/// use std::time::Duration;
///
/// let mut watch = client.watch_all(Duration::from_secs(60));
/// let table = watch.table();
/// tokio::spawn(async move { while watch.next().await.is_some() {} });
///
/// table.wait_until_complete().await?;
/// match table.fresh("+55 11 99999-9999", Duration::from_secs(300)) {
///     Ok(entry) => println!("{}: {}", entry.id, entry.seen), // num_17: degraded: quality RED
///     Err(reason) => println!("{reason}"),                   // the last response is 312 s old
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FleetTable(pub(super) Receiver<Rows>);

impl fmt::Debug for FleetTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetTable").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A number in a [`FleetTable`].
///
/// A healthy entry has a level, no `seen.error`, and a recent `seen_at`: a failed call keeps the level.
/// Its JSON has the fields in camel case:
///
/// ```
/// # let json = r#"
/// {
///   "id": "num_17",
///   "seen": {
///     "level": "degraded",
///     "reasons": [{ "code": "quality", "value": "RED" }],
///     "quality": "RED", "limit": "TIER_2K", "state": "OPEN",
///     "error": { "kind": "forbidden", "status": 403, "code": "NUMBER_SCOPE_NOT_ALLOWED" },
///     "fetchedAt": "2026-01-01T11:55:00Z"
///   },
///   "seenAt": "2026-01-01T12:00:00Z",
///   "polledAt": "2026-01-01T12:01:00Z"
/// }
/// # "#;
/// # let entry: pilot_status::FleetEntry = serde_json::from_str(json)?;
/// # let read: serde_json::Value = serde_json::from_str(json)?;
/// # assert_eq!(serde_json::to_value(entry)?, read);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FleetEntry {
    /// The id that the watch polls.
    pub id: NumberId,
    /// The last known values, with the error of the last call if it failed.
    pub seen: Seen,
    /// The last response; `None` before the first one, and for
    /// [`Watch::statuses`](crate::Watch::statuses). It is not serialized, because it contains personal
    /// data.
    #[serde(skip)]
    pub number: Option<Arc<Number>>,
    /// The time of the last success, by this machine's clock; `None` before the first one of this
    /// watch.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub seen_at: Option<DateTime<Utc>>,
    /// The time of the last success or failure, by this machine's clock; `None` for an entry of a
    /// [resumed](crate::Watch::resume) state that was not polled yet.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub polled_at: Option<DateTime<Utc>>,
}

impl FleetEntry {
    /// Returns the time of the last success, [`seen_at`](Self::seen_at), as a [`SystemTime`].
    #[must_use]
    pub fn at(&self) -> Option<SystemTime> {
        self.seen_at.map(SystemTime::from)
    }
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) entries: BTreeMap<NumberId, FleetEntry>,
    /// The count of watched numbers; `None` before the list is known.
    fleet: Option<usize>,
    /// True once all numbers were polled: the first round is done.
    is_complete: bool,
    has_ended: bool,
    /// Phone numbers by the last list.
    phones: HashMap<NumberId, Phone>,
    /// The error that stops the watch of all numbers, such as a refused key.
    pub(super) fault: Option<Error>,
    /// The error of the last list, if it failed.
    pub(super) list_error: Option<Error>,
}

impl Rows {
    /// Marks the first round as done if all numbers were polled. Counts them only until then.
    fn check_complete(&mut self) {
        self.is_complete = self.is_complete || self.all_polled();
    }

    /// Returns true if each watched number was polled, also those that were added later.
    pub(super) fn all_polled(&self) -> bool {
        let polled = || self.entries.values().filter(|entry| entry.polled_at.is_some()).count();
        self.fleet.is_some_and(|fleet| polled() >= fleet)
    }

    /// Returns true if the phone number of each entry is known, or is known to be absent.
    pub(super) fn all_have_phones(&self) -> bool {
        let has =
            |entry: &FleetEntry| entry.number.is_some() || self.phones.contains_key(&entry.id);
        self.entries.values().all(has)
    }

    /// Returns the entries with this phone number, the best readiness level first.
    pub(super) fn with_phone(&self, phone: &Phone) -> Vec<&FleetEntry> {
        let mut found = matching(self.entries.values(), |entry| self.phone_of(entry), phone);
        found.sort_by_key(|entry| (entry.seen.level.is_none(), entry.seen.level));
        found
    }

    fn error(&self) -> Option<&Error> {
        self.fault.as_ref().or(self.list_error.as_ref())
    }

    /// Returns the phone number of an entry, by its last response or by the list.
    fn phone_of(&self, entry: &FleetEntry) -> Option<Phone> {
        let by_response = entry.number.as_deref().and_then(|number| {
            let displayed = || Phone::parse(number.display_phone_number()?);
            Phone::of_response(number.number.as_deref(), &number.extra).or_else(displayed)
        });
        by_response.or_else(|| self.phones.get(&entry.id).cloned())
    }
}

impl FleetTable {
    /// Returns a complete table of these results, as if a watch had just received them.
    #[cfg(feature = "mock")]
    pub(crate) fn sample(
        numbers: impl IntoIterator<Item = (NumberId, Result<Number, Error>)>,
    ) -> Self {
        let now = Some(crate::ext::clock::wall().into());
        let entry = |(id, result): (NumberId, Result<Number, Error>)| {
            let seen = result.as_ref().map_or_else(|e| Seen::failed(None, e), Seen::from);
            let number = result.ok().map(|number| Number { id: id.to_string(), ..number });
            let seen_at = now.filter(|_| number.is_some());
            let number = number.map(Arc::new);
            (id.clone(), FleetEntry { id, seen, number, seen_at, polled_at: now })
        };
        let entries: BTreeMap<_, _> = numbers.into_iter().map(entry).collect();
        let fleet = Some(entries.len());
        let rows = Rows { entries, fleet, is_complete: true, ..Rows::default() };
        Self(Sender::new(rows).subscribe())
    }

    /// Returns the number with this id, if it was polled or resumed.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<FleetEntry> {
        self.0.borrow().entries.get(id).cloned()
    }

    /// Returns all numbers that were polled or resumed, in the order of their ids.
    #[must_use]
    pub fn snapshot(&self) -> Vec<FleetEntry> {
        self.0.borrow().entries.values().cloned().collect()
    }

    /// Returns the number with this phone number, compared as by
    /// [`find_number`](crate::Client::find_number). If a tenant has the same phone number several
    /// times, returns the one with the best readiness level.
    ///
    /// The phone number of an entry is that of its last response or, with
    /// [`watch_all`](crate::Client::watch_all), that of the list. Returns `None` for a text without its
    /// country code; [`fresh`](Self::fresh) says why it finds nothing.
    #[must_use]
    pub fn by_phone(&self, phone: &str) -> Option<FleetEntry> {
        let phone = Phone::parse(phone)?;
        self.0.borrow().with_phone(&phone).into_iter().next().cloned()
    }

    /// Returns the count of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.borrow().entries.len()
    }

    /// Returns true if there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns true once each number was polled at least once: the first round is done. With
    /// [`watch_all`](crate::Client::watch_all) this requires a list that could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.borrow().is_complete
    }

    /// Waits until [`is_complete`](Self::is_complete).
    ///
    /// # Errors
    /// The [`error`](Self::error) of the watch, if it is permanent, such as a refused key.
    /// [`Error::is_invalid_input`] if the watch ended or was dropped before its first round ended.
    pub async fn wait_until_complete(&self) -> Result<(), Error> {
        let mut rows = self.0.clone();
        let is_permanent = |rows: &Rows| rows.error().is_some_and(|e| !e.is_retryable());
        let is_decided = |rows: &Rows| rows.is_complete || rows.has_ended || is_permanent(rows);
        match rows.wait_for(is_decided).await.as_deref() {
            Ok(rows) if rows.is_complete => Ok(()),
            rows => Err(rows.ok().and_then(Rows::error).cloned().unwrap_or_else(|| {
                Error::invalid_input(
                    "the watch of this table ended before its first round was done",
                )
            })),
        }
    }

    /// Returns the error that currently stops the whole watch: its key is refused, or its list fails.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.0.borrow().error().cloned()
    }

    /// Returns the oldest `polled_at`: every number was polled since then, successfully or not. `None`
    /// before the first round is done.
    #[must_use]
    pub fn last_round(&self) -> Option<SystemTime> {
        let rows = self.0.borrow();
        let times = rows.entries.values().filter_map(|entry| entry.polled_at);
        times.min().filter(|_| rows.is_complete).map(SystemTime::from)
    }

    /// Returns true until the watch ends or is dropped. A watch that is not polled is live, too:
    /// compare [`last_round`](Self::last_round) with the clock.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.0.borrow().has_ended
    }
}

/// The writing side, by which the watch remembers its numbers.
#[derive(Debug, Default)]
pub(super) struct TableWriter {
    rows: Sender<Rows>,
    /// True if the whole number of each response is retained.
    pub(super) keeps_numbers: bool,
}

impl TableWriter {
    /// Returns a reader. For the first one, entries without a number count as not polled.
    pub(super) fn reader(&mut self) -> FleetTable {
        if !mem::replace(&mut self.keeps_numbers, true) {
            self.rows.send_modify(|rows| {
                for entry in rows.entries.values_mut() {
                    (entry.seen_at, entry.polled_at, rows.is_complete) = (None, None, false);
                }
            });
        }
        FleetTable(self.rows.subscribe())
    }

    /// Replaces all entries by a stored state.
    pub(super) fn resume(&self, state: WatchState) {
        let entry = |(id, seen): (NumberId, Seen)| {
            (id.clone(), FleetEntry { id, seen, number: None, seen_at: None, polled_at: None })
        };
        self.rows.send_modify(|rows| rows.entries = state.0.into_iter().map(entry).collect());
    }

    pub(super) fn state(&self) -> WatchState {
        let rows = self.rows.borrow();
        rows.entries.values().map(|entry| (entry.id.clone(), entry.seen.clone())).collect()
    }

    pub(super) fn seen(&self, id: &NumberId) -> Option<Seen> {
        self.rows.borrow().entries.get(id).map(|entry| entry.seen.clone())
    }

    pub(super) fn ids(&self) -> HashSet<NumberId> {
        self.rows.borrow().entries.keys().cloned().collect()
    }

    /// Enters a success or a failure, and returns the number of the last entry. A value that the new
    /// entry does not have is taken from the last one, and so is the number if the response has an
    /// older snapshot of it.
    pub(super) fn enter(&self, mut entry: FleetEntry, is_old: bool) -> Option<Arc<Number>> {
        let mut previous = None;
        self.rows.send_modify(|rows| {
            if let Some(before) = rows.entries.remove(&entry.id) {
                previous = before.number;
                entry.seen_at = entry.seen_at.or(before.seen_at);
            }
            let newest =
                if is_old { [&previous, &entry.number] } else { [&entry.number, &previous] };
            let newest = newest.into_iter().flatten().next().cloned();
            entry.number = newest.filter(|_| self.keeps_numbers);
            rows.entries.insert(entry.id.clone(), entry);
            rows.check_complete();
        });
        previous
    }

    /// Sets or clears the error that stops the watch of all numbers.
    pub(super) fn set_fault(&self, fault: Option<&Error>) {
        self.rows.send_modify(|rows| rows.fault = fault.cloned());
    }

    /// Sets or clears the error of the list, and returns the last one.
    pub(super) fn set_list_error(&self, error: Option<&Error>) -> Option<Error> {
        let mut last = None;
        self.rows.send_modify(|rows| last = mem::replace(&mut rows.list_error, error.cloned()));
        last
    }

    /// Adds the phone numbers of a list, which only readers need.
    pub(super) fn add_phones(&self, list: &[NumberSummary]) {
        if self.keeps_numbers {
            let phone = |number: &NumberSummary| {
                let phone = Phone::of_response(number.number.as_deref(), &number.extra)?;
                Some((NumberId::try_from(&number.id).ok()?, phone))
            };
            self.rows.send_modify(|rows| rows.phones.extend(list.iter().filter_map(phone)));
        }
    }

    /// Sets the count of watched numbers, and removes the entries that are not among them.
    pub(super) fn retain(&self, stays: impl Fn(&NumberId) -> bool, fleet: usize) {
        self.rows.send_modify(|rows| {
            rows.entries.retain(|id, _| stays(id));
            rows.phones.retain(|id, _| stays(id));
            rows.fleet = Some(fleet);
            rows.check_complete();
        });
    }

    /// Marks the watch as ended.
    pub(super) fn end(&self) {
        self.rows.send_modify(|rows| rows.has_ended = true);
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        self.end();
    }
}
