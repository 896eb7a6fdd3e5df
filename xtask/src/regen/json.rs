//! JSON, read without guessing: a key given twice is an error.

use std::fmt;

use anyhow::Result;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON document; the error says the line and the column.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let Strict(value) = serde_json::from_str(text)?;
    Ok(value)
}

/// A value whose objects name each key once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

/// Makes the values.
struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("expected a finite number"));
        number.map(Value::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` occurs twice")));
            }
            let Strict(value) = entries.next_value()?;
            fields.insert(key, value);
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn values_stay_as_they_are_written() {
        let text =
            r#"{ "z": [null, true, -1, 18446744073709551615, 1.0, "\u0041\u007f"], "a": {} }"#;
        let expected = json!({ "z": [null, true, -1, 18_446_744_073_709_551_615_u64, 1.0, "A\u{7f}"], "a": {} });
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse(text).unwrap().to_string(), expected.to_string(), "in their order");
    }

    #[test]
    fn what_is_not_one_clear_document_is_refused_with_its_place() {
        let table = [
            ("{\n \"a\": 1,\n \"a\": 2 }", "the key `a` occurs twice at line 3 column 4"),
            ("{ \"a\": 1 } x", "line 1 column 12"),
            ("{ \"a\": ", "line 1 column 7"),
            ("", "line 1 column 0"),
            ("{ \"a\": 1e999 }", "out of range"),
        ];
        for (text, expected) in table {
            let error = parse(text).expect_err(expected).to_string();
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
    }
}
