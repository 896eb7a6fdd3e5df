//! `cargo xtask regen` seen from outside, on a copy of a page and an overlay.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const PAGE: &str = "xtask/upstream/get-number-meta-details.md";
const OVERLAY: &str = "xtask/overlay.yaml";
const SOURCES: &str = "xtask/upstream/sources.toml";
const OUTPUT: &str = "openapi.json";

const PAGE_TEXT: &str = include_str!("fixture/page.md");
const OVERLAY_TEXT: &str = include_str!("fixture/overlay.yaml");

/// A repository that holds nothing but what `regen` reads.
struct Repository(TempDir);

impl Repository {
    /// Returns `None`, so that the test is skipped, if git is not installed.
    fn new() -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            eprintln!("skipped: git is not installed");
            return None;
        }
        let repository = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(repository.path("xtask/upstream")).unwrap();
        fs::write(repository.path(PAGE), PAGE_TEXT).unwrap();
        fs::write(repository.path(OVERLAY), OVERLAY_TEXT).unwrap();
        repository.list("https://example.com/page.md");
        repository.git(&["init"]);
        repository.commit();
        Some(repository)
    }

    /// A repository whose document is committed.
    fn with_document() -> Option<Self> {
        let repository = Self::new()?;
        assert_eq!(repository.outcome(&[]), SUCCESS);
        repository.commit();
        Some(repository)
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=n", "-c", "user.email=e@localhost"];
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).args(identity).args(arguments);
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--allow-empty", "-m", "commit"]);
    }

    /// Lists the page as published at an address.
    fn list(&self, url: &str) {
        let digest = Sha256::digest(PAGE_TEXT).into_iter();
        let digest = digest.fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let list = format!(
            "[[page]]\nurl = \"{url}\"\nfile = \"get-number-meta-details.md\"\nsha256 = \"{digest}\"\nfetched = \"2026-01-31\"\n"
        );
        fs::write(self.path(SOURCES), list).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }

    /// Runs `regen` and returns its exit code, its report and its messages.
    fn regen(&self, options: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let command = command.arg("regen").args(options).arg("--root").arg(self.0.path());
        let output = command.output().unwrap();
        let [report, message] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), report, message)
    }

    /// Runs `regen` and returns its exit code and its messages.
    fn outcome(&self, options: &[&str]) -> (Option<i32>, String) {
        let (code, _, message) = self.regen(options);
        (code, message)
    }

    /// Runs `regen` and returns its exit code and its report.
    fn report(&self, options: &[&str]) -> (Option<i32>, String) {
        let (code, report, _) = self.regen(options);
        (code, report)
    }

    /// The text of every file.
    fn state(&self) -> Vec<String> {
        [PAGE, OVERLAY, SOURCES, OUTPUT].map(|file| self.read(file)).into()
    }
}

const SUCCESS: (Option<i32>, String) = (Some(0), String::new());
const OK: &str = "200 OK";

#[test]
fn written_document_is_in_sync_and_stable() {
    let Some(repository) = Repository::new() else { return };
    assert_eq!(repository.outcome(&["--check"]).0, Some(1));
    assert!(!repository.path(OUTPUT).exists(), "--check wrote");
    assert_eq!(repository.outcome(&[]), SUCCESS);
    let first = repository.read(OUTPUT);
    assert!(first.starts_with("{\n  \"openapi\": \"3.0.3\",\n") && first.ends_with("}\n"));
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
    assert_eq!(repository.outcome(&[]), SUCCESS);
    assert_eq!(repository.read(OUTPUT), first);
    let files = fs::read_dir(repository.path(".")).unwrap();
    assert_eq!(files.count(), 3, "nothing is left beside the document and the sources");
}

#[test]
fn change_of_one_byte_is_drift() {
    let table = [
        (OUTPUT, "A number", "a number"),
        (OVERLAY, "name: { type: [string", "name: { type: [number"),
        (OVERLAY, "description: The page", "description: the page"),
    ];
    for (file, from, to) in table {
        let Some(repository) = Repository::with_document() else { return };
        repository.replace(file, from, to);
        let before = repository.read(OUTPUT);
        let (code, message) = repository.outcome(&["--check"]);
        assert_eq!(code, Some(1), "{to}: {message}");
        assert!(message.contains("run `cargo xtask regen`"), "{to}: {message}");
        assert_eq!(repository.read(OUTPUT), before, "{to}: --check wrote");
    }
}

