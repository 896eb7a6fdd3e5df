//! Reads any text as a page of the documentation.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| xtask::promises::of_page(text));
