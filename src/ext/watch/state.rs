//! The state of a watch as plain data, so that a program that restarts reports only what changed in
//! between.

use std::{
    collections::{BTreeMap, btree_map},
    fs,
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::Value;

use super::seen::Seen;
use crate::ext::{clock, number_id::NumberId};

/// The last known values of each number of a [`Watch`](crate::Watch).
/// [`Watch::state`](crate::Watch::state) returns it, and [`Watch::resume`](crate::Watch::resume)
/// takes it back. In between it is a [file](Self::save), or any other serialized form.
///
/// It holds ids, states and codes. It holds no key, no phone number and no free text of the server. Any
/// serde format works; a binary format stores each number as a JSON text. An entry that this version
/// cannot read, such as one of a later version, is skipped. An id that is not watched is ignored;
/// [`watch_all`](crate::Client::watch_all) reports it once as no longer listed, since it may have been
/// removed in between.
///
/// ```
/// let state: pilot_status::WatchState = serde_json::from_str(
///     r#"{"num_1":{"level":"degraded","quality":"RED"},"num_2":{"level":"of a later version"}}"#,
/// )?;
/// assert_eq!(state.iter().count(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchState(pub(super) BTreeMap<NumberId, Seen>);

impl WatchState {
    /// Reads a file that [`save`](Self::save) has written. Without a file, as before the first run, the
    /// state is empty.
    ///
    /// # Errors
    /// Errors of reading, and [`io::ErrorKind::InvalidData`] if the file is truncated or no JSON
    /// object. They name the file. Without such a file the watch reports each number once. Load only
    /// a file that this program wrote, because its texts are printed unchanged.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                // The error itself could quote the file.
                let (line, column) = (error.line(), error.column());
                let text = format!("no stored state, at line {line} column {column}; delete the file to start without one");
                at(path, &io::Error::new(io::ErrorKind::InvalidData, text))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(at(path, &error)),
        }
    }

    /// Writes the state to a file as JSON, and replaces an older file. A crash leaves the old file or
    /// the new one, because a temporary file beside it, with `.new` at the end of its name, is written
    /// first. Two watches need two files. Blocks until the disk has the new file.
    ///
    /// # Errors
    /// Errors of writing. They name the file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let mut new = path.as_os_str().to_owned();
        // Two processes, or a link in a shared folder, do not meet under this name.
        new.push(format!(".{:x}.new", clock::random().to_bits()));
        let write = || {
            let mut file = fs::File::create_new(&new)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(|error| {
            // The first error counts: there may be no file to remove.
            fs::remove_file(&new).ok();
            at(path, &error)
        })
    }

    /// Returns each id with the values of its number, in the order of the ids.
    pub fn iter(&self) -> btree_map::Iter<'_, NumberId, Seen> {
        self.0.iter()
    }
}

/// Adds the path to an error.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl FromIterator<(NumberId, Seen)> for WatchState {
    fn from_iter<T: IntoIterator<Item = (NumberId, Seen)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a WatchState {
    type Item = (&'a NumberId, &'a Seen);
    type IntoIter = btree_map::Iter<'a, NumberId, Seen>;

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
        let entries =
            entries.into_iter().filter_map(|(id, entry)| Some((id.parse().ok()?, read(entry)?)));
        Ok(Self(entries.collect()))
    }
}
