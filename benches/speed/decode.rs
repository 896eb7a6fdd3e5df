//! Decoding: from the received bytes to the type.

use std::{fmt::Write as _, hint::black_box};

use pilot_status::types;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    Outcome, hand_written,
    measure::Rounds,
    page::{self, goal},
    server::EXAMPLE,
};

/// Bytes of bodies that are timed together.
const BYTES: usize = 1_000_000;
const ROUNDS: usize = 201;

type Decode = fn(&[u8]);

/// A body, and the ways to decode it: by this crate, as a `Value`, and into a hand-written struct.
/// The last is absent if the struct cannot hold the body.
pub(crate) struct Case {
    name: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) ways: Vec<Decode>,
    /// The goals for the ratios to the hand-written struct, if there is one, and to `Value`.
    most: (Option<f64>, f64),
}

pub(crate) fn run() -> Outcome {
    let mut table = String::from(
        "| body | bytes | ours | `serde_json::Value` | hand-written | ours over hand-written | ours over `Value` |\n|---|---|---|---|---|---|---|\n",
    );
    for Case { name, body, ways, most } in cases() {
        let repeat = (BYTES / body.len()).max(1);
        let times = Rounds::run(ROUNDS, ways.len(), |contender| {
            for _ in 0..repeat {
                ways[contender](black_box(&body));
            }
        });
        let micros = |contender| times.median(contender).as_secs_f64() * 1e6 / repeat as f64;
        let within =
            |contender, most| format!("{} (≤ {most})", goal(times.ratio(0, contender), most));
        let (hand_written, over_hand_written) = match most.0 {
            _ if ways.len() < 3 => ("fails".to_owned(), "–".to_owned()),
            Some(most) => (format!("{:.2} µs", micros(2)), within(2, most)),
            None => (format!("{:.2} µs", micros(2)), format!("{:.3}", times.ratio(0, 2))),
        };
        writeln!(
            table,
            "| {name} | {} | {:.2} µs | {:.2} µs | {hand_written} | {over_hand_written} | {} |",
            body.len(),
            micros(0),
            micros(1),
            within(1, most.1),
        )?;
    }
    page::write("decode", &table)
}

pub(crate) fn cases() -> [Case; 3] {
    let number: [Decode; 3] =
        [decode::<types::Number>, decode::<Value>, decode::<hand_written::Number>];
    let case = |name, body, ways: &[Decode], most| Case { name, body, ways: ways.to_vec(), most };
    [
        case("documented example", EXAMPLE.to_vec(), &number, (Some(1.05), 0.85)),
        case("with 200 more fields", superset(), &number, (None, 1.1)),
        case("with 1,000 malformed items of a list", malformed(), &number[..2], (None, 1.5)),
    ]
}

/// Returns the example with 1,000 websites that are objects instead of texts.
fn malformed() -> Vec<u8> {
    let mut number: Value = serde_json::from_slice(&EXAMPLE).expect("JSON");
    let websites = (0..1_000).map(|n| json!({ "url": format!("https://{n}.example") }));
    number["meta"]["profile"]["websites"] = websites.collect();
    number.to_string().into()
}

/// Returns the example with 200 fields that are not documented.
fn superset() -> Vec<u8> {
    let mut number: Value = serde_json::from_slice(&EXAMPLE).expect("JSON");
    for n in 0..200 {
        number[format!("field{n}")] = json!({ "value": n });
    }
    number.to_string().into()
}

fn decode<T: DeserializeOwned>(body: &[u8]) {
    let value: T = serde_json::from_slice(body).expect("the body fits");
    black_box(value);
}
