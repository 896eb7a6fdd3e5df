//! Where a body is not what the API documents: the JSON path and what was expected, without the body's text.

use std::fmt;

use serde::de::DeserializeOwned;

use super::json_path;
use crate::types;

/// The place at which a body differs from its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    path: String,
    line: usize,
    column: usize,
    expected: String,
}

type Check = fn(&[u8]) -> serde_json::Result<()>;

/// What each operation's success decodes to.
const SUCCESSES: &[(&str, Check)] = &[
    ("get_numbers_id", check_as::<types::Number>),
    ("get_numbers_id_status", check_as::<types::NumberStatus>),
    ("delete_numbers_id", check_as::<types::NumberRemoved>),
];

/// Checks the success of an operation.
pub(super) fn check(operation_id: &str, body: &[u8]) -> serde_json::Result<()> {
    let success = SUCCESSES.iter().find(|(id, _)| *id == operation_id);
    success.map_or(Ok(()), |(_, check)| check(body))
}

/// Memory that one value of a JSON document may take, with its key, apart from the text itself.
const VALUE: usize = 128;
/// What decoding may take, however low the limit is.
pub(super) const ENOUGH: usize = 1024 * 1024;

/// Whether decoding a body takes no more memory than `limit` (or 1 MiB, if that is more). `[[],[],[],…` takes many times its length.
pub(super) fn fits(body: &[u8], limit: usize) -> bool {
    let limit = limit.max(ENOUGH);
    // No value is written in less than two bytes, so most bodies need no look.
    let short = body.len() / 2 <= limit / VALUE;
    short || body.iter().filter(|b| matches!(b, b',' | b'[' | b'{')).count() <= limit / VALUE
}

/// The API's own error, if the body is one.
pub(super) fn api_error(body: &[u8]) -> Option<types::ApiError> {
    serde_json::from_slice(body).ok()
}

fn check_as<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<T>(body).map(drop)
}

impl Misfit {
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
    pub(super) fn is_cut(&self) -> bool {
        self.expected == EMPTY || self.expected == CUT
    }
}

const EMPTY: &str = "the body is empty";
const CUT: &str = "the body ends here";
const NOT_JSON: &str = "the body is not JSON";
/// What `serde_json` says of a text that does not even begin as JSON.
const NO_VALUE: &str = "expected value";

/// What is wrong, in a few words that hold nothing of the body.
fn expected(body: &[u8], path: &str, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    match message {
        _ if body.trim_ascii().is_empty() => EMPTY.to_owned(),
        _ if error.is_eof() => CUT.to_owned(),
        NO_VALUE if path.is_empty() => NOT_JSON.to_owned(),
        _ if error.is_data() => expected_type(message),
        _ => message.to_owned(),
    }
}

/// What serde expected and what it found instead. Its full message quotes the value, which may be anybody's phone number.
fn expected_type(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => format!("expected {}{}", in_json(expected), found_type(found)),
        None if message.starts_with("missing field") || message.starts_with("duplicate field") => {
            message.to_owned()
        }
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
        text if text.starts_with("struct ") => "an object",
        "sequence" | "a sequence" => "an array",
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" | "floating" | "i64" | "f64" => "a number",
        text => text,
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, expected } = self;
        match path.as_str() {
            "" => write!(f, "{expected}")?,
            path => write!(f, "at {path}: {expected}")?,
        }
        write!(f, " (line {line}, column {column})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_fits_unless_its_values_take_more_memory_than_the_limit() {
        const MIB: usize = 1024 * 1024;
        let text = format!(r#"{{"id":"{}"}}"#, "x".repeat(4 * MIB));
        let values = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        let cases = [
            ("", 1, true),
            (text.as_str(), 4 * MIB, true),
            (&values(8_192), 1, true),
            (&values(8_193), 1, false),
            (&values(8_193), MIB, false),
            (&values(32_768), 4 * MIB, true),
            (&values(32_769), 4 * MIB, false),
            (&"[".repeat(4 * MIB), 4 * MIB, false),
            (&"{".repeat(4 * MIB), 4 * MIB, false),
            (&values(32_769), usize::MAX, true),
        ];
        for (body, limit, fits) in cases {
            assert_eq!(super::fits(body.as_bytes(), limit), fits, "{} of {limit}", body.len());
        }
    }

    #[test]
    fn every_operation_of_the_document_has_its_success_here() {
        let spec = include_str!("../../openapi.json");
        let operations: Vec<_> =
            spec.lines().filter_map(|l| l.trim().strip_prefix("\"operationId\": ")).collect();
        assert_eq!(operations.len(), SUCCESSES.len());
        for (id, _) in SUCCESSES {
            assert!(operations.contains(&format!("\"{id}\",").as_str()), "{id} of {operations:?}");
        }
    }
}
