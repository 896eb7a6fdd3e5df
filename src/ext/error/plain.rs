//! The filter for text from a server. Only text that passes is printed, or stored by a watch:
//! unknown text may be a name, a phone number, a key, or an id that is new in each response.

use chrono::{DateTime, NaiveDate};

/// Replaces text that does not pass the filter.
const WITHHELD: &str = "withheld";

/// Returns the text if it is a date or a plain code, such as `NUMBER_SCOPE_NOT_ALLOWED` or `131042`.
/// Sentences, keys, phone numbers and markup do not pass.
pub(crate) fn plain(text: &str) -> Option<&str> {
    let is_part = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Codes of Meta have six digits; a phone number has more.
    let most = if digits == text.len() { 6 } else { 4 };
    let is_code = text.len() <= 64 && digits <= most && text.bytes().all(is_part);
    (!text.is_empty() && (is_code || is_date(text))).then_some(text)
}

/// Returns the text if it is [`plain`], otherwise `withheld`.
pub(crate) fn plain_or_withheld(text: &str) -> &str {
    plain(text).unwrap_or(WITHHELD)
}

/// Returns an id unchanged if it is short and plain. Any other id is escaped, quoted and truncated,
/// because it could mislead in a log line.
pub(crate) fn printable_id(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match id.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}…", &id[..end]),
        None if !id.is_empty() && id.chars().all(plain) => id.to_owned(),
        // Debug formatting escapes all invisible characters, such as line separators and direction
        // marks.
        None => format!("{id:?}"),
    }
}

fn is_date(text: &str) -> bool {
    let is_day = text.len() == 10 && text.parse::<NaiveDate>().is_ok();
    // A fraction of a second has at most nine digits; a phone number has more.
    let is_short =
        text.is_ascii() && text.split(|c: char| !c.is_ascii_digit()).all(|d| d.len() < 10);
    is_day || (is_short && text.len() <= 35 && DateTime::parse_from_rfc3339(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_passes_only_codes_and_dates() {
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
