//! The value of one field. What a field's type does not take is odd, and is handed back as it was
//! sent, so that nothing is lost.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// What a type takes of JSON: each kind of value that it does not take is odd.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be decoded",
    note = "say in src/ext/decode/field.rs what it takes of JSON"
)]
pub(crate) trait Field: Sized {
    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_number(_: &Number) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    /// Reads the array into the field, and hands back what is odd.
    fn from_array<'de, A: SeqAccess<'de>>(
        array: A,
        _: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        collect(array).map(Some)
    }

    /// Reads the object into the field, and hands back what is odd.
    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let value = collect_object(object)?;
        *into = value.as_number().and_then(Self::from_number);
        Ok(into.is_none().then_some(value))
    }

    /// Why this value cannot be one at all.
    fn misfit(_: &Value) -> Misfit {
        Misfit::new("", "another value")
    }

    /// Adds the paths of what could not be read, of which `at` is the beginning.
    fn add_unreadable(&self, _at: &mut String, _paths: &mut Vec<String>) {}
}

/// Where a body is not what its type takes.
pub(crate) struct Misfit {
    /// The name of a field; empty for the body itself.
    pub(crate) field: &'static str,
    /// What the type takes there, in the words of JSON.
    pub(crate) expected: &'static str,
}

impl Misfit {
    pub(crate) fn new(field: &'static str, expected: &'static str) -> Self {
        Self { field, expected }
    }
}

/// Reads the value of a field without which there is no object, and hands back what is odd. A number
/// is read as its text.
pub(crate) fn required<'de, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut String,
) -> Result<Option<Value>, A::Error> {
    let mut text = None::<Text>;
    let odd = object.next_value_seed(Reader(&mut text))?;
    let Some(Text(text)) = text else {
        into.clear();
        return Ok(Some(odd.unwrap_or_default()));
    };
    *into = text;
    Ok(None)
}

/// Whether a required field can have this value.
pub(super) fn is_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => Text::from_number(number).is_some(),
        _ => false,
    }
}

struct Text(String);

impl Field for Text {
    fn from_number(number: &Number) -> Option<Self> {
        // The digits of a larger one are not those that were sent.
        let is_exact = !number.is_f64() || number.as_f64()?.abs() < 1e15;
        is_exact.then(|| Self(number.to_string()))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned())).filter(|text| !text.0.is_empty())
    }
}

/// Reads the value of an optional field, and hands back what is odd.
// Inlined, since there is one call for each field.
#[inline]
pub(crate) fn optional<'de, T: Field, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut Option<T>,
) -> Result<Option<Value>, A::Error> {
    *into = None;
    object.next_value_seed(Reader(into))
}

/// Reads a value through a reference: a result that held both, it and what is odd, would be moved
/// with every field.
pub(super) struct Reader<'a, T>(pub(super) &'a mut Option<T>);

impl<T> Reader<'_, T> {
    fn set(self, value: Option<T>, odd: impl FnOnce() -> Value) -> Option<Value> {
        *self.0 = value;
        self.0.is_none().then(odd)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Reader<'_, T> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Field> Visitor<'de> for Reader<'_, T> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Self::Value, E> {
        Ok(self.set(T::from_bool(bool), || bool.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.set(T::from_number(&number.into()), || number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.set(T::from_number(&number.into()), || number.into()))
    }

    // serde_json calls this with `arbitrary_precision`.
    fn visit_i128<E>(self, number: i128) -> Result<Self::Value, E> {
        let value = Number::from_i128(number);
        Ok(self.set(value.as_ref().and_then(T::from_number), || value.into()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Self::Value, E> {
        let value = Number::from_u128(number);
        Ok(self.set(value.as_ref().and_then(T::from_number), || value.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        let value = Number::from_f64(number).and_then(|number| T::from_number(&number));
        Ok(self.set(value, || number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.set(T::from_text(text), || text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
        T::from_array(array, self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object, self.0)
    }
}

impl Field for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Field for bool {
    fn from_bool(bool: bool) -> Option<Self> {
        Some(bool)
    }
}

impl Field for i64 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64()
    }
}

impl Field for f64 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_f64()
    }
}

impl Field for Map<String, Value> {
    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        match collect_object(object)? {
            Value::Object(map) => *into = Some(map),
            odd => return Ok(Some(odd)),
        }
        Ok(None)
    }
}

/// A type that takes no value: the reader returns each one.
struct Nothing;

impl Field for Nothing {}

/// Reads any value of an object. `Value` itself would fail by a key that means something to
/// `serde_json` alone.
pub(super) fn any<'de, A: MapAccess<'de>>(object: &mut A) -> Result<Value, A::Error> {
    Ok(object.next_value_seed(Reader::<Nothing>(&mut None))?.unwrap_or_default())
}

/// Reads the rest of an object, or the number that comes as one.
pub(crate) fn collect_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Value, A::Error> {
    let mut fields = Map::new();
    while let Some(name) = object.next_key()? {
        fields.insert(name, any(&mut object)?);
    }
    Ok(number(&fields).map_or(Value::Object(fields), Value::Number))
}

/// The number that comes as an object with one private key, with `arbitrary_precision` of
/// `serde_json`.
pub(super) fn number(object: &Map<String, Value>) -> Option<Number> {
    let text = object.get("$serde_json::private::Number").filter(|_| object.len() == 1)?;
    text.as_str()?.parse().ok()
}

fn collect<'de, A: SeqAccess<'de>>(mut array: A) -> Result<Value, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = array.next_element_seed(Reader::<Nothing>(&mut None))? {
        items.push(item.unwrap_or_default());
    }
    Ok(Value::Array(items))
}
