//! What a user's build costs, beside the same program written by hand: `cargo xtask build-cost`.

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "to measure is all that this is for, and its figures are small"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

const PAGE: &str = "docs/measured/performance.md";
const BEGIN: &str = "<!-- build -->\n";
const END: &str = "<!-- /build -->";

const OURS: Program = Program {
    name: "ours",
    dependencies: "pilot-status = { path = ROOT }\n",
    main: r#"use pilot_status::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), pilot_status::Error> {
    let client = Client::from_env()?;
    let number = client.number("num_1").get().await?;
    println!("{} {:?}", number.id, number.quality());
    Ok(())
}
"#,
};

const BY_HAND: Program = Program {
    name: "by-hand",
    dependencies: "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls\"] }\nserde = { version = \"1\", features = [\"derive\"] }\n",
    main: r#"#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health { quality_rating: Option<String> }
#[derive(serde::Deserialize)]
struct Number { id: String, health: Option<Health> }

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let http = reqwest::Client::new();
    let request = http.get("https://pilotstatus.com.br/v1/numbers/num_1");
    let answer = request.header("x-api-key", std::env::var("PILOT_STATUS_API_KEY")?).send().await?;
    let number: Number = answer.error_for_status()?.json().await?;
    println!("{} {:?}", number.id, number.health.and_then(|h| h.quality_rating));
    Ok(())
}
"#,
};

/// Measures both programs and both rebuilds, and writes the part `build` of the page.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let root = root.canonicalize()?;
    let (ours, by_hand) = (OURS.build(&root)?, BY_HAND.build(&root)?);
    let code =
        Rebuild::after(&root, "src/ext/mod.rs", |text| format!("{text}\nconst _: () = ();\n"))?;
    let retitle = |text: &str| text.replacen("\"title\": \"", "\"title\": \"New ", 1);
    let document = Rebuild::after(&root, "openapi.json", retitle)?;
    ensure!(document.generated, "openapi.json was changed, and the client was not generated anew");
    let table = table(&ours, &by_hand, &code, &document);
    print!("{table}");
    let file = root.join(PAGE);
    let page = fs::read_to_string(&file)?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no part `build`")?;
    let (_, after) = rest.split_once(END).context("the part `build` has no end")?;
    fs::write(file, format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(ExitCode::SUCCESS)
}

/// A program of some ten lines.
struct Program {
    name: &'static str,
    dependencies: &'static str,
    main: &'static str,
}

/// What a cold release build took.
struct Built {
    cpu: Duration,
    wall: Duration,
    crates: usize,
    bytes: u64,
}

impl Program {
    /// Builds it in an empty folder, with the versions of this repository.
    fn build(&self, root: &Path) -> Result<Built> {
        let folder = TempDir::new()?;
        let path = |file: &str| folder.path().join(file);
        let dependencies =
            self.dependencies.replace("ROOT", &format!("{:?}", root.display().to_string()));
        let manifest = format!(
            "[package]\nname = {:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\n[workspace]\n",
            self.name
        );
        fs::write(path("Cargo.toml"), manifest)?;
        fs::copy(root.join("Cargo.lock"), path("Cargo.lock"))?;
        fs::create_dir(path("src"))?;
        fs::write(path("src/main.rs"), self.main)?;
        let (start, before) = (Instant::now(), children_cpu()?);
        let output = cargo(folder.path())
            .args(["build", "--release"])
            .env("CARGO_TARGET_DIR", path("target"))
            .output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {text}", self.name);
        let binary = fs::metadata(path("target/release").join(self.name))?;
        Ok(Built {
            cpu: children_cpu()?.saturating_sub(before),
            wall: start.elapsed(),
            crates: text.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count(),
            bytes: binary.len(),
        })
    }
}

/// What a build takes after one file was changed.
struct Rebuild {
    wall: Duration,
    /// Whether the client was generated anew.
    generated: bool,
}

