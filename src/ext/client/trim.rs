//! Trims what env files, editors and pages leave at the ends of a copied value.

/// The value without blanks, line breaks, quotes and byte order marks at its ends. No key, id or
/// URL has them there.
pub(crate) fn trim(value: &str) -> &str {
    const MARKS: &str = "\"'“”‘’\u{feff}\u{200b}";
    value.trim_matches(|c: char| c.is_whitespace() || MARKS.contains(c))
}

/// The same of an owned value, which is copied only where it changes.
pub(crate) fn trimmed(value: String) -> String {
    match trim(&value) {
        part if part.len() == value.len() => value,
        part => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ends_of_a_value_are_trimmed() {
        let ends = ["", " ", "\t", "\r\n", "\"", "'", "\u{feff}", "\u{a0}", "”", "\u{feff}\" "];
        for value in ["a", "a b", "a\"b", "a\nb", "[::1]", "<a>", "\0"] {
            for (start, end) in ends.iter().flat_map(|start| ends.map(|end| (start, end))) {
                let text = format!("{start}{value}{end}");
                assert_eq!(trim(&text), value, "{text:?}");
                assert_eq!(trimmed(text), value);
            }
        }
        assert_eq!(trim(" \"\" \n"), "");
    }
}