#[test]
fn malformed_or_missing_source_is_named_and_writes_nothing() {
    let twice = "[[page]]\nurl = \"https://a\"\nfile = \"get-number-meta-details.md\"\n[[page]]";
    let table = [
        (PAGE, "", "", "error: xtask/upstream/get-number-meta-details.md: "),
        (SOURCES, "", "", "error: xtask/upstream/sources.toml: "),
        (PAGE, "info: {", "info: {{", "error: xtask/upstream/get-number-meta-details.md: "),
        (PAGE, "operationId", "operationid", "expected an operationId that can name a method"),
        (PAGE, "{ type: string }", "{ type: number }", "error: xtask/overlay.yaml: action `id-un"),
        (OVERLAY, "target", "targets", "error: xtask/overlay.yaml: "),
        (
            SOURCES,
            "url",
            "link",
            "sources.toml: TOML parse error at line 2, column 1: unknown field",
        ),
        (SOURCES, "[[page]]", "[[page]", "line 1, column 8"),
        (SOURCES, "file = \"", "file = \"../", "found ../get-number"),
        (SOURCES, "file = \"", "file = \"/", "found /get-number"),
        (SOURCES, "", "page = []", "expected at least one [[page]]"),
        (SOURCES, "[[page]]", twice, "found get-number-meta-details.md twice"),
        (
            SOURCES,
            "[[page]]",
            "[[page]]\nurl = \"https://a\"\nfile = \"new.md\"\n[[page]]",
            "error: xtask/upstream/new.md: not fetched yet: run `cargo xtask regen --fetch`",
        ),
    ];
    for (file, from, to, expected) in table {
        let Some(repository) = Repository::new() else { return };
        match (from, to) {
            ("", "") => fs::remove_file(repository.path(file)).unwrap(),
            ("", _) => fs::write(repository.path(file), to).unwrap(),
            _ => repository.replace(file, from, to),
        }
        for options in [&[][..], &["--check"]] {
            let (code, message) = repository.outcome(options);
            assert_eq!(code, Some(2), "{to:?} gave {message}");
            let is_noted = message.starts_with("note: xtask/upstream/get-number-meta-details.md: ");
            assert_eq!(is_noted, file == PAGE && !from.is_empty(), "{message}");
            let error = message.lines().last().unwrap();
            assert!(error.starts_with("error: ") && error.contains(expected), "{message}");
            assert!(!repository.path(OUTPUT).exists(), "{to:?} wrote");
        }
    }
}

#[test]
fn overlay_change_is_reported_alike_on_every_run() {
    let Some(repository) = Repository::with_document() else { return };
    let (name, new) =
        ("name: { type: [string", "more: { type: number }\n          name: { type: [boolean");
    repository.replace(OVERLAY, name, new);
    let place = "#/components/schemas/Number/properties";
    let expected = format!(
        "openapi.json:
- `{place}/name/type`: `\"string\"` → `\"boolean\"`
- `{place}/more`: new, `{{\"type\":\"number\",\"nullable\":true}}`
The Rust interface, breaking:
- `types::Number.name`: `Option<String>` → `Option<bool>`
The Rust interface, compatible:
- `types::Number.more`: new, `Option<f64>`
Breaking: minor step, 0.1.0 to 0.2.0.
"
    );
    let (code, report) = repository.report(&["--check"]);
    assert_eq!((code, report), (Some(1), expected.clone()));
    let (code, report) = repository.report(&[]);
    assert_eq!((code, report), (Some(0), format!("openapi.json written\n{expected}")));
    let in_sync = (Some(0), format!("openapi.json is in sync\n{expected}"));
    assert_eq!(repository.report(&[]), in_sync);
    assert_eq!(repository.report(&["--check"]), in_sync);
    repository.commit();
    assert_eq!(
        repository.report(&[]),
        (Some(0), "openapi.json is in sync\nNo change.\n".to_owned())
    );
}

#[test]
fn run_without_a_commit_to_compare_with_is_an_error() {
    let Some(repository) = Repository::with_document() else { return };
    fs::remove_dir_all(repository.path(".git")).unwrap();
    let (code, report, message) = repository.regen(&[]);
    assert_eq!((code, &*report), (Some(2), ""));
    assert!(message.starts_with("error: "), "{message}");
    assert!(message.contains("not a git repository"), "{message}");
}

