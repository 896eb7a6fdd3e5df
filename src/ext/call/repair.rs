//! Mends what browsers mend in a body. JavaScript cuts an emoji in two and sends the halves, which
//! are no characters: that must not cost the whole answer. Nothing else becomes lenient.

use bytes::Bytes;

/// U+FFFD in place of half of a surrogate pair and of a control character in a text; without a byte
/// order mark before, and NULs behind. Most bodies are returned as they are.
pub(super) fn repair(body: Bytes) -> Bytes {
    let trimmed = trim(&body);
    // Few bodies need a closer look. One pass without an early end is one of vector instructions.
    let is_odd = |byte: &u8| u8::from(*byte < b' ') | u8::from(*byte == b'\\');
    let odd = trimmed.iter().fold(0, |odd, byte| odd | is_odd(byte));
    if odd != 0
        && let Some(mended) = mend(trimmed)
    {
        return mended.into();
    }
    if trimmed.len() == body.len() { body } else { body.slice_ref(trimmed) }
}

fn trim(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &body[..end]
}

/// `None` if there is nothing to mend.
fn mend(body: &[u8]) -> Option<Vec<u8>> {
    let (mut mended, mut kept) = (Vec::new(), 0);
    let (mut at, mut is_in_text) = (0, false);
    while let Some(byte) = body.get(at) {
        let (length, is_odd) = match byte {
            b'\\' if is_in_text => escape(&body[at..]),
            byte => (1, is_in_text && *byte < b' '),
        };
        is_in_text ^= *byte == b'"';
        if is_odd {
            mended.extend_from_slice(&body[kept..at]);
            mended.extend_from_slice("\u{fffd}".as_bytes());
            kept = at + length;
        }
        at += length;
    }
    (kept > 0).then(|| {
        mended.extend_from_slice(&body[kept.min(body.len())..]);
        mended
    })
}

/// The length of an escape, of a whole pair if it is one, and whether it is half of a pair.
fn escape(text: &[u8]) -> (usize, bool) {
    match unit(text) {
        None => (2, false),
        Some(0xd800..0xdc00) => match unit(&text[6..]) {
            Some(0xdc00..0xe000) => (12, false),
            _ => (6, true),
        },
        Some(0xdc00..0xe000) => (6, true),
        Some(_) => (6, false),
    }
}

/// The UTF-16 unit of an escape such as `\ud83d`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = str::from_utf8(text.get(..6)?.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ext::any_text::{any_text, for_many_seeds};

    #[test]
    fn what_browsers_mend_is_mended_and_nothing_else() {
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
            // As broken as before.
            (r#"{"a":"\u12"#, r#"{"a":"\u12"#),
            (r#"{"a":"\"#, r#"{"a":"\"#),
            (r#"{"a":"\u+123"}"#, r#"{"a":"\u+123"}"#),
            ("{\u{1}}", "{\u{1}}"),
        ];
        for (body, expected) in cases {
            let mended = repair(Bytes::from_static(body.as_bytes()));
            assert_eq!(str::from_utf8(&mended).unwrap(), expected, "{body}");
            assert_eq!(repair(mended.clone()), mended, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_json_is_not_changed_in_what_it_says() {
        let pieces = ["\"", "\\", "\\ud83d", "\\ude00", "\\n", "\n", "{", "}", ":", "1", "é", "u"];
        for_many_seeds(|rng| {
            let text = any_text(rng, &pieces, 12);
            let read = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body);
            let mended = repair(Bytes::from(text.clone()));
            if let Ok(value) = read(text.as_bytes()) {
                assert_eq!(read(&mended).unwrap(), value, "{text}");
            }
        });
    }
}
