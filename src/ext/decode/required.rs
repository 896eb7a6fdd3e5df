//! A field without which there is no object: an id.

use serde::de::{Error, MapAccess};
use serde_json::{Number, Value};

use super::{
    field::{Field, optional},
    object::unexpected,
};

/// Reads a field that must be there: a text, or a number as its text.
pub(crate) fn text<'de, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut String,
) -> Result<Option<Value>, A::Error> {
    let mut text = None;
    let odd = optional(object, &mut text)?;
    let Some(Text(text)) = text else {
        return Err(Error::invalid_type(unexpected(odd.as_ref()), &"a string"));
    };
    *into = text;
    Ok(None)
}

struct Text(String);

impl Field for Text {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn from_number(number: &Number) -> Option<Self> {
        // The digits of a larger one that is no integer are not those that were sent.
        let is_exact = number.is_i64() || number.is_u64();
        let is_small = number.as_f64().is_some_and(|number| number.abs() < 1e15);
        (is_exact || is_small).then(|| Self(number.to_string()))
    }
}
