//! A field without which there is no object: an id. A number is read as its text.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
};
use serde_json::{Number, Value};

use super::field::collect_object;

/// Reads the field, or fails at its place.
pub(crate) fn text<'de, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut String,
) -> Result<Option<Value>, A::Error> {
    *into = object.next_value_seed(Text)?;
    Ok(None)
}

struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    // serde_json calls this, or passes an object, with `arbitrary_precision`.
    fn visit_i128<E>(self, number: i128) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u128<E>(self, number: u128) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        // The digits of a larger one are not those that were sent.
        let text = Number::from_f64(number).filter(|_| number.abs() < 1e15);
        text.map(|number| number.to_string())
            .ok_or_else(|| E::invalid_type(Unexpected::Other("number"), &self))
    }

    // To the end, so that the error is at the place of the value.
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<String, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Err(A::Error::invalid_type(Unexpected::Seq, &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<String, A::Error> {
        match collect_object(object)? {
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}
