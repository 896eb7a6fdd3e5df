//! Trims characters that env files, editors and web pages leave around a copied value.

/// Removes blanks, line breaks, quotes and byte order marks at both ends. No key, id or URL has
/// them there.
pub(crate) fn trim(value: &str) -> &str {
    const MARKS: &str = "\"'“”‘’\u{feff}\u{200b}";
    value.trim_matches(|c: char| c.is_whitespace() || MARKS.contains(c))
}