impl Rebuild {
    fn after(root: &Path, file: &str, change: impl Fn(&str) -> String) -> Result<Self> {
        let client = build(root)?;
        let before = modified(&client)?;
        let _restored = Changed::new(root.join(file), change)?;
        let start = Instant::now();
        let client = build(root)?;
        Ok(Self { wall: start.elapsed(), generated: modified(&client)? != before })
    }
}

/// A file that has another text until this is dropped.
struct Changed {
    file: PathBuf,
    text: String,
}

impl Changed {
    fn new(file: PathBuf, change: impl Fn(&str) -> String) -> Result<Self> {
        let text = fs::read_to_string(&file)?;
        let changed = change(&text);
        ensure!(changed != text, "{}: there is nothing to change", file.display());
        fs::write(&file, changed)?;
        Ok(Self { file, text })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Err(e) = fs::write(&self.file, &self.text) {
            eprintln!("{}: restore it by git: {e}", self.file.display());
        }
    }
}

/// Builds the library as a maintainer does; gives the generated client.
fn build(root: &Path) -> Result<PathBuf> {
    let arguments = ["build", "--package", "pilot-status", "--message-format", "json"];
    let output = cargo(root).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout)?;
    let ours = |message: &Value| {
        let package = message["package_id"].as_str()?;
        let folder = message["out_dir"].as_str()?;
        package.contains("pilot-status").then(|| Path::new(folder).join("client.rs"))
    };
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    messages.find_map(|message| ours(&message)).context("no build script of this crate")
}

fn modified(file: &Path) -> Result<SystemTime> {
    Ok(fs::metadata(file)?.modified()?)
}

/// Cargo, without what the cargo that runs this has set.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    let set_by_cargo =
        |name: &str| name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST");
    for (name, _) in std::env::vars().filter(|(name, _)| set_by_cargo(name)) {
        cargo.env_remove(name);
    }
    cargo.current_dir(folder);
    cargo
}

/// The processor time of all children so far (Linux: fields 16 and 17 of /proc/self/stat, in
/// hundredths of a second).
fn children_cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").context("only Linux tells it")?;
    let (_, fields) = stat.rsplit_once(") ").context("/proc/self/stat")?;
    let fields: Vec<_> = fields.split(' ').collect();
    let ticks: u64 = fields[13].parse::<u64>()? + fields[14].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn table(ours: &Built, by_hand: &Built, code: &Rebuild, document: &Rebuild) -> String {
    let goal = |figure: f64, most: f64| {
        format!("{figure:.2}{}", if figure <= most { "" } else { " **missed**" })
    };
    let row = |built: &Built| {
        let Built { cpu, wall, crates, bytes } = built;
        format!(
            "{:.0} s | {:.0} s | {crates} | {:.2} MB",
            cpu.as_secs_f64(),
            wall.as_secs_f64(),
            *bytes as f64 / 1e6
        )
    };
    let ratio = |ours: f64, by_hand: f64, most| goal(ours / by_hand, most);
    format!(
        "| cold release build | CPU | wall | crates compiled | binary |\n|---|---|---|---|---|\n| ours | {} |\n| by hand | {} |\n| ratio | {} (≤ 1.25) | {:.2} | {:.2} | {} (≤ 1.10) |\n\n| rebuild (dev) after a change in | takes | progenitor runs |\n|---|---|---|\n| `src/ext` | {} s (≤ 3) | {} |\n| `openapi.json` | {:.1} s | {} |\n",
        row(ours),
        row(by_hand),
        ratio(ours.cpu.as_secs_f64(), by_hand.cpu.as_secs_f64(), 1.25),
        ours.wall.as_secs_f64() / by_hand.wall.as_secs_f64(),
        ours.crates as f64 / by_hand.crates as f64,
        ratio(ours.bytes as f64, by_hand.bytes as f64, 1.10),
        goal(code.wall.as_secs_f64(), 3.0),
        yes(code.generated),
        document.wall.as_secs_f64(),
        yes(document.generated),
    )
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