#[test]
fn changed_prose_of_page_is_reported_by_line() {
    let Some(repository) = Repository::with_document() else { return };
    repository.replace(PAGE, "Some prose.", "Deprecated.\nAt most 1 refresh a minute.");
    let (_, report) = repository.report(&[]);
    let expected = format!(
        "openapi.json written
The text of the page:
- `{PAGE}, line 3`: no longer `\"Some prose.\"`
- `{PAGE}, line 3`: new, `\"Deprecated.\"`
- `{PAGE}, line 4`: new, `\"At most 1 refresh a minute.\"`
Words only (no code differs): patch step, 0.1.0 to 0.1.1.
"
    );
    assert_eq!(report, expected);
}

#[test]
fn stopped_fetch_keeps_page_and_shows_difference() {
    let Some(repository) = Repository::with_document() else { return };
    let new = PAGE_TEXT.replace("Some prose.", "Other prose.").replace("'200'", "'201'");
    repository.list(&server(&[(OK, "no document"), (OK, &new), (OK, PAGE_TEXT)]));
    let before = repository.state();
    let kept = "xtask/upstream/.staging";
    let staged = format!("{kept}/get-number-meta-details.md");
    let (code, message) = repository.outcome(&["--fetch"]);
    assert!(code == Some(2) && message.contains(&format!("{staged}: ")), "{message}");
    assert_eq!((message.lines().count(), repository.state()), (1, before.clone()), "{message}");
    let (code, report, message) = repository.regen(&["--fetch"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(report.starts_with("The page:\n- `#/paths/"), "{report}");
    assert!(report.contains("The text of the page:\n"), "{report}");
    let start = format!("error: the fetched pages are kept in {kept}: ");
    assert!(message.starts_with(&start), "{message}");
    assert_eq!(repository.read(&staged), new);
    assert_eq!(repository.state(), before);
    let ignored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.gitignore");
    fs::copy(ignored, repository.path(".gitignore")).unwrap();
    repository.git(&["check-ignore", "--quiet", kept]);
    assert_eq!(repository.outcome(&["--fetch"]), SUCCESS);
    assert!(!repository.path(kept).exists());
}

#[test]
fn trial_reports_the_change_and_writes_nothing() {
    let Some(repository) = Repository::with_document() else { return };
    let trial = repository.path("trial.md");
    fs::write(&trial, PAGE_TEXT.replace("operationId: get_numbers_id", "operationId: get_number"))
        .unwrap();
    let before = repository.state();
    let (code, report) = repository.report(&["--from", trial.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    let line = "- `#/paths/~1v1~1numbers~1{id}/get/operationId`: `\"get_numbers_id\"` → `\"get_number\"`\n";
    let expected = format!(
        "Tried: nothing is written.\nThe page:\n{line}openapi.json:\n{line}The Rust interface, breaking:\n"
    );
    assert!(report.starts_with(&expected), "{report}");
    assert!(report.contains("- `Client::get_numbers_id`: no longer `async fn"), "{report}");
    assert!(report.ends_with("Breaking: minor step, 0.1.0 to 0.2.0.\n"), "{report}");
    assert_eq!(repository.state(), before);

    let added = "replaces no stored page, and is added\n".to_owned();
    for (method, expected) in [("get:", format!("replaces {PAGE}\n")), ("patch:", added)] {
        fs::write(&trial, PAGE_TEXT.replace("get:", method)).unwrap();
        let (_, message) = repository.outcome(&["--from", trial.to_str().unwrap()]);
        let expected = format!("note: {}: {expected}", trial.display());
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn json_report_is_one_object_on_change_and_error() {
    let Some(repository) = Repository::with_document() else { return };
    let json = |options: &[&str]| {
        let (code, report, message) = repository.regen(&[options, &["--format", "json"]].concat());
        assert_eq!(message, "");
        (code, serde_json::from_str::<Value>(&report).unwrap())
    };
    repository.replace(OVERLAY, "name: { type: [string", "name: { type: [number");
    let step = json!({ "effect": "breaking", "kind": "minor", "from": "0.1.0", "to": "0.2.0" });
    let name =
        json!([{ "at": "types::Number.name", "from": "Option<String>", "to": "Option<f64>" }]);
    for (options, code, key, written) in
        [(&["--check"][..], 1, "drift", json!([])), (&[], 0, "done", json!([OUTPUT]))]
    {
        let (found, report) = json(options);
        assert!(report[key].is_string(), "{report}");
        assert_eq!((found, &report["written"]), (Some(code), &written));
        assert_eq!((&report["step"], &report["breaking"]), (&step, &name));
    }
    fs::write(repository.path(PAGE), "no document").unwrap();
    let (code, report) = json(&[]);
    assert_eq!((code, report["notes"].as_array().unwrap().len()), (Some(2), 1), "{report}");
    assert!(report["error"].as_str().unwrap().starts_with(&format!("{PAGE}: expected a fenced")));
}

#[test]
fn malformed_document_is_drift_or_a_note() {
    let Some(repository) = Repository::new() else { return };
    fs::write(repository.path(OUTPUT), "<<<<<<<").unwrap();
    repository.commit();
    let note = "note: openapi.json of the last commit: cannot be compared: ";
    let (code, message) = repository.outcome(&["--check"]);
    assert_eq!(code, Some(1));
    assert!(message.starts_with(note), "{message}");
    let (code, message) = repository.outcome(&[]);
    assert!(code == Some(0) && message.starts_with(note), "{message}");
    repository.commit();
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
}

/// A server that gives each of these responses once: a status with headers, and a body. Returns the
/// address of a page.
fn server(responses: &[(&str, &str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/page.md", listener.local_addr().unwrap());
    let response = |(head, body): &(&str, &str)| {
        let length = body.len();
        format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let responses: Vec<String> = responses.iter().map(response).collect();
    thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(response.as_bytes());
        }
    });
    address
}

#[test]
fn page_that_cannot_be_fetched_is_an_error() {
    let too_much = "a".repeat(8 * 1024 * 1024 + 1);
    let elsewhere = "302 Found\r\nlocation: http://localhost:1/x";
    for (response, expected) in [
        (("404 Not Found", ""), "expected the page, found the status 404"),
        ((elsewhere, ""), "found one to http://localhost:1/x"),
        ((OK, &*too_much), "expected at most 8388608 bytes"),
    ] {
        let Some(repository) = Repository::with_document() else { return };
        let url = server(&[response]);
        repository.list(&url);
        let before = repository.state();
        let (code, message) = repository.outcome(&["--fetch"]);
        assert_eq!((code, repository.state()), (Some(2), before), "{message}");
        assert!(message.starts_with(&format!("error: {url}: ")), "{message}");
        assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
    }
}

#[test]
fn fetch_stores_page_digest_and_document() {
    let Some(repository) = Repository::new() else { return };
    let new = PAGE_TEXT.replace("A number", "One number");
    let url =
        server(&[("301 Moved\r\nlocation: /new", ""), (OK, &new), (OK, &new), (OK, PAGE_TEXT)]);
    repository.list(&url);
    assert_eq!(repository.outcome(&["--fetch"]), SUCCESS);
    assert_eq!(repository.read(PAGE), new);
    let document = repository.read(OUTPUT);
    assert!(document.contains("One number") && document.contains(&url));
    assert!(!repository.read(SOURCES).contains("2026-01-31"), "the day is that of the fetch");
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
    let before = repository.state();
    assert_eq!(repository.outcome(&["--fetch"]), SUCCESS);
    assert_eq!(repository.state(), before, "the same page again changes nothing");
    let (code, _) = repository.outcome(&["--fetch", "--check"]);
    assert_eq!(code, Some(1), "another page is drift");
    assert_eq!(repository.state(), before, "--check wrote");
}

#[test]
fn edited_stored_page_is_drift() {
    let Some(repository) = Repository::new() else { return };
    repository.replace(PAGE, "Some prose", "Other prose");
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(0));
    assert!(message.starts_with(&format!("note: {PAGE}: not as fetched")), "{message}");
    let (code, message) = repository.outcome(&["--check"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("restore the page with `git checkout`"), "{message}");
    fs::write(repository.path(PAGE), PAGE_TEXT).unwrap();
    assert_eq!(repository.outcome(&[]), SUCCESS);
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
}
