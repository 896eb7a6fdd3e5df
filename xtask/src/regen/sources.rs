//! The list of pages that the document is made of: where each is published, and what was stored of
//! it when. A record of all sources is in the document, so that a change anywhere in one, prose
//! included, shows in the output.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The field of the document that holds the record of the sources.
pub(crate) const RECORD: &str = "x-provenance";

/// The list, in the order in which the pages are merged.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    #[serde(rename = "page")]
    pub(crate) pages: Vec<Page>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) url: String,
    /// The stored copy, beside the list.
    pub(crate) file: String,
    /// The digest of the fetched copy; empty until then.
    #[serde(default)]
    pub(crate) sha256: String,
    /// The day on which this content was first fetched; empty until then.
    #[serde(default)]
    pub(crate) fetched: String,
}

impl Sources {
    /// Reads the list; unknown keys are errors.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let sources: Self = toml::from_str(text).map_err(|error| {
            let place = error.to_string();
            let place = place.lines().next().unwrap_or_default();
            anyhow::anyhow!("{place}: {}", error.message())
        })?;
        ensure!(!sources.pages.is_empty(), "expected at least one [[page]]");
        for (index, Page { file, .. }) in sources.pages.iter().enumerate() {
            let is_plain =
                !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\']);
            ensure!(is_plain, "expected the name of a file beside this one as file, found {file}");
            let is_unique = sources.pages[..index].iter().all(|other| other.file != *file);
            ensure!(is_unique, "expected every page in its own file, found {file} twice");
        }
        Ok(sources)
    }

    pub(crate) fn to_text(&self) -> Result<String> {
        let head = "# The pages that openapi.json is made of. `cargo xtask regen --fetch` fetches them anew.\n\n";
        Ok(format!("{head}{}", toml::to_string(self)?))
    }
}

/// Returns the record of a source, with its address if it was published.
pub(crate) fn record(url: Option<&str>, file: &str, text: &str) -> Value {
    let sha256 = sha256(text);
    match url {
        Some(url) => json!({ "url": url, "file": file, "sha256": sha256 }),
        None => json!({ "file": file, "sha256": sha256 }),
    }
}

/// The digest in lower-case hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    let bytes = Sha256::digest(text).into_iter();
    bytes.fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
