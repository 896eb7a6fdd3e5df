//! Limits the memory that decoding a body may take: a text of `[[],[],…` takes many times its
//! length.

/// Memory that one value of a JSON document may take, with its key, apart from the text itself.
const VALUE_BYTES: usize = 128;
/// What decoding may take, however low the limit is.
pub(super) const MIN_DECODE_BYTES: usize = 1024 * 1024;

/// Whether decoding a body takes no more memory than `limit` (or 1 MiB, if that is more).
/// `[[],[],[],…` takes many times its length.
pub(super) fn fits(body: &[u8], limit: usize) -> bool {
    let limit = limit.max(MIN_DECODE_BYTES);
    // No value is written in less than two bytes, so most bodies need no look.
    let short = body.len() / 2 <= limit / VALUE_BYTES;
    short || body.iter().filter(|b| matches!(b, b',' | b'[' | b'{')).count() <= limit / VALUE_BYTES
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_body_fits_unless_its_values_take_more_memory_than_the_limit() {
        const MIB: usize = 1024 * 1024;
        let text = format!(r#"{{"id":"{}"}}"#, "x".repeat(4 * MIB));
        let values = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        let cases = [
            ("", 1, true),
            (text.as_str(), 4 * MIB, true),
            (&values(8_192), 1, true),
            (&values(8_193), 1, false),
            (&values(8_193), MIB, false),
            (&values(32_768), 4 * MIB, true),
            (&values(32_769), 4 * MIB, false),
            (&"[".repeat(4 * MIB), 4 * MIB, false),
            (&"{".repeat(4 * MIB), 4 * MIB, false),
            (&values(32_769), usize::MAX, true),
        ];
        for (body, limit, fits) in cases {
            assert_eq!(super::fits(body.as_bytes(), limit), fits, "{} of {limit}", body.len());
        }
    }
}
