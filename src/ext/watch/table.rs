//! [`FleetTable`], the last known state of a watched fleet, which can be read at any time.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use tokio::sync::watch::{self, Receiver, Sender};

use super::seen::Seen;
use crate::{
    ext::{error::Error, number::phone::Phone},
    types::Number,
};

/// The numbers of a [`Watch`](crate::Watch), each with its last response; made by
/// [`Watch::table`](crate::Watch::table).
///
/// The watch fills it while it is polled, so reading the table sends no request. Clones share it, and
/// can be sent to other tasks. After the watch is dropped the table retains its entries, and
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
/// for entry in table.by_phone("+55 11 99999-9999") {
///     println!("{} {:?}", entry.id, entry.seen.level);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FleetTable(Receiver<Rows>);

/// A number in a [`FleetTable`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetEntry {
    /// The id that the watch polls.
    pub id: Arc<str>,
    /// The last known values, with the error of the last call if it failed.
    pub seen: Seen,
    /// The last response; `None` before the first one, and for
    /// [`Watch::statuses`](crate::Watch::statuses).
    pub number: Option<Arc<Number>>,
    /// The time of the last response or failure, by this machine's clock.
    pub seen_at: SystemTime,
}

#[derive(Debug, Default)]
struct Rows {
    entries: BTreeMap<Arc<str>, FleetEntry>,
    is_complete: bool,
    error: Option<Error>,
}

impl FleetTable {
    /// Returns the number with this id, if it was polled at least once.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<FleetEntry> {
        self.0.borrow().entries.get(id).cloned()
    }

    /// Returns all numbers that were polled at least once, in the order of their ids.
    #[must_use]
    pub fn entries(&self) -> Vec<FleetEntry> {
        self.0.borrow().entries.values().cloned().collect()
    }

    /// Returns the numbers with this phone number, in any spelling with its country code. There is
    /// more than one only if a tenant has the same phone number several times.
    #[must_use]
    pub fn by_phone(&self, phone: &str) -> Vec<FleetEntry> {
        let Some(phone) = Phone::parse(phone) else { return Vec::new() };
        let is_meant = |entry: &&FleetEntry| {
            let number = entry.number.as_deref();
            let text = number.and_then(|n| n.number.as_deref().or(n.display_phone_number()));
            text.and_then(Phone::parse).is_some_and(|other| phone.is(&other))
        };
        self.0.borrow().entries.values().filter(is_meant).cloned().collect()
    }

    /// Returns the count of numbers that were polled at least once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.borrow().entries.len()
    }

    /// Returns true before the first number was polled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns true once each number was polled at least once: the first round is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.borrow().is_complete
    }

    /// Waits until [`is_complete`](Self::is_complete).
    ///
    /// # Errors
    /// The [`error`](Self::error) of the watch, if it is permanent, such as a refused key.
    /// [`Error::is_invalid_input`] if the watch was dropped before its first round ended.
    pub async fn wait_until_complete(&self) -> Result<(), Error> {
        let mut rows = self.0.clone();
        let is_lasting = |rows: &Rows| rows.error.as_ref().is_some_and(|e| !e.is_retryable());
        let rows = rows.wait_for(|rows| rows.is_complete || is_lasting(rows)).await;
        let rows = rows.map_err(|_| {
            Error::invalid_input("the watch of this table was dropped before its first round ended")
        })?;
        match &rows.error {
            Some(error) if !rows.is_complete => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Returns the error that currently stops the whole watch: its key is refused, or its list fails.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.0.borrow().error.clone()
    }

    /// Returns the time of the oldest entry: every number was polled since then. `None` before the
    /// first round is done.
    #[must_use]
    pub fn last_round(&self) -> Option<SystemTime> {
        let rows = self.0.borrow();
        let times = rows.entries.values().map(|entry| entry.seen_at);
        times.min().filter(|_| rows.is_complete)
    }

    /// Returns true until the watch is dropped.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.0.has_changed().is_ok()
    }
}

/// The writing side, which the watch holds.
#[derive(Debug)]
pub(super) struct TableWriter(Sender<Rows>);

impl TableWriter {
    pub(super) fn new() -> Self {
        Self(watch::channel(Rows::default()).0)
    }

    pub(super) fn reader(&self) -> FleetTable {
        FleetTable(self.0.subscribe())
    }

    /// Enters a response or a failure. `fleet` is the count of watched numbers.
    pub(super) fn enter(&self, mut entry: FleetEntry, fleet: usize) {
        self.0.send_modify(|rows| {
            if entry.number.is_none() {
                let before = rows.entries.get(&entry.id);
                entry.number = before.and_then(|before| before.number.clone());
            }
            rows.entries.insert(Arc::clone(&entry.id), entry);
            rows.is_complete |= rows.entries.len() >= fleet;
        });
    }

    /// Sets or clears the error that stops the whole watch.
    pub(super) fn set_error(&self, error: Option<&Error>) {
        self.0.send_modify(|rows| rows.error = error.cloned());
    }

    /// Removes the numbers that are no longer watched.
    pub(super) fn retain(&self, stays: impl Fn(&str) -> bool, fleet: usize) {
        self.0.send_modify(|rows| {
            rows.entries.retain(|id, _| stays(id));
            rows.is_complete |= rows.entries.len() >= fleet;
        });
    }
}
