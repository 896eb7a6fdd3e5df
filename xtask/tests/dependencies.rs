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

/// The crates in the first column of the rows that have a reason in the second.
fn explained(section: &str) -> Vec<&str> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let rows = rows.filter(|(_, reason)| !reason.trim_matches([' ', '|', '-']).is_empty());
    rows.flat_map(|(crates, _)| crates.split([',', ' '])).collect()
}

#[test]
fn every_direct_dependency_has_a_reason_in_the_table_of_its_package() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let contributing = read("CONTRIBUTING.md");
    let (_, tables) = contributing.split_once("## Direct dependencies, and why").unwrap();
    let (tables, xtask) = tables.split_once("Of `xtask`").unwrap();
    let (tables, speed) = tables.split_once("Of `benches/speed`").unwrap();
    let (tables, pacing) = tables.split_once("Of `benches/pacing`").unwrap();
    let (tables, fleet) = tables.split_once("Of `examples/fleet`").unwrap();
    let (client, tests) = tables.split_once("Of `tests`").unwrap();
    for (manifest, table) in [
        ("Cargo.toml", client),
        ("tests/Cargo.toml", tests),
        ("examples/fleet/Cargo.toml", fleet),
        ("benches/pacing/Cargo.toml", pacing),
        ("benches/speed/Cargo.toml", speed),
        ("xtask/Cargo.toml", xtask),
    ] {
        let explained = explained(table);
        for dependency in dependencies(&read(manifest)) {
            let found =
                explained.contains(&dependency.as_str()) || dependency.starts_with("pilot-status");
            assert!(found, "{dependency} of {manifest} has no reason in CONTRIBUTING.md");
        }
    }
}
