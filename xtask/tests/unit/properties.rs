//! Generated and damaged input, through every stage that reads from outside.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::{downgrade, overlay::Overlay, page};

const PAGE: &str = include_str!("../fixture/page.md");
const OVERLAY: &str = include_str!("../fixture/overlay.yaml");

/// Calls the test with 1,000 seeds. The last one printed is that of a failure.
#[expect(clippy::disallowed_methods, reason = "the seeds of a run are printed")]
fn with_seeds(mut test: impl FnMut(&mut Rng)) {
    let first = fastrand::u64(..1 << 32);
    for seed in first..first + 1_000 {
        println!("seed {seed}");
        test(&mut Rng::with_seed(seed));
    }
}

/// Returns a text with some characters replaced, by those that have a meaning or by any.
fn damaged(random: &mut Rng, text: &str) -> String {
    let marks: Vec<char> = "[]{}:,-'\"&*!|>#%@`?\\$.~0 \n\r\t\0".chars().collect();
    let mut chars: Vec<char> = text.chars().collect();
    let start = random.usize(..chars.len());
    let end = (start + random.usize(..40)).min(chars.len());
    let damage = (0..random.usize(..7)).map(|_| match random.choice(&marks) {
        Some(mark) if random.bool() => *mark,
        _ => random.char(..),
    });
    chars.splice(start..end, damage);
    chars.into_iter().collect()
}

const KEYS: [&str; 8] =
    ["type", "oneOf", "anyOf", "$ref", "properties", "items", "nullable", "x-a"];
const TEXTS: [&str; 5] = ["string", "null", "object", "#/components/schemas/A", "#"];

/// Returns a value with the words of a schema.
fn value(random: &mut Rng, depth: usize) -> Value {
    match random.usize(..if depth == 0 { 4 } else { 8 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 | 3 => random.choice(TEXTS).into(),
        4 => (0..random.usize(..3)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let mut fields = Map::new();
            for _ in 0..random.usize(..4) {
                let key = random.choice(KEYS).unwrap();
                fields.insert(key.to_owned(), value(random, depth - 1));
            }
            fields.into()
        }
    }
}

#[test]
fn damaged_page_is_a_document_or_an_error() {
    with_seeds(|random| {
        if let Ok(page) = page::extract(&damaged(random, PAGE)) {
            assert!(page.document.get("openapi").is_some());
        }
    });
}

#[test]
fn damaged_overlay_is_applied_or_an_error() {
    let document = page::extract(PAGE).unwrap().document;
    with_seeds(|random| {
        let overlay = Overlay::parse(&damaged(random, OVERLAY));
        let _ = overlay.and_then(|overlay| overlay.apply(document.clone()));
    });
}

#[test]
fn downgrade_of_any_schema_is_idempotent() {
    let mut converted = 0;
    with_seeds(|random| {
        let schema = value(random, 6);
        let document = json!({ "openapi": "3.1.0", "components": { "schemas": { "A": schema } } });
        if let Ok(document) = downgrade::downgrade(&document) {
            assert_eq!(document["openapi"], "3.0.3");
            assert_eq!(downgrade::downgrade(&document).unwrap(), document);
            converted += 1;
        }
    });
    assert!(converted > 50, "{converted}");
}
