//! What a watch knows, as plain data, so that a program that is started anew tells only what changed
//! meanwhile. Nothing is written by this crate.

use std::{
    collections::{BTreeMap, HashMap, btree_map},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::seen::Seen;

/// What a [`Watch`](crate::Watch) knows of each number: taken by [`Watch::state`](crate::Watch::state),
/// kept by the caller in whatever format, and given back by [`Watch::resume`](crate::Watch::resume).
///
/// It holds ids and states, and neither keys nor phone numbers.
///
/// ```
/// let state: pilot_status::WatchState = serde_json::from_str(
///     r#"{"num_1":{"level":"degraded","reasons":["quality RED"],"quality":"RED"}}"#,
/// )?;
/// assert_eq!(state.iter().count(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WatchState(BTreeMap<String, Seen>);

impl WatchState {
    /// Each id with what was seen of its number, in the order of the ids.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Seen> {
        self.0.iter()
    }

    pub(super) fn of(known: &HashMap<Arc<str>, Seen>) -> Self {
        Self(known.iter().map(|(id, seen)| (id.to_string(), seen.clone())).collect())
    }

    pub(super) fn into_known(self) -> HashMap<Arc<str>, Seen> {
        self.0.into_iter().map(|(id, seen)| (id.into(), seen)).collect()
    }
}

impl<'a> IntoIterator for &'a WatchState {
    type Item = (&'a String, &'a Seen);
    type IntoIter = btree_map::Iter<'a, String, Seen>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
