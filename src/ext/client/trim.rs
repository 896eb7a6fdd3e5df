//! Trims characters that env files, editors and web pages leave around a copied value.

/// Removes blanks, line breaks, quotes and byte order marks at both ends. No key, id or URL has
/// them there.
pub(crate) fn trim(value: &str) -> &str {
    const MARKS: &str = "\"'“”‘’\u{feff}\u{200b}";
    value.trim_matches(|c: char| c.is_whitespace() || MARKS.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_trimmed_only_at_its_ends() {
        let ends = ["", " ", "\t", "\r\n", "\"", "'", "\u{feff}", "\u{a0}", "”", "\u{feff}\" "];
        for value in ["a", "a b", "a\"b", "a\nb", "[::1]", "<a>", "\0"] {
            for (start, end) in ends.iter().flat_map(|start| ends.map(|end| (start, end))) {
                let text = format!("{start}{value}{end}");
                assert_eq!(trim(&text), value, "{text:?}");
            }
        }
        assert_eq!(trim(" \"\" \n"), "");
    }
}
