//! From the received bytes to the type.

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

/// Decodings that are timed together.
const TIMES: usize = 1_000;
const ROUNDS: usize = 201;

type Decode = fn(&[u8]);

/// A body, and how it is decoded: by this crate, as a `Value`, into a hand-written struct.
pub(crate) struct Case {
    name: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) ways: [Decode; 3],
}

pub(crate) fn run() -> Outcome {
    let mut table = String::from(
        "| body | bytes | ours | `serde_json::Value` | hand-written | ours over hand-written (≤ 1.20) | ours over `Value` (≤ 0.85) |\n|---|---|---|---|---|---|---|\n",
    );
    for Case { name, body, ways } in cases() {
        let times = Rounds::run(ROUNDS, ways.len(), |who| {
            for _ in 0..TIMES {
                ways[who](black_box(&body));
            }
        });
        let micros = |who| times.median(who).as_secs_f64() * 1e6 / TIMES as f64;
        writeln!(
            table,
            "| {name} | {} | {:.2} µs | {:.2} µs | {:.2} µs | {} | {} |",
            body.len(),
            micros(0),
            micros(1),
            micros(2),
            goal(times.ratio(0, 2), ..=1.20),
            goal(times.ratio(0, 1), ..=0.85),
        )?;
    }
    page::write("decode", &table)
}

pub(crate) fn cases() -> [Case; 3] {
    let number: [Decode; 3] =
        [decode::<types::Number>, decode::<Value>, decode::<hand_written::Number>];
    let error: [Decode; 3] =
        [decode::<types::ApiError>, decode::<Value>, decode::<hand_written::ApiError>];
    let refusal =
        json!({ "error": "This key is scoped to one number", "code": "NUMBER_SCOPE_NOT_ALLOWED" });
    [
        Case { name: "documented example", body: EXAMPLE.to_vec(), ways: number },
        Case { name: "with 200 more fields", body: superset(), ways: number },
        Case { name: "error", body: refusal.to_string().into(), ways: error },
    ]
}

/// The example with fields that nobody knows yet.
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
