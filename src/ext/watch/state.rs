//! What a watch knows, as plain data, so that a program that is started anew tells only what changed
//! meanwhile. Nothing is written by this crate.

use std::{
    collections::{BTreeMap, HashMap, btree_map},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::Value;

use super::seen::Seen;

/// What a [`Watch`](crate::Watch) knows of each number: taken by [`Watch::state`](crate::Watch::state),
/// kept by the caller in whatever format, and given back by [`Watch::resume`](crate::Watch::resume).
///
/// It holds ids, states and codes, and neither keys nor phone numbers nor free text of the server. Any
/// serde format will do; in one that people do not read each number is a JSON text. An entry that
/// this version cannot read, such as one of a later version, is skipped.
///
/// ```
/// let state: pilot_status::WatchState = serde_json::from_str(
///     r#"{"num_1":{"level":"degraded","quality":"RED"},"num_2":{"level":"of a later version"}}"#,
/// )?;
/// assert_eq!(state.iter().count(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

impl Serialize for WatchState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        // A format that does not describe itself could not skip an entry that it cannot read.
        let texts = self.0.iter().map(|(id, seen)| Ok((id, serde_json::to_string(seen)?)));
        let texts: serde_json::Result<BTreeMap<_, _>> = texts.collect();
        texts.map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WatchState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = if deserializer.is_human_readable() {
            BTreeMap::<String, Value>::deserialize(deserializer)?
        } else {
            let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
            texts.into_iter().map(|(id, text)| (id, Value::String(text))).collect()
        };
        let read = |entry| match entry {
            Value::String(text) => serde_json::from_str(&text).ok(),
            entry => serde_json::from_value(entry).ok(),
        };
        let entries = entries.into_iter().filter_map(|(id, entry)| Some((id, read(entry)?)));
        Ok(Self(entries.collect()))
    }
}
