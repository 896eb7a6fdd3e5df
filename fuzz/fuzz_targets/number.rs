//! Any bytes as a number.
#![no_main]

#[path = "../../tests/suite/promise.rs"]
mod promise;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    promise::of_number(body);
    pilot_status::promise_of_decode_error(body);
});
