//! What the document was made of, recorded in it: a change anywhere in a source, prose included,
//! shows in the output.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The field of the document that holds the record.
pub(crate) const FIELD: &str = "x-provenance";

/// One source that the document was made of.
pub(crate) struct Source {
    url: Option<String>,
    file: Option<String>,
    sha256: String,
}

impl Source {
    /// Describes a source by where it was published, by its file, and by its text.
    pub(crate) fn new(url: Option<&str>, file: Option<&str>, text: &str) -> Self {
        Self { url: url.map(str::to_owned), file: file.map(str::to_owned), sha256: sha256(text) }
    }

    /// The entry of the record.
    fn to_json(&self) -> Value {
        let mut entry = Map::new();
        let fields =
            [("url", &self.url), ("file", &self.file), ("sha256", &Some(self.sha256.clone()))];
        for (name, value) in fields {
            entry.extend(value.clone().map(|value| (name.to_owned(), value.into())));
        }
        entry.into()
    }
}

/// Adds the record to a document, in place of any older one.
pub(crate) fn record(mut document: Value, sources: &[Source], overlay: &Source) -> Value {
    if let Some(fields) = document.as_object_mut() {
        let sources: Vec<Value> = sources.iter().map(Source::to_json).collect();
        let record = json!({ "sources": sources, "overlay": overlay.to_json() });
        fields.insert(FIELD.to_owned(), record);
    }
    document
}

/// The digest in lower-case hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
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
    fn the_record_says_where_each_source_is_from() {
        let page = Source::new(Some("https://a/page.md"), Some("page.md"), "abc");
        let overlay = Source::new(None, Some("overlay.yaml"), "");
        let expected = json!({ "x-provenance": {
            "sources": [{ "url": "https://a/page.md", "file": "page.md", "sha256": sha256("abc") }],
            "overlay": { "file": "overlay.yaml", "sha256": sha256("") },
        } });
        let once = record(json!({ "x-provenance": "older" }), &[page], &overlay);
        assert_eq!(once, expected);
    }
}
