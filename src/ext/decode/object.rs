//! Decoding of an object with known fields. Unknown fields and malformed values are retained in
//! `extra` under their names.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess},
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

    /// Reads the value of the field with this name. Returns the value if it is malformed, or if no
    /// field has this name.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
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
    let object: T = field::body(body, fault_of_body::<T>)?;
    let has_error = object.extra().get("error").is_some_and(|error| !error.is_null());
    if has_error && !T::FIELDS.iter().any(|name| value(&object).get(name).is_some()) {
        return Err(de::Error::custom(fault("a documented field", Some(&value(&object)))));
    }
    Ok(object)
}

fn fault_of_body<T: Object>(body: &Value) -> String {
    let is_text = |name: &&&str| body[**name].as_str().is_some_and(|text| !text.is_empty());
    match T::REQUIRED.iter().find(|name| body.is_object() && !is_text(name)) {
        Some(name) => format!("at {name}: {}", fault("a string", body.get(name))),
        None => fault("an object", Some(body)),
    }
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
        let (this, mut fields) = (into.insert(Self::default()), 0);
        while let Some(Name(name)) = object.next_key()? {
            fields += 1;
            match this.read(&name, &mut object)? {
                Some(value) => _ = this.extra_mut().insert(name.into_owned(), value),
                // If a field occurs twice, its last value counts.
                None => _ = this.extra_mut().remove(&*name),
            }
        }
        let number = number(this.extra()).filter(|_| fields == 1);
        if number.is_none() && this.is_complete() {
            return Ok(None);
        }
        let malformed = number.map_or_else(|| value(this), Value::Number);
        *into = None;
        Ok(Some(malformed))
    }

    fn malformed(&self) -> Vec<String> {
        let own = T::FIELDS.iter().filter(|name| self.extra().contains_key(**name));
        own.map(|name| (*name).to_owned()).chain(self.malformed_in_fields()).collect()
    }
}

/// The name of a field, which is not copied unless it has escapes. Transparent, because with feature
/// `arbitrary_precision`, `serde_json` passes a number as an object whose name is only a text.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
