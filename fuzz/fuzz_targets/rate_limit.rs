//! Reads any rate-limit header fields, one a line, in the order of `NAMES`.
#![no_main]

const NAMES: [&str; 9] = [
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "date",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|b| *b == b'\n');
    pilot_status::promise_of_rate_limit(&NAMES.into_iter().zip(lines).collect::<Vec<_>>());
});
