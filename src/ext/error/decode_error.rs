//! The cause of a failed decode. A body may contain personal data, so the error reports the place and
//! the type of the fault, and never quotes the text.

use std::fmt;

use serde_json::error::Category;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    Empty,
    /// The body does not begin like JSON; often it is a page of a proxy or a login form.
    NotJson,
    /// The body ends at this line and column, before the JSON is complete.
    Truncated(usize, usize),
    /// The JSON is invalid at this line and column.
    Broken(usize, usize),
    /// A value has an unexpected type; see [`Field::fault`](crate::ext::decode::field::Field::fault).
    Type(String),
}

impl DecodeError {
    /// Returns the fault of a `body` that failed to decode with this error.
    pub(crate) fn new(body: &[u8], error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match (body.trim_ascii().first(), error.classify()) {
            (None, _) => Self::Empty,
            (Some(first), _) if !b"{[\"tfn-0123456789".contains(first) => Self::NotJson,
            (_, Category::Eof) => Self::Truncated(line, column),
            (_, Category::Syntax | Category::Io) => Self::Broken(line, column),
            (_, Category::Data) => Self::Type(error.to_string()),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body is empty"),
            Self::NotJson => f.write_str("the body is not JSON"),
            Self::Truncated(line, column) => {
                write!(f, "the body ends too early, at line {line}, column {column}")
            }
            Self::Broken(line, column) => {
                write!(f, "the body is not valid JSON at line {line}, column {column}")
            }
            Self::Type(fault) => f.write_str(fault),
        }
    }
}
