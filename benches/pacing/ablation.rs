//! What each constant of the pacer is for: what comes of other values.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use crate::{
    copy,
    figures::{self, FAR, FREED, FREED_LONG, NEAR, PLAIN, PLAYS, Play},
};

/// What [`measure`] wrote.
pub(crate) const TABLE: &str = include_str!("ablation.md");

const HEAD: &str = "| constant | played | as it is | less | more |\n|---|---|---|---|---|\n";

struct Constant {
    module: &'static str,
    name: &'static str,
    kind: &'static str,
    /// As it is, less and more.
    values: [&'static str; 3],
    play: Play,
}

const RATE: Constant =
    Constant { module: "rate", name: "", kind: "f64", values: ["0.5", "0.25", "1.0"], play: PLAIN };
const PACER: Constant = Constant { module: "pacer", kind: "Duration", ..RATE };
const CONSTANTS: [Constant; 9] = [
    Constant { name: "WEIGHT", values: ["0.7", "0.35", "1.0"], ..RATE },
    Constant { name: "DECREASE", ..RATE },
    Constant { name: "PLATEAU", ..RATE },
    Constant { name: "MAX_INCREASE", values: ["16.0", "8.0", "32.0"], play: FREED, ..RATE },
    Constant {
        module: "hold",
        name: "BACKOFF",
        kind: "f64",
        values: ["1.5", "1.0", "3.0"],
        ..PACER
    },
    Constant {
        name: "PACING_EXPIRY",
        values: ["Duration::from_secs(120)", "Duration::from_secs(60)", "Duration::from_secs(240)"],
        play: FREED_LONG,
        ..PACER
    },
    Constant {
        name: "MIN_PATIENCE",
        values: ["Duration::from_secs(1)", "Duration::from_millis(500)", "Duration::from_secs(2)"],
        play: NEAR,
        ..PACER
    },
    Constant { name: "PATIENCE", kind: "u32", values: ["4", "2", "8"], play: FAR, ..PACER },
    Constant {
        name: "STAGGER",
        values: [
            "Duration::from_millis(5)",
            "Duration::from_micros(2500)",
            "Duration::from_millis(10)",
        ],
        play: NEAR,
        ..PACER
    },
];

/// Plays each value in a copy of the simulation, and writes the table.
pub(crate) fn measure() -> Result<(), Box<dyn Error>> {
    let unchanged: BTreeMap<_, _> =
        PLAYS.iter().map(|play| (play.name, figures::figures(play))).collect();
    let mut table = HEAD.to_owned();
    for constant in &CONSTANTS {
        let as_it_is = unchanged.get(constant.play.name).ok_or("a play of no name")?;
        table += &line(constant, as_it_is)?;
    }
    print!("{table}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ablation.md");
    Ok(fs::write(file, table)?)
}

fn line(constant: &Constant, as_it_is: &str) -> Result<String, Box<dyn Error>> {
    let Constant { module, name, kind, values: [value, less, more], play } = constant;
    let code = |value| format!("const {name}: {kind} = {value};");
    let with = |other| copy::run(play.name, module, &code(*value), &code(other));
    let mut cells = format!("{}: {as_it_is}", shown(value));
    for other in [less, more] {
        cells += &format!(" | {}: {}", shown(other), with(other)?);
    }
    Ok(format!("| `{name}` | {} | {cells} |\n", play.name))
}

/// `Duration::from_secs(1)` as `1 s`.
fn shown(value: &str) -> String {
    let units = [("secs", "s"), ("millis", "ms"), ("micros", "µs")];
    let duration = units.iter().find_map(|(name, unit)| {
        let number = value.strip_prefix(&format!("Duration::from_{name}("))?.strip_suffix(')')?;
        Some(format!("{number} {unit}"))
    });
    duration.unwrap_or_else(|| value.to_owned())
}
