//! The cause of a failed decode. A body may contain personal data, so the error reports the place and
//! the type of the fault, and never quotes the text.

use std::fmt;

use serde_json::error::Category;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// The body does not begin like JSON; often it is a page of a proxy or a login form.
    NotJson,
    /// The body is empty, or ends before the JSON is complete.
    Truncated(String),
    /// The JSON is invalid, or a value has an unexpected type.
    Broken(String),
}

impl DecodeError {
    /// Returns the fault of a `body` that failed to decode with this error.
    pub(crate) fn new(body: &[u8], error: &serde_json::Error) -> Self {
        let place = format!("line {}, column {}", error.line(), error.column());
        match (body.trim_ascii().first(), error.classify()) {
            (None, _) => Self::Truncated("the body is empty".to_owned()),
            (Some(first), _) if !b"{[\"tfn-0123456789".contains(first) => Self::NotJson,
            (_, Category::Eof) => Self::Truncated(format!("the body ends too early, at {place}")),
            (_, Category::Data) => Self::Broken(error.to_string()),
            _ => Self::Broken(format!("the body is not valid JSON at {place}")),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("the body is not JSON"),
            Self::Truncated(fault) | Self::Broken(fault) => f.write_str(fault),
        }
    }
}
