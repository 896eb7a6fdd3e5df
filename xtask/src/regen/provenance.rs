//! A record of the sources in the document: a change anywhere in a source, prose included, shows in
//! the output.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The field of the document that holds the record.
pub(crate) const FIELD: &str = "x-provenance";

/// Describes a source by where it was published, if it was, by its file, and by its text.
pub(crate) fn source(url: Option<&str>, file: &str, text: &str) -> Value {
    let mut source = json!({ "url": url, "file": file, "sha256": sha256(text) });
    if let (None, Some(fields)) = (url, source.as_object_mut()) {
        fields.shift_remove("url");
    }
    source
}

/// The digest in lower-case hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    let bytes = Sha256::digest(text).into_iter();
    bytes.fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
