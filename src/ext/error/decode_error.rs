//! Where a body is not what the API documents. A body may hold personal data, so an error names the
//! place and the type, never the text.

use std::fmt;

use super::json_path;

/// The place at which a body differs from its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecodeError {
    path: String,
    line: usize,
    column: usize,
    expected: String,
}

impl DecodeError {
    /// What `error` found in `body`.
    pub(super) fn new(body: &[u8], error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        // What is no JSON is itself the last byte before the place.
        let read = column.saturating_sub(error.is_syntax().into());
        let path = json_path::at(body, line, read);
        let expected = expected(body, &path, error);
        Self { path, line, column, expected }
    }

    /// Whether the body is no JSON at all, as from a proxy or a login page.
    pub(super) fn is_not_json(&self) -> bool {
        self.expected == NOT_JSON
    }

    /// Whether the body stops where it should go on.
    pub(super) fn is_truncated(&self) -> bool {
        self.expected == EMPTY || self.expected == TRUNCATED
    }
}

const EMPTY: &str = "the body is empty";
const TRUNCATED: &str = "the body ends here";
const NOT_JSON: &str = "the body is not JSON";
/// What `serde_json` says of a text that does not even begin as JSON.
const NO_VALUE: &str = "expected value";

/// What is wrong, in a few words that hold nothing of the body.
fn expected(body: &[u8], path: &str, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    match message {
        _ if body.trim_ascii().is_empty() => EMPTY.to_owned(),
        _ if error.is_eof() => TRUNCATED.to_owned(),
        NO_VALUE if path.is_empty() => NOT_JSON.to_owned(),
        _ if error.is_data() => expected_type(message),
        _ => message.to_owned(),
    }
}

/// What serde expected and what it found instead. Its full message quotes the value, which may be
/// anybody's phone number.
fn expected_type(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => format!("expected {}{}", in_json(expected), found_type(found)),
        None if message.starts_with("missing field") => message.to_owned(),
        None => "unexpected value".to_owned(),
    }
}

/// The type that a message of serde names, without the value that follows it.
fn found_type(message: &str) -> String {
    let found = message.strip_prefix("invalid type: ").unwrap_or_default();
    match found.split([' ', ',']).next() {
        None | Some("") => String::new(),
        Some(word) => format!(", found {}", in_json(word)),
    }
}

/// A type in the words of JSON rather than of Rust.
fn in_json(serde: &str) -> &str {
    match serde {
        "map" => "an object",
        "sequence" => "an array",
        "string" => "a string",
        "boolean" => "a boolean",
        "number" | "integer" | "floating" => "a number",
        text => text,
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, expected } = self;
        match path.as_str() {
            "" => write!(f, "{expected}")?,
            path => write!(f, "at {path}: {expected}")?,
        }
        write!(f, " (line {line}, column {column})")
    }
}

/// What holds of any body that does not decode, for the tests and for `fuzz/`: its place is
/// reported in few words, none of them the body's.
///
/// # Panics
/// If that does not hold.
#[cfg(any(test, fuzzing))]
pub fn promise(body: &[u8]) {
    if let Err(error) = serde_json::from_slice::<crate::types::Number>(body) {
        let text = DecodeError::new(body, &error).to_string();
        // 128 levels, each with a name of at most 40 bytes.
        assert!(text.len() < 6_000, "{} bytes", text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ext::any_text::{any_text, for_many_seeds};

    #[test]
    fn bytes_that_are_damaged_are_told_in_few_words() {
        let body =
            r#"{"id":"1","meta":{"phone":{"status":"CONNECTED"},"profile":{"websites":["a"]}}}"#;
        for_many_seeds(|rng| {
            let damage = any_text(rng, &["\"", "{", "}", "[", "]", ",", ":", "1", "null", "\\"], 4);
            let mut body = body.as_bytes().to_vec();
            let at = rng.usize(..body.len());
            body.splice(at..=at, damage.bytes());
            promise(&body);
            promise(damage.as_bytes());
        });
    }
}
