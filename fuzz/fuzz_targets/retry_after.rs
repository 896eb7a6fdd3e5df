//! Reads any `Date`, body and values of `Retry-After`, one a line.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let (date, body) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    pilot_status::promise_of_retry_after(&lines.collect::<Vec<_>>(), date, body);
});
