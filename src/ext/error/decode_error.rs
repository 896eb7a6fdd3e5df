//! The cause of a failed decode. A body may contain personal data, so the error reports the place and
//! the type of the fault, and never quotes the text.

use std::fmt;

use serde_json::{Value, error::Category};

use crate::ext::decode::field::{Field, Mismatch};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    Empty,
    /// The body does not begin like JSON; often it is a page of a proxy or a login form.
    NotJson,
    /// The body ends here, before the JSON is complete.
    Truncated(Place),
    /// The JSON is invalid here.
    Broken(Place),
    /// The value at this path has an unexpected type. The path is empty for the body itself.
    Type {
        path: &'static str,
        expected: &'static str,
        found: &'static str,
    },
}

/// Line and column, starting at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize, usize);

impl DecodeError {
    /// Returns the fault of a `body` that failed to decode as `T` with this error.
    pub(crate) fn new<T: Field>(body: &[u8], error: &serde_json::Error) -> Self {
        let place = Place(error.line(), error.column());
        let Some(first) = body.trim_ascii().first() else { return Self::Empty };
        let Some(value) = beginning_with(*first) else { return Self::NotJson };
        match error.classify() {
            Category::Eof => Self::Truncated(place),
            Category::Syntax | Category::Io => Self::Broken(place),
            Category::Data => {
                // The text after the fault may be invalid JSON. Then only the type of the body is
                // known.
                let value = serde_json::from_slice(body).unwrap_or(value);
                let Mismatch { field: path, expected } = T::mismatch(&value);
                let found = if path.is_empty() { Some(&value) } else { value.get(path) };
                Self::Type { path, expected, found: found.map_or("nothing", type_of) }
            }
        }
    }
}

/// Returns a value of the JSON type that begins with this byte.
fn beginning_with(byte: u8) -> Option<Value> {
    Some(match byte {
        b'{' => Value::Object(serde_json::Map::new()),
        b'[' => Value::Array(Vec::new()),
        b'"' => Value::from("…"),
        b't' | b'f' => Value::Bool(true),
        b'n' => Value::Null,
        b'-' | b'0'..=b'9' => Value::from(0),
        _ => return None,
    })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::NotJson => f.write_str("the body is not JSON"),
            Self::Truncated(place) => write!(f, "the body ends too early, {place}"),
            Self::Broken(place) => write!(f, "the body is not valid JSON {place}"),
            Self::Type { path, expected, found } => {
                if !path.is_empty() {
                    write!(f, "at {path}: ")?;
                }
                write!(f, "expected {expected}, found {found}")
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at line {}, column {}", self.0, self.1)
    }
}
