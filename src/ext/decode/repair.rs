//! Repairs the errors in a JSON body that browsers tolerate. JavaScript splits an emoji and sends
//! half of a surrogate pair, and it accepts numbers beyond `f64`. Such a value must not cost the
//! whole response. Nothing else is tolerated, and only a body that fails to decode is repaired.

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Repairs a body that failed with this error, and decodes it again. Returns the repaired body and
/// its error if that fails too, or the original ones if there is nothing to repair.
pub(crate) fn decode<T: DeserializeOwned>(
    body: Bytes,
    error: serde_json::Error,
) -> Result<T, (Bytes, serde_json::Error)> {
    let Some(mended) = repair(&body) else { return Err((body, error)) };
    serde_json::from_slice(&mended).map_err(|error| (mended.into(), error))
}

/// Returns the repaired body, or `None` if there is nothing to repair. Half of a surrogate pair, or
/// a control character in a text, becomes U+FFFD. A number beyond `f64` becomes ±9e307. A byte
/// order mark at the start and NULs at the end are removed.
fn repair(body: &[u8]) -> Option<Vec<u8>> {
    let mended = mend(trim(body));
    (mended != body).then_some(mended)
}

fn trim(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &body[..end]
}

/// Number of digits of the smallest integer beyond `f64`.
const LARGE: usize = 309;

/// Repairs texts and numbers.
fn mend(mut body: &[u8]) -> Vec<u8> {
    let (mut mended, mut is_in_text) = (Vec::with_capacity(body.len()), false);
    while let Some(byte) = body.first() {
        let (length, replacement) = match byte {
            b'\\' if is_in_text => escape(body),
            b'-' | b'0'..=b'9' if !is_in_text => number(body),
            byte => (1, (is_in_text && *byte < b' ').then_some(NO_CHARACTER)),
        };
        is_in_text ^= *byte == b'"';
        let (piece, rest) = body.split_at(length.min(body.len()));
        mended.extend_from_slice(replacement.map_or(piece, str::as_bytes));
        body = rest;
    }
    mended
}

const NO_CHARACTER: &str = "\u{fffd}";

/// Returns the length of an escape, or of a whole surrogate pair, and the replacement for half of a
/// pair.
fn escape(text: &[u8]) -> (usize, Option<&'static str>) {
    match unit(text) {
        None => (2, None),
        Some(0xd800..0xdc00) => match unit(&text[6..]) {
            Some(0xdc00..0xe000) => (12, None),
            _ => (6, Some(NO_CHARACTER)),
        },
        Some(0xdc00..0xe000) => (6, Some(NO_CHARACTER)),
        Some(_) => (6, None),
    }
}

/// Returns the length of a number, and its replacement if it is beyond `f64`.
fn number(text: &[u8]) -> (usize, Option<&'static str>) {
    let is_part = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let length = text.iter().take_while(is_part).count();
    let may_be_large = length >= LARGE || text[..length].iter().any(|byte| byte | 0x20 == b'e');
    // No number is too large with feature `arbitrary_precision` of serde_json.
    let is_large = may_be_large
        && serde_json::from_slice::<IgnoredAny>(&text[..length]).is_ok()
        && serde_json::from_slice::<serde_json::Number>(&text[..length]).is_err();
    // The replacement is never longer than the number, so the body does not grow.
    (length, is_large.then_some(if text[0] == b'-' { "-9e307" } else { "9e307" }))
}

/// Parses the UTF-16 unit of an escape such as `\ud83d`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = str::from_utf8(text.get(..6)?.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ext::any_text::{any_text, for_many_seeds};

    fn repaired(body: &str) -> String {
        let mended = repair(body.as_bytes()).unwrap_or_else(|| body.into());
        String::from_utf8(mended).unwrap()
    }

    #[test]
    fn only_errors_tolerated_by_browsers_are_repaired() {
        let cases = [
            (r#"{"a":"\ud83d\ude00 \n \\"}"#, r#"{"a":"\ud83d\ude00 \n \\"}"#),
            (r#"{"a":"x\ud83d"}"#, "{\"a\":\"x\u{fffd}\"}"),
            (r#"{"a":"\ude00x"}"#, "{\"a\":\"\u{fffd}x\"}"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "{\"a\":\"\u{fffd}\\ud83d\\ude00\"}"),
            (r#"{"\ud83dk":"\\ud83d"}"#, "{\"\u{fffd}k\":\"\\\\ud83d\"}"),
            ("{\"a\":\"x\u{1}\ty\"}", "{\"a\":\"x\u{fffd}\u{fffd}y\"}"),
            ("{\n\t\"a\": \"\\\"\u{0}\"}", "{\n\t\"a\": \"\\\"\u{fffd}\"}"),
            ("\u{feff}{}", "{}"),
            ("{} \n\0\0", "{} \n"),
            ("\u{feff}", ""),
            ("", ""),
            ("\0", ""),
            ("1e400", "9e307"),
            ("[-1E+400, 0.1e0310,2e308 ]", "[-9e307, 9e307,9e307 ]"),
            (r#"{"a":1e400,"1e400":"1e400, 1e400"}"#, r#"{"a":9e307,"1e400":"1e400, 1e400"}"#),
            ("[1e308,1e-400,-1.5e3,123]", "[1e308,1e-400,-1.5e3,123]"),
            // Not repaired.
            ("[01e400]", "[01e400]"),
            ("[1e400e]", "[1e400e]"),
            ("[1.e400]", "[1.e400]"),
            ("[--1e400]", "[--1e400]"),
            (r#"{"a":"\u12"#, r#"{"a":"\u12"#),
            (r#"{"a":"\"#, r#"{"a":"\"#),
            (r#"{"a":"\u+123"}"#, r#"{"a":"\u+123"}"#),
            ("{\u{1}}", "{\u{1}}"),
        ];
        for (body, expected) in cases {
            let mended = repaired(body);
            assert_eq!(mended, expected, "{body}");
            assert_eq!(repair(mended.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn too_large_number_is_repaired_at_any_offset() {
        for place in 0..2 * LARGE {
            let text = |number: &str| format!("[{}{number}]", " ".repeat(place));
            for (digits, is_large) in [(LARGE - 1, false), (LARGE, true), (10_000, true)] {
                let body = text(&"9".repeat(digits));
                let expected = if is_large { text("9e307") } else { body.clone() };
                assert_eq!(repaired(&body), expected, "{digits} at {place}");
            }
            let exponent = text(&format!("{}e99", "9".repeat(250)));
            assert_eq!(repaired(&exponent), text("9e307"), "{place}");
        }
    }

    #[test]
    fn valid_json_keeps_its_value() {
        let pieces = [
            "\"", "\\", "\\ud83d", "\\ude00", "\\n", "\n", "{", "}", ":", "1", "é", "u", "e400",
            ",",
        ];
        for_many_seeds(|rng| {
            let text = any_text(rng, &pieces, 12);
            let read = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body);
            if let Ok(value) = read(text.as_bytes()) {
                assert_eq!(read(repaired(&text).as_bytes()).unwrap(), value, "{text}");
            }
        });
    }
}
