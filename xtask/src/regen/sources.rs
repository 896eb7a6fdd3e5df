//! The list of pages that the document is made of: where each is published, and what was stored of
//! it when.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The list, in the order in which the pages are merged.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    /// One table a page.
    #[serde(rename = "page")]
    pub(crate) pages: Vec<Page>,
}

/// One page.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Where the vendor publishes it.
    pub(crate) url: String,
    /// The stored copy, beside the list.
    pub(crate) file: String,
    /// The digest of the copy as it was fetched; empty until then.
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
        for (index, page) in sources.pages.iter().enumerate() {
            page.check()?;
            let unique = sources.pages[..index].iter().all(|other| other.file != page.file);
            ensure!(unique, "expected every page in a file of its own, found {} twice", page.file);
        }
        Ok(sources)
    }

    /// The list as it is stored.
    pub(crate) fn to_text(&self) -> Result<String> {
        let head = "# The pages that openapi.json is made of. `cargo xtask regen --fetch` fetches them anew.\n\n";
        Ok(format!("{head}{}", toml::to_string(self)?))
    }
}

impl Page {
    /// Refuses what could only be a slip.
    fn check(&self) -> Result<()> {
        let Self { url, file, .. } = self;
        let web = url.starts_with("https://") || url.starts_with("http://");
        ensure!(web, "expected an http(s) address as url, found {url}");
        let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\']);
        ensure!(plain, "expected the name of a file beside this one as file, found {file}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;

    /// A list of one page.
    fn list() -> String {
        let digest = "0".repeat(64);
        format!(
            "[[page]]\nurl = \"https://a/b.md\"\nfile = \"b.md\"\nsha256 = \"{digest}\"\nfetched = \"2026-01-31\"\n"
        )
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let sources = Sources::parse(&list()).unwrap();
        let again = Sources::parse(&sources.to_text().unwrap()).unwrap();
        assert_eq!(sources.pages, again.pages);
        assert_eq!(again.pages[0].file, "b.md");
    }

    #[test]
    fn a_slip_is_an_error_that_says_where_or_what() {
        let table = [
            ("url =", "link =", "line 2, column 1: unknown field `link`"),
            ("[[page]]", "[[page]", "line 1, column 8"),
            ("https:", "ftp:", "found ftp://a/b.md"),
            ("\"b.md\"", "\"../b.md\"", "found ../b.md"),
            ("\"b.md\"", "\"/b.md\"", "found /b.md"),
        ];
        for (from, to, expected) in table {
            let text = list().replacen(from, to, 1);
            let error = format!("{:#}", Sources::parse(&text).expect_err(expected));
            assert!(error.contains(expected), "expected {expected:?}, found {error:?}");
        }
        assert!(Sources::parse(&list().repeat(2)).is_err(), "a file twice");
        assert!(Sources::parse("page = []").is_err(), "no page");
    }
}
