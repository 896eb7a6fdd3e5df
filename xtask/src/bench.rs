//! The time and the memory that regen takes: `cargo run --release --package xtask -- bench-regen`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::regen::pipeline::{Input, build};
use crate::regen::{self, Options};

/// How many operations the synthetic document has.
const OPERATIONS: usize = 500;
/// How many schemas it has.
const SCHEMAS: usize = 2000;
/// How often the small measurement is repeated; the best counts.
const RUNS: usize = 10;

/// Measures both documents and prints the figures.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let options = Options {
        root: root.to_owned(),
        check: true,
        fetch: false,
        from: Vec::new(),
        overlay: None,
        out: None,
    };
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        best = best.min(timed(|| regen::run(&options).map(drop))?);
    }
    println!("stored pages: {best:.1?}, peak memory {}", peak_memory());
    let text = format!("{:#}", synthetic());
    let bytes = text.len();
    let input = Input { name: "synthetic.json".to_owned(), url: None, file: None, text };
    let time = timed(|| build(&[input], None).map(drop))?;
    println!(
        "synthetic, {OPERATIONS} operations and {SCHEMAS} schemas in {bytes} bytes: {time:.1?}, peak memory {}",
        peak_memory()
    );
    Ok(ExitCode::SUCCESS)
}

/// How long something takes.
#[expect(clippy::disallowed_methods, reason = "to measure time is all that this is for")]
fn timed(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed())
}

/// The most memory that this process has had, where the system tells.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |value| value.trim().to_owned())
}

/// A document of OpenAPI 3.1 like those of the vendor, only larger: half of the successes are
/// samples.
fn synthetic() -> Value {
    let schemas: Map<String, Value> =
        (0..SCHEMAS).map(|index| (format!("Schema{index}"), schema(index))).collect();
    let paths: Map<String, Value> =
        (0..OPERATIONS).map(|index| (format!("/v1/things{index}/{{id}}"), path(index))).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Synthetic", "version": "1.0.0" },
        "servers": [{ "url": "https://example.com" }],
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// A schema that refers to its neighbour.
fn schema(index: usize) -> Value {
    let next = format!("#/components/schemas/Schema{}", (index + 1) % SCHEMAS);
    json!({
        "type": "object",
        "additionalProperties": {},
        "properties": {
            "id": { "type": "string", "description": format!("Id of the thing {index}.") },
            "name": { "type": ["string", "null"] },
            "count": { "type": ["integer", "null"] },
            "at": { "type": ["string", "null"], "format": "date-time" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "next": { "oneOf": [{ "$ref": next }, { "type": "null" }] },
        },
    })
}

/// One operation with a parameter, a success and two errors.
fn path(index: usize) -> Value {
    let reference =
        json!({ "$ref": format!("#/components/schemas/Schema{}", index * 4 % SCHEMAS) });
    let sample = json!({ "id": "a", "name": null, "count": index, "inner": { "list": [{ format!("field{index}"): true }] } });
    let success = if index.is_multiple_of(2) {
        json!({ "schema": reference, "example": { "id": "a", "next": { "name": null, "tags": ["b"] } } })
    } else {
        json!({ "example": sample })
    };
    let error = json!({ "schema": { "type": "object", "properties": { "error": { "type": "string" } } }, "example": { "error": "E" } });
    let answer =
        |media: &Value| json!({ "description": "D", "content": { "application/json": media } });
    json!({ "get": {
        "operationId": format!("get-things-{index}"),
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" }, "example": "1" }],
        "responses": { "200": answer(&success), "400": answer(&error), "429": answer(&error) },
    } })
}
