//! Applies any text as an overlay to the document of this crate.
#![no_main]

use std::sync::LazyLock;

static DOCUMENT: LazyLock<serde_json::Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../openapi.json")).expect("openapi.json is JSON")
});

libfuzzer_sys::fuzz_target!(|text: &str| xtask::promises::of_overlay(text, &DOCUMENT));
