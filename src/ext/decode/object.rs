//! Decoding of an object with known fields. Unknown fields and malformed values are retained in
//! `extra` under their names.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::field::{self, Field, fault, number};

/// A generated struct with `extra`.
pub(crate) trait Object: Default {
    /// The names of the fields in JSON.
    const FIELDS: &[&str];
    /// The required fields; each is a text that is not empty.
    const REQUIRED: &[&str];

    /// Returns the index of the field with this name. A `match` costs fewer instructions than a
    /// search in [`FIELDS`](Self::FIELDS).
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

    /// Returns the paths of the malformed values in the fields that could be read.
    fn malformed_in_fields(&self) -> Vec<String>;

    fn extra(&self) -> &Map<String, Value>;

    fn extra_mut(&mut self) -> &mut Map<String, Value>;
}

/// Decodes a body. A body that has an error and no known field is not an object of this type.
pub(crate) fn deserialize<'de, T: Object, D: Deserializer<'de>>(body: D) -> Result<T, D::Error> {
    let object: T = field::body(body)?;
    let has_error = object.extra().get("error").is_some_and(|error| !error.is_null());
    if has_error && !T::FIELDS.iter().any(|name| value(&object).get(name).is_some()) {
        return Err(de::Error::custom(fault("a documented field", Some(&value(&object)))));
    }
    Ok(object)
}

fn value(object: &impl Object) -> Value {
    serialize(object, serde_json::value::Serializer).unwrap_or_default()
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

impl<T: Object> Field for T {
    fn from_object<'de, A: MapAccess<'de>>(
        mut object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let (this, mut has_field) = (into.insert(Self::default()), false);
        while let Some(key) = object.next_key_seed(Key(PhantomData::<T>))? {
            match key {
                Ok(n) => {
                    has_field = true;
                    match this.read(n, &mut object)? {
                        Some(value) => _ = this.extra_mut().insert(T::FIELDS[n].to_owned(), value),
                        // If a field occurs twice, its last value counts.
                        None => _ = this.extra_mut().remove(T::FIELDS[n]),
                    }
                }
                Err(name) => _ = this.extra_mut().insert(name, field::any(&mut object)?),
            }
        }
        let malformed = match number(this.extra()).filter(|_| !has_field) {
            Some(number) => Some(Value::Number(number)),
            None if this.is_complete() => None,
            None => Some(value(this)),
        };
        if malformed.is_some() {
            *into = None;
        }
        Ok(malformed)
    }

    fn fault(body: &Value) -> String {
        let is_text = |name: &&&str| body[**name].as_str().is_some_and(|text| !text.is_empty());
        match T::REQUIRED.iter().find(|name| body.is_object() && !is_text(name)) {
            Some(name) => format!("at {name}: {}", fault("a string", body.get(name))),
            None => fault("an object", Some(body)),
        }
    }

    fn malformed(&self) -> Vec<String> {
        let own = T::FIELDS.iter().filter(|name| self.extra().contains_key(**name));
        own.map(|name| (*name).to_owned()).chain(self.malformed_in_fields()).collect()
    }
}

/// Reads a name: the index of a known field, or the name itself.
struct Key<T>(PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for Key<T> {
    type Value = Result<usize, String>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_identifier(self)
    }
}

impl<T: Object> Visitor<'_> for Key<T> {
    type Value = Result<usize, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(T::position(name).ok_or_else(|| name.to_owned()))
    }
}
