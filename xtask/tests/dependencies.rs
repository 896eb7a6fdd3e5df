//! Every direct dependency has its reason in CONTRIBUTING.md.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// The direct dependencies of a manifest, of every kind.
fn dependencies(manifest: &str) -> Vec<String> {
    let manifest: Table = manifest.parse().unwrap();
    let kinds = ["dependencies", "build-dependencies", "dev-dependencies"];
    let tables = kinds.iter().filter_map(|kind| manifest.get(*kind).and_then(Value::as_table));
    tables.flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn every_direct_dependency_has_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let contributing = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let (_, tables) = contributing.split_once("## Direct dependencies, and why").unwrap();
    for package in ["", "tests", "examples/fleet", "benches/pacing", "benches/speed", "xtask"] {
        // A row of another package begins with its name.
        let start = if package.is_empty() { "| ".to_owned() } else { format!("| `{package}` | ") };
        let rows = tables.lines().filter_map(|line| line.strip_prefix(&start)?.split_once(" | "));
        let crates: Vec<_> = rows.flat_map(|(crates, _)| crates.split([',', ' '])).collect();
        let manifest = fs::read_to_string(root.join(package).join("Cargo.toml")).unwrap();
        for dependency in dependencies(&manifest) {
            let found = crates.contains(&&*dependency) || dependency.starts_with("pilot-status");
            assert!(found, "{dependency} of `{package}` has no reason in CONTRIBUTING.md");
        }
    }
}
