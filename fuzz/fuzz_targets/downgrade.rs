//! Downgrades any JSON, as if it were an OpenAPI 3.1 document.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    if let Ok(document) = serde_json::from_slice(text) {
        xtask::promises::of_downgrade(&document);
    }
});
