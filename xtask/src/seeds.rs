//! The inputs that fuzzing starts from, out of the files that the repository has.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;

/// Writes `fuzz/corpus/<target>/…` for every target of `fuzz/`.
pub(crate) fn write(root: &Path) -> Result<ExitCode> {
    let corpus = root.join("fuzz/corpus");
    let add = |target: &str, name: &str, bytes: &[u8]| -> Result<()> {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        let file = folder.join(name);
        fs::write(&file, bytes).with_context(|| file.display().to_string())
    };
    let document = fs::read(root.join(crate::regen::OUTPUT))?;
    add("downgrade", "openapi.json", &document)?;
    for (index, example) in examples(&serde_json::from_slice(&document)?).iter().enumerate() {
        add("number", &format!("{index}.json"), example.to_string().as_bytes())?;
    }
    add("overlay", "overlay.yaml", &fs::read(root.join("xtask/overlay.yaml"))?)?;
    for entry in fs::read_dir(root.join("xtask/upstream"))? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "md") {
            let name = entry.file_name().to_string_lossy().into_owned();
            add("page", &name, &fs::read(entry.path())?)?;
        }
    }
    let waits: [&[u8]; 3] = [
        b"\n{}\n7",
        b"\n{\"retryAfterSeconds\":1.5}\nsoon\n0.25",
        b"Sun, 06 Nov 1994 08:49:37 GMT\n{}\nSunday, 06-Nov-94 08:49:47 GMT\nSun Nov  6 08:49:57 1994",
    ];
    for (index, wait) in waits.iter().enumerate() {
        add("retry_after", &index.to_string(), wait)?;
    }
    println!("fuzz/corpus written");
    Ok(ExitCode::SUCCESS)
}

/// The examples of all answers.
fn examples(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("example").filter(|example| example.is_object());
            own.into_iter().chain(fields.values().flat_map(examples)).collect()
        }
        Value::Array(items) => items.iter().flat_map(examples).collect(),
        _ => Vec::new(),
    }
}
