//! Decodes any bytes as a number.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    support::promise::of_number(body);
    pilot_status::promise_of_decode_error(body);
});
