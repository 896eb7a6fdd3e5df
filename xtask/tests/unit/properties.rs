//! Generated and damaged input, through every stage that reads from outside.

use proptest::prelude::*;
use serde_json::Value;

use super::{downgrade, overlay::Overlay, page};

const PAGE: &str = include_str!("../fixture/page.md");
const OVERLAY: &str = include_str!("../fixture/overlay.yaml");

/// A text with some characters replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0..40_usize, ".{0,6}").prop_map(|(at, length, damage)| {
        let mut chars: Vec<char> = text.chars().collect();
        let start = at.index(chars.len());
        let end = (start + length).min(chars.len());
        chars.splice(start..end, damage.chars());
        chars.into_iter().collect()
    })
}

const KEYS: &str = "openapi paths /a get responses 200 schema type oneOf $ref properties x-a";

fn json() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(&["3.1.0", "string", "null", "#/paths", "#"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        texts.prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let keys = prop::sample::select(KEYS.split(' ').collect::<Vec<_>>());
        let fields = prop::collection::vec((keys, inner.clone()), 0..4);
        let object = fields.prop_map(|fields| fields.into_iter().collect::<Value>());
        prop_oneof![prop::collection::vec(inner, 0..3).prop_map(Value::from), object]
    })
}

proptest! {
    #[test]
    fn damaged_page_is_a_document_or_an_error(text in damaged(PAGE)) {
        if let Ok(page) = page::extract(&text) {
            assert!(page.document.get("openapi").is_some());
        }
    }

    #[test]
    fn damaged_overlay_is_applied_or_an_error(text in damaged(OVERLAY)) {
        let document = page::extract(PAGE).unwrap().document;
        let _ = Overlay::parse(&text).and_then(|overlay| overlay.apply(document));
    }

    #[test]
    fn downgrade_of_any_document_is_idempotent(document in json()) {
        if let Ok(converted) = downgrade::downgrade(&document) {
            assert_eq!(converted["openapi"], "3.0.3");
            assert_eq!(downgrade::downgrade(&converted).unwrap(), converted);
        }
    }
}
