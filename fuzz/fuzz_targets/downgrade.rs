//! Any JSON as a document of OpenAPI 3.1.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    if let Ok(document) = serde_json::from_slice(text) {
        xtask::promises::of_downgrade(&document);
    }
});
