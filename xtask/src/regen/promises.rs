//! What the stages promise of any input, for the tests and for `fuzz/`.

use serde_json::Value;

use super::overlay::Overlay;
use super::{downgrade, page, yaml};

/// A page gives documents that stand on its lines, or an error.
///
/// # Panics
/// If that does not hold.
pub fn of_page(text: &str) {
    let lines = text.lines().count();
    for document in page::extract(text).unwrap_or_default() {
        assert!((1..=lines).contains(&document.line), "line {} of {lines}", document.line);
    }
    let _ = yaml::parse::<Value>(text);
}

/// An overlay that is read says what it does to a document, or an error; what it does not change it
/// calls needless.
///
/// # Panics
/// If that does not hold.
pub fn of_overlay(text: &str, document: &Value) {
    let Ok(overlay) = Overlay::parse(text) else {
        return;
    };
    if let Ok((changed, needless)) = overlay.apply(document.clone()) {
        let again = overlay.apply(document.clone()).expect("it was applied before");
        assert_eq!((&changed, &needless), (&again.0, &again.1));
    }
}

/// What was converted to 3.0 is 3.0, and stays as it is.
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
