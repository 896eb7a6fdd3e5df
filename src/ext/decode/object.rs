//! Decoding of an object with known fields. Unknown fields and malformed values are retained in
//! `extra` under their names.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::field::{self, Field, Mismatch, number};

/// A generated struct with `extra`.
pub(crate) trait Object: Default {
    /// The names of the fields in JSON.
    const FIELDS: &[&str];
    /// The required fields; each is a text that is not empty.
    const REQUIRED: &[&str];

    /// Returns the index of the field with this name.
    fn position(name: &str) -> Option<usize>;

    /// Reads the value of a field, and returns a malformed value.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        field: usize,
        object: &mut A,
    ) -> Result<Option<Value>, A::Error>;

    /// Returns true if all required fields are present.
    fn is_complete(&self) -> bool;

    fn write<M: SerializeMap>(&self, object: &mut M) -> Result<(), M::Error>;

    /// Adds the paths of unreadable values in each field; see [`Field::add_unreadable`].
    fn add_unreadable_of_fields(&self, at: &mut String, paths: &mut Vec<String>);

    fn extra(&self) -> &Map<String, Value>;

    fn extra_mut(&mut self) -> &mut Map<String, Value>;
}

pub(crate) fn deserialize<'de, T: Object, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: self::Object> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
            let mut into = T::default();
            let has_field = read(object, &mut into)?;
            let has_error = || into.extra().get("error").is_some_and(|error| !error.is_null());
            if !into.is_complete() || !has_field && has_error() {
                // `DecodeError` finds out the details.
                return Err(de::Error::custom("a required field is missing"));
            }
            Ok(into)
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// Serializes an object. A value in `extra` with the name of a field replaces that field, because
/// it is the value that was sent.
pub(crate) fn serialize<T: Object, S: Serializer>(
    object: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    object.write(&mut map)?;
    for (name, value) in object.extra() {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// Writes a field, unless it is absent or `extra` has its name.
pub(crate) fn write<M: SerializeMap>(
    object: &mut M,
    extra: &Map<String, Value>,
    name: &str,
    value: Option<&impl Serialize>,
) -> Result<(), M::Error> {
    match value.filter(|_| !extra.contains_key(name)) {
        Some(value) => object.serialize_entry(name, value),
        None => Ok(()),
    }
}

/// Returns the paths of all malformed values.
pub(crate) fn unreadable(value: &impl Field) -> Vec<String> {
    let mut paths = Vec::new();
    value.add_unreadable(&mut String::new(), &mut paths);
    paths
}

/// Adds paths for a field with this name; see [`Field::add_unreadable`].
pub(crate) fn add_unreadable<T: Field>(
    field: Option<&T>,
    name: &str,
    at: &mut String,
    paths: &mut Vec<String>,
) {
    if let Some(field) = field {
        let end = at.len();
        *at += if end == 0 { "" } else { "." };
        *at += name;
        field.add_unreadable(at, paths);
        at.truncate(end);
    }
}

/// Reads the fields. Returns true if there was any known field.
fn read<'de, T: Object, A: MapAccess<'de>>(mut object: A, this: &mut T) -> Result<bool, A::Error> {
    let mut has_field = false;
    while let Some(key) = object.next_key_seed(Key(PhantomData::<T>))? {
        match key {
            Name::Field(n) => {
                has_field = true;
                match this.read(n, &mut object)? {
                    Some(value) => _ = this.extra_mut().insert(T::FIELDS[n].to_owned(), value),
                    // If a field occurs twice, its last value counts.
                    None => _ = this.extra_mut().remove(T::FIELDS[n]),
                }
            }
            Name::Other(name) => _ = this.extra_mut().insert(name, field::any(&mut object)?),
        }
    }
    Ok(has_field)
}

impl<T: Object> Field for T {
    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let this = into.insert(Self::default());
        let has_field = read(object, this)?;
        let malformed = match number(this.extra()).filter(|_| !has_field) {
            Some(number) => Some(Value::Number(number)),
            None if this.is_complete() => None,
            None => Some(serialize(&*this, serde_json::value::Serializer).unwrap_or_default()),
        };
        if malformed.is_some() {
            *into = None;
        }
        Ok(malformed)
    }

    fn mismatch(value: &Value) -> Mismatch {
        let Value::Object(fields) = value else { return Mismatch::new("", "an object") };
        let is_text = |name: &&&str| fields.get(**name).is_some_and(field::is_text);
        match T::REQUIRED.iter().find(|name| !is_text(name)) {
            Some(name) => Mismatch::new(name, "a string"),
            None => Mismatch::new("", "a documented field"),
        }
    }

    fn add_unreadable(&self, at: &mut String, paths: &mut Vec<String>) {
        for name in T::FIELDS.iter().filter(|name| self.extra().contains_key(**name)) {
            let dot = if at.is_empty() { "" } else { "." };
            paths.push(format!("{at}{dot}{name}"));
        }
        self.add_unreadable_of_fields(at, paths);
    }
}

struct Key<T>(PhantomData<T>);

enum Name {
    Field(usize),
    Other(String),
}

impl<'de, T: Object> DeserializeSeed<'de> for Key<T> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Object> Visitor<'_> for Key<T> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(T::position(name).map_or_else(|| Name::Other(name.to_owned()), Name::Field))
    }
}
