//! Promises of the stages about any input, for the tests and for `fuzz/`.

use serde_json::Value;

use super::overlay::Overlay;
use super::{downgrade, page, yaml};

/// A page gives a document, or an error of one line.
///
/// # Panics
/// If that does not hold.
pub fn of_page(text: &str) {
    match page::extract(text) {
        Ok(page) => assert!(page.document.get("openapi").is_some()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = yaml::parse::<Value>(text);
}

/// An overlay that is read gives a document, or an error, and the same each time.
///
/// # Panics
/// If that does not hold.
pub fn of_overlay(text: &str, document: &Value) {
    let Ok(overlay) = Overlay::parse(text) else { return };
    if let Ok(changed) = overlay.apply(document.clone()) {
        let again = overlay.apply(document.clone()).expect("it was applied before");
        assert_eq!(changed, again);
    }
}

/// A converted document is 3.0, and a second conversion leaves it unchanged.
///
/// # Panics
/// If that does not hold.
pub fn of_downgrade(document: &Value) {
    if let Ok(converted) = downgrade::downgrade(document) {
        assert_eq!(converted["openapi"], "3.0.3");
        let again = downgrade::downgrade(&converted);
        assert_eq!(again.expect("what was converted can be converted"), converted);
    }
}
