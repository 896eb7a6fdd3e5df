//! Decoding of the value of one field. A value of a type that the field does not accept is
//! *malformed*. It is returned with its original content, so that nothing is lost.

use std::fmt;

use serde::{
    Deserializer, Serialize,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A type of a field, and the kinds of JSON values that it accepts. All other values are malformed.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be decoded",
    note = "implement `Field` for it in src/ext/decode/field.rs"
)]
pub(crate) trait Field: Sized {
    /// Converts a value other than a text or null. Returns it unchanged if it is malformed.
    fn from_value(value: Value) -> Result<Self, Value> {
        Err(value)
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    /// Reads an array into the field, and returns the malformed value, if any.
    fn from_array<'de, A: SeqAccess<'de>>(
        mut array: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(Reader::<Nothing>(&mut None))? {
            items.push(item.unwrap_or_default());
        }
        Ok(Reader(into).set(items.into()))
    }

    /// Reads an object into the field, and returns the malformed value, if any.
    fn from_object<'de, A: MapAccess<'de>>(
        mut object: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = object.next_key()? {
            fields.insert(name, any(&mut object)?);
        }
        Ok(Reader(into).set(number(&fields).map_or(Value::Object(fields), Value::Number)))
    }

    /// Returns the paths of the malformed values in this value.
    fn malformed(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Returns the paths of the malformed values in the field or the item at this place.
pub(crate) fn malformed_at(place: fmt::Arguments<'_>, value: &impl Field) -> Vec<String> {
    let at = |path: &String| if path.starts_with('[') { "" } else { "." };
    value.malformed().iter().map(|path| format!("{place}{}{path}", at(path))).collect()
}

/// Describes a value of an unexpected type.
pub(crate) fn fault(expected: &str, found: Option<&Value>) -> String {
    let found = match found {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(text)) if text.is_empty() => "an empty string",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "an array",
        Some(Value::Object(_)) => "an object",
    };
    format!("expected {expected}, found {found}")
}

/// Decodes a whole body. `fault` describes a body that cannot be of this type, without a quote:
/// the body may contain personal data.
pub(crate) fn body<'de, T: Field, D: Deserializer<'de>>(
    body: D,
    fault: fn(&Value) -> String,
) -> Result<T, D::Error> {
    let mut value = None;
    let malformed = Reader(&mut value).deserialize(body)?;
    value.ok_or_else(|| de::Error::custom(fault(&malformed.unwrap_or_default())))
}

/// Reads the value of a required field, and returns a malformed value. A number is converted to
/// text.
pub(crate) fn required<'de, A: MapAccess<'de>>(
    object: &mut A,
    into: &mut String,
) -> Result<Option<Value>, A::Error> {
    // A larger number would not keep the digits that were sent.
    let is_exact = |n: &Number| !n.is_f64() || n.as_f64().is_some_and(|number| number.abs() < 1e15);
    into.clear();
    *into = match any(object)? {
        Value::String(text) if !text.is_empty() => text,
        Value::Number(number) if is_exact(&number) => number.to_string(),
        malformed => return Ok(Some(malformed)),
    };
    Ok(None)
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

/// Reads a value through a reference to `None`. A result that held both the field and the malformed
/// value would be moved for every field.
struct Reader<'a, T>(&'a mut Option<T>);

impl<T: Field> Reader<'_, T> {
    /// Sets the field, and returns a malformed value.
    fn set(self, value: Value) -> Option<Value> {
        T::from_value(value).map(|field| *self.0 = Some(field)).err()
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

    fn visit_bool<E>(self, bool: bool) -> Result<Self::Value, E> {
        Ok(self.set(bool.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.set(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.set(number.into()))
    }

    // serde_json calls this with its feature `arbitrary_precision`.
    fn visit_i128<E>(self, number: i128) -> Result<Self::Value, E> {
        Ok(self.set(Number::from_i128(number).into()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Self::Value, E> {
        Ok(self.set(Number::from_u128(number).into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(self.set(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        *self.0 = T::from_text(text);
        Ok(self.0.is_none().then(|| text.into()))
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
    fn from_value(value: Value) -> Result<Self, Value> {
        value.as_bool().ok_or(value)
    }
}

impl Field for i64 {
    fn from_value(value: Value) -> Result<Self, Value> {
        value.as_i64().ok_or(value)
    }
}

impl Field for f64 {
    fn from_value(value: Value) -> Result<Self, Value> {
        value.as_f64().ok_or(value)
    }
}

impl Field for Map<String, Value> {
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::Object(map) = value else { return Err(value) };
        Ok(map)
    }
}

impl<T: Field + Serialize> Field for Vec<T> {
    fn from_array<'de, A: SeqAccess<'de>>(
        array: A,
        into: &mut Option<Self>,
    ) -> Result<Option<Value>, A::Error> {
        let (read, malformed) = items(array)?;
        let sent = (!malformed.is_empty()).then(|| list_as_sent(&read, malformed));
        *into = Some(read);
        Ok(sent)
    }

    fn malformed(&self) -> Vec<String> {
        let of_item = |(n, item)| malformed_at(format_args!("[{n}]"), item);
        self.iter().enumerate().flat_map(of_item).collect()
    }
}

/// The items of a list, and its malformed items, unchanged. Each has the count of items before it.
type Items<T> = (Vec<T>, Vec<(usize, Value)>);

/// Reads the items of a list. A malformed item does not cost the others.
pub(crate) fn items<'de, T: Field, A: SeqAccess<'de>>(mut array: A) -> Result<Items<T>, A::Error> {
    let (mut read, mut malformed, mut item) = (Vec::new(), Vec::new(), None);
    while let Some(value) = array.next_element_seed(Reader(&mut item))? {
        match item.take() {
            Some(item) => read.push(item),
            None => malformed.push((read.len(), value.unwrap_or_default())),
        }
    }
    Ok((read, malformed))
}

/// Returns the original list, with each item in its place.
pub(crate) fn list_as_sent<T: Serialize>(read: &[T], malformed: Vec<(usize, Value)>) -> Value {
    let (mut sent, mut malformed) = (Vec::new(), malformed.into_iter().peekable());
    for (n, item) in read.iter().enumerate() {
        while let Some((_, value)) = malformed.next_if(|(before, _)| *before <= n) {
            sent.push(value);
        }
        sent.push(serde_json::to_value(item).unwrap_or_default());
    }
    sent.extend(malformed.map(|(_, value)| value));
    sent.into()
}

/// A type that accepts no value, so the reader returns each one.
struct Nothing;

impl Field for Nothing {}

/// Reads any value of an object. Deserializing a `Value` would fail for a key that `serde_json`
/// reserves for itself.
pub(crate) fn any<'de, A: MapAccess<'de>>(object: &mut A) -> Result<Value, A::Error> {
    Ok(object.next_value_seed(Reader::<Nothing>(&mut None))?.unwrap_or_default())
}

/// Returns the number that an object with one private key represents, with feature
/// `arbitrary_precision` of `serde_json`.
pub(super) fn number(object: &Map<String, Value>) -> Option<Number> {
    let text = object.get("$serde_json::private::Number").filter(|_| object.len() == 1)?;
    text.as_str()?.parse().ok()
}
