//! Generated and damaged input, through every stage that reads from outside.

use fastrand::Rng;
use serde_json::{Value, json};

use super::{check, downgrade, lenient, overlay::Overlay, page};

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

/// Replaces a value somewhere in a document.
fn replace(random: &mut Rng, value: &mut Value) {
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    match random.choice(inner) {
        Some(inner) if random.u8(..) > 20 => replace(random, inner),
        _ => *value = random.choice([json!(null), json!(7), json!("null"), json!([{}])]).unwrap(),
    }
}

#[test]
fn damaged_text_is_read_or_an_error() {
    let document = page::extract(PAGE).unwrap().document;
    with_seeds(|random| {
        if let Ok(page) = page::extract(&damaged(random, PAGE)) {
            assert!(page.document.get("openapi").is_some());
        }
        let overlay = Overlay::parse(&damaged(random, OVERLAY));
        let _ = overlay.and_then(|overlay| overlay.apply(document.clone()));
    });
}

#[test]
fn damaged_document_is_converted_or_an_error() {
    let document = page::extract(PAGE).unwrap().document;
    let (document, _) = Overlay::parse(OVERLAY).unwrap().apply(document).unwrap();
    let mut converted = 0;
    with_seeds(|random| {
        let mut document = document.clone();
        replace(random, &mut document);
        let _ = check::check(&document);
        if let Ok(document) = downgrade::downgrade(&document) {
            assert_eq!(downgrade::downgrade(&document).unwrap(), document);
            lenient::relax(document);
            converted += 1;
        }
    });
    assert!(converted > 50, "{converted}");
}
