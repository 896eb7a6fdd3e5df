//! What the document was made of, recorded in it: a change anywhere in a source, prose included, shows in the output.

use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The field of the document that holds the record.
const FIELD: &str = "x-provenance";

/// One file that the document was made of.
pub(crate) struct Source {
    file: &'static str,
    sha256: String,
}

impl Source {
    /// Describes a file by its path in the repository and its text.
    pub(crate) fn new(file: &'static str, text: &str) -> Self {
        Self { file, sha256: sha256(text) }
    }

    /// The entry of the record.
    fn to_json(&self) -> Value {
        json!({ "file": self.file, "sha256": self.sha256 })
    }
}

/// Adds the record to a document, in place of any older one.
pub(crate) fn record(mut document: Value, pages: &[Source], overlay: &Source) -> Value {
    if let Some(fields) = document.as_object_mut() {
        let sources: Vec<Value> = pages.iter().map(Source::to_json).collect();
        let record = json!({ "sources": sources, "overlay": overlay.to_json() });
        fields.insert(FIELD.to_owned(), record);
    }
    document
}

/// The digest in lower-case hexadecimal.
fn sha256(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Source, record, sha256};

    #[test]
    fn the_digest_is_the_published_one() {
        let table = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (text, expected) in table {
            assert_eq!(sha256(text), expected);
        }
    }

    #[test]
    fn an_older_record_is_replaced() {
        let overlay = Source::new("overlay.yaml", "abc");
        let once = record(json!({ "openapi": "3.0.3" }), &[], &overlay);
        assert_eq!(record(once.clone(), &[], &overlay), once);
        assert_eq!(once["x-provenance"]["overlay"]["file"], "overlay.yaml");
        assert_eq!(once["x-provenance"]["overlay"]["sha256"], sha256("abc"));
    }
}
