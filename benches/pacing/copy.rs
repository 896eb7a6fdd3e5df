//! A copy of the pacer and of its simulation, as a crate in which one constant has another value.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PACER: &str = "src/ext/pacing";
const SIMULATION: &str = "benches/pacing";
/// The modules that are copied, each with where it is.
const MODULES: [(&str, &str); 14] = [
    (PACER, "hold"),
    (PACER, "pacer"),
    (PACER, "queue"),
    (PACER, "quota"),
    (PACER, "rate"),
    (PACER, "under_way"),
    (SIMULATION, "answer"),
    (SIMULATION, "best"),
    (SIMULATION, "figures"),
    (SIMULATION, "limiter"),
    (SIMULATION, "outcome"),
    (SIMULATION, "row"),
    (SIMULATION, "setting"),
    (SIMULATION, "sim"),
];
const MANIFEST: &str = "\
[package]
name = \"ablation\"
edition = \"2024\"

[dependencies]
fastrand = \"2.5\"

[workspace]
";
const MAIN: &str = "
fn main() {
    let name = std::env::args().nth(1);
    for play in figures::PLAYS.iter().filter(|play| Some(play.name) == name.as_deref()) {
        println!(\"{}\", figures::figures(play));
    }
}
";

/// What the copy prints for a play, with one line of a module replaced by another.
pub(crate) fn run(
    play: &str,
    module: &str,
    line: &str,
    instead: &str,
) -> Result<String, Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ablation");
    write(&directory)?;
    replace(&source(&directory, module), line, instead)?;
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--release", "--offline", "--quiet", "--target-dir", "target", "--", play])
        .current_dir(directory)
        .stderr(Stdio::inherit())
        .output()?;
    let printed = String::from_utf8(output.stdout)?.trim().to_owned();
    if !output.status.success() || printed.is_empty() {
        return Err(format!("`{instead}`: the copy ended with {}", output.status).into());
    }
    Ok(printed)
}

fn write(directory: &Path) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("Cargo.toml"), MANIFEST)?;
    let mut main = "#![allow(dead_code)]\n".to_owned();
    for (place, module) in MODULES {
        let file = root.join(place).join(module).with_extension("rs");
        // Written anew, unlike a copy of the file, it is newer than what was built before.
        fs::write(source(directory, module), fs::read(file)?)?;
        main += &format!("mod {module};\n");
    }
    fs::write(source(directory, "main"), main + MAIN)
}

fn replace(file: &Path, line: &str, instead: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let found = text.lines().filter(|other| *other == line).count();
    if found != 1 {
        return Err(format!("`{line}` is there {found} times, and is to be there once").into());
    }
    Ok(fs::write(file, text.replacen(line, instead, 1))?)
}

fn source(directory: &Path, module: &str) -> PathBuf {
    directory.join("src").join(module).with_extension("rs")
}
