//! Decoding of the value of one field. A value of a type that the field does not accept is
//! *malformed*. It is returned with its original content, so that nothing is lost.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A type of a field, and the kinds of JSON values that it accepts. All other values are malformed.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be decoded",
    note = "implement `Field` for it in src/ext/decode/field.rs"
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

    /// Reads an array into the field, and returns the malformed value, if any.
    fn from_array<'de, A: SeqAccess<'de>>(
        array: A,
        _: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        collect(array).map(Some)
    }

    /// Reads an object into the field, and returns the malformed value, if any.
    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let value = collect_object(object)?;
        *into = value.as_number().and_then(Self::from_number);
        Ok(into.is_none().then_some(value))
    }

    /// Returns the reason why this value can never be of this type.
    fn mismatch(_: &Value) -> Mismatch {
        Mismatch::new("", "a different value")
    }

    /// Adds the paths of the values that could not be read to `paths`; `at` is the path of this
    /// value.
    fn add_unreadable(&self, _at: &mut String, _paths: &mut Vec<String>) {}
}

/// The place where a body differs from its type.
pub(crate) struct Mismatch {
    /// The name of the field; empty for the body itself.
    pub(crate) field: &'static str,
    /// The JSON that the type expects there.
    pub(crate) expected: &'static str,
}

impl Mismatch {
    pub(crate) fn new(field: &'static str, expected: &'static str) -> Self {
        Self { field, expected }
    }
}

/// Reads the value of a required field, and returns a malformed value. A number is converted to
/// text.
pub(crate) fn required<'de, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut String,
) -> Result<Option<Value>, A::Error> {
    let mut text = None::<Text>;
    let malformed = object.next_value_seed(Reader(&mut text))?;
    let Some(Text(text)) = text else {
        into.clear();
        return Ok(Some(malformed.unwrap_or_default()));
    };
    *into = text;
    Ok(None)
}

/// Returns true if a required field can have this value.
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
        // A larger number would not keep the digits that were sent.
        let is_exact = !number.is_f64() || number.as_f64()?.abs() < 1e15;
        is_exact.then(|| Self(number.to_string()))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.to_owned())).filter(|text| !text.0.is_empty())
    }
}

/// Reads the value of an optional field, and returns a malformed value.
// Inlined, since there is one call for each field.
#[inline]
pub(crate) fn optional<'de, T: Field, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut Option<T>,
) -> Result<Option<Value>, A::Error> {
    *into = None;
    object.next_value_seed(Reader(into))
}

/// Reads a value through a reference. A result that held both the field and the malformed value
/// would be moved for every field.
pub(super) struct Reader<'a, T>(pub(super) &'a mut Option<T>);

impl<T> Reader<'_, T> {
    fn set(self, value: Option<T>, malformed: impl FnOnce() -> Value) -> Option<Value> {
        *self.0 = value;
        self.0.is_none().then(malformed)
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

    // serde_json calls this with its feature `arbitrary_precision`.
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
            malformed => return Ok(Some(malformed)),
        }
        Ok(None)
    }
}

/// A type that accepts no value, so the reader returns each one.
struct Nothing;

impl Field for Nothing {}

/// Reads any value of an object. Deserializing a `Value` would fail for a key that `serde_json`
/// reserves for itself.
pub(super) fn any<'de, A: MapAccess<'de>>(object: &mut A) -> Result<Value, A::Error> {
    Ok(object.next_value_seed(Reader::<Nothing>(&mut None))?.unwrap_or_default())
}

/// Reads the rest of an object. Returns a number if the object represents one.
pub(crate) fn collect_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Value, A::Error> {
    let mut fields = Map::new();
    while let Some(name) = object.next_key()? {
        fields.insert(name, any(&mut object)?);
    }
    Ok(number(&fields).map_or(Value::Object(fields), Value::Number))
}

/// Returns the number that an object with one private key represents, with feature
/// `arbitrary_precision` of `serde_json`.
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
