//! The one filter for text of a server. It is printed, and kept by a watch, only after it: an
//! unknown text may be a person's name, a phone number, a key, or an id that is new in each answer.

use chrono::{DateTime, NaiveDate};

/// Printed in place of text that does not pass the filter.
const WITHHELD: &str = "withheld";

/// Returns a text that is a plain code, such as `NUMBER_SCOPE_NOT_ALLOWED` or `131042`, or a date:
/// no sentence, key, phone number or markup.
pub(crate) fn plain(text: &str) -> Option<&str> {
    let is_part = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Codes of Meta have six digits; a phone number has more.
    let most = if digits == text.len() { 6 } else { 4 };
    let is_code = text.len() <= 64 && digits <= most && text.bytes().all(is_part);
    (!text.is_empty() && (is_code || is_date(text))).then_some(text)
}

/// As [`plain`], or a word that says that the text was withheld.
pub(crate) fn plain_or_withheld(text: &str) -> &str {
    plain(text).unwrap_or(WITHHELD)
}

/// Prints an id unchanged, or quoted and cut where it would mislead in a line of a log.
pub(crate) fn printable_id(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match id.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}…", &id[..end]),
        None if !id.is_empty() && id.chars().all(plain) => id.to_owned(),
        // Escapes all that is invisible: control characters, line separators, marks of direction.
        None => format!("{id:?}"),
    }
}

fn is_date(text: &str) -> bool {
    let is_day = text.len() == 10 && text.parse::<NaiveDate>().is_ok();
    // A fraction of a second has nine digits at most; a phone number has more.
    let is_short =
        text.is_ascii() && text.split(|c: char| !c.is_ascii_digit()).all(|d| d.len() < 10);
    is_day || (is_short && text.len() <= 35 && DateTime::parse_from_rfc3339(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_codes_and_dates_pass() {
        let longest = "A".repeat(64);
        let passes =
            ["A", "HTTP_403", "131042", "TIER_100K", "2026-01-01", "2026-01-01T00:00:00.000Z"];
        for text in passes.into_iter().chain([longest.as_str()]) {
            assert_eq!(plain(text), Some(text));
        }
        let too_long = "A".repeat(65);
        let refused = [
            "",
            "a",
            "ps_live_secret",
            "A B",
            "A-B",
            "5511999999999",
            "1310420",
            "A12345",
            "+5511999999999",
            "A\n",
            "A\u{2028}",
            "A\u{202e}",
            "Ä",
            "2026-13-01",
            "+10000-01-01",
            "551199-1-1",
            "2026-01-01T00:00:00.5511999999999Z",
        ];
        for text in refused.into_iter().chain([too_long.as_str()]) {
            assert_eq!(plain(text), None, "{text}");
            assert_eq!(plain_or_withheld(text), "withheld");
        }
    }

    #[test]
    fn invisible_characters_in_id_are_escaped() {
        let marks = ('\u{200e}'..='\u{200f}').chain('\u{2028}'..='\u{202e}');
        let marks = marks.chain('\u{2066}'..='\u{2069}').chain(['\0', '\n', '\u{1b}', '\u{9b}']);
        for mark in marks.chain(['\u{61c}', '\u{feff}']) {
            let printed = printable_id(&format!("num{mark}1"));
            assert!(printed.chars().all(|c| c.is_ascii_graphic()), "{printed:?}");
            let printed = printable_id(&mark.to_string().repeat(65));
            assert!(!printed.contains(mark), "{printed:?}");
        }
        assert_eq!(printable_id("num_1.a-B"), "num_1.a-B");
        assert_eq!(printable_id(""), "\"\"");
    }
}
