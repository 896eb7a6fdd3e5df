//! `cargo xtask regen` seen from outside, on a copy of a page and an overlay.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const PAGE: &str = "xtask/upstream/get-number-meta-details.md";
const OVERLAY: &str = "xtask/overlay.yaml";
const SOURCES: &str = "xtask/upstream/sources.toml";
const OUTPUT: &str = "openapi.json";

const PAGE_TEXT: &str = "# Get number

Some prose.

````yaml openapi.json GET /v1/numbers/{id}
openapi: 3.1.0
info: { title: Numbers, version: 1.0.0 }
paths:
  /v1/numbers/{id}:
    get:
      operationId: get_numbers_id
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        '200':
          description: A number
          content:
            application/json:
              example: { id: '1', name: null }
````
";

const OVERLAY_TEXT: &str = "overlay: 1.0.0
info: { title: Judgements, version: 1.0.0 }
actions:
  - x-name: components
    target: $
    x-expect: 1
    description: The types that every operation has.
    update:
      components:
        schemas:
          NumberId: { type: string, minLength: 1 }
          ApiError: { type: object, additionalProperties: {}, properties: { error: { type: string } } }
  - x-name: id-untyped
    target: $..parameters[?@.name == 'id'].schema
    x-expect: 1
    description: The id is replaced by a validated type (next action).
    remove: true
    x-removes: { type: string }
  - x-name: id
    target: $..parameters[?@.name == 'id']
    x-expect: 1
    description: The id is one path segment.
    update: { schema: { $ref: '#/components/schemas/NumberId' } }
  - x-name: errors
    target: $..responses
    x-expect: 1
    description: Errors of every operation.
    update:
      '400': &error { description: E, content: { application/json: { schema: { $ref: '#/components/schemas/ApiError' } } } }
      '401': *error
      '402': *error
      '403': *error
      '429': *error
      5XX: *error
  - x-name: answer
    target: $..responses['200'].content['application/json']
    x-expect: 1
    description: The page documents the 200 by an example alone (S).
    update:
      schema: { type: object, properties: { id: { type: string }, name: { type: [string, 'null'] } } }
";

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
        repository.list("https://example.com/page.md", PAGE_TEXT);
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

    /// A repository with copies of the page and the overlay that this one had once.
    fn frozen() -> Option<Self> {
        let repository = Self::new()?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
        let page = fs::read_to_string(folder.join("get-number-meta-details.md")).unwrap();
        fs::write(repository.path(PAGE), &page).unwrap();
        fs::copy(folder.join("overlay.yaml"), repository.path(OVERLAY)).unwrap();
        repository.list("https://example.com/page.md", &page);
        assert_eq!(repository.outcome(&[]), SUCCESS);
        repository.commit();
        Some(repository)
    }

    /// A copy of what this repository holds.
    fn real() -> Option<Self> {
        let repository = Self::new()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let pages = fs::read_dir(root.join("xtask/upstream")).unwrap();
        let pages = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
        let pages =
            pages.filter(|page| !page.starts_with('.')).map(|p| format!("xtask/upstream/{p}"));
        for file in pages.chain([OVERLAY, OUTPUT].map(str::to_owned)) {
            fs::copy(root.join(&file), repository.path(&file)).unwrap();
        }
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

    /// Lists the page as published somewhere, with a text.
    fn list(&self, url: &str, text: &str) {
        let digest = hex(&Sha256::digest(text));
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

    fn regen(&self, options: &[&str]) -> Output {
        self.command(options).output().unwrap()
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("regen").args(options).arg("--root").arg(self.0.path());
        command
    }

    /// Runs `regen` and returns its exit code and what it said on the error stream.
    fn outcome(&self, options: &[&str]) -> (Option<i32>, String) {
        let output = self.regen(options);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Runs `regen` and returns its exit code and its report.
    fn report(&self, options: &[&str]) -> (Option<i32>, String) {
        let output = self.regen(options);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// The text of every file.
    fn state(&self) -> Vec<String> {
        [PAGE, OVERLAY, SOURCES, OUTPUT].map(|file| self.read(file)).into()
    }
}

/// Bytes in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

const SUCCESS: (Option<i32>, String) = (Some(0), String::new());

#[test]
fn written_document_is_in_sync_and_stable() {
    let Some(repository) = Repository::new() else { return };
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
        ("the document", OUTPUT, "A number", "a number"),
        ("its last newline", OUTPUT, "}\n", "} "),
        ("the page's block", PAGE, "A number", "a number"),
        ("the page's prose", PAGE, "Some prose", "some prose"),
        ("an action", OVERLAY, "id: { type: string }", "id: { type: string, minLength: 1 }"),
        ("a description in the overlay", OVERLAY, "The page", "the page"),
    ];
    for (name, file, from, to) in table {
        let Some(repository) = Repository::new() else { return };
        assert_eq!(repository.outcome(&[]), SUCCESS, "{name}");
        repository.replace(file, from, to);
        let before = repository.read(OUTPUT);
        let (code, message) = repository.outcome(&["--check"]);
        assert_eq!(code, Some(1), "{name}: {message}");
        assert!(message.contains("run `cargo xtask regen"), "{name}: {message}");
        assert_eq!(repository.read(OUTPUT), before, "{name}: --check wrote");
    }
}

#[test]
fn missing_document_is_drift() {
    let Some(repository) = Repository::new() else { return };
    let (code, message) = repository.outcome(&["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(message, "openapi.json is missing; run `cargo xtask regen` and review the change\n");
    assert!(!repository.path(OUTPUT).exists());
}

#[test]
fn malformed_source_is_named_and_writes_nothing() {
    let table = [
        (
            PAGE,
            "````\n",
            "",
            "error: xtask/upstream/get-number-meta-details.md: the fenced block that opens at line 5",
        ),
        (PAGE, "info: {", "info: {{", "error: xtask/upstream/get-number-meta-details.md: "),
        (PAGE, "    get:", "    get:\n    get:", "line 11, column 5"),
        (PAGE, "operationId", "operationid", "expected an operationId that can name a method"),
        (
            PAGE,
            "'200'",
            "'201'",
            "error: xtask/overlay.yaml: action `answer` (target `$..responses",
        ),
        (
            SOURCES,
            "url",
            "link",
            "error: xtask/upstream/sources.toml: TOML parse error at line 2, column 1: unknown field",
        ),
        (
            PAGE,
            "name: null",
            "name: null, new: 1",
            "the example has /new, which its schema does not have",
        ),
        (PAGE, "id: '1', name", "id: 1, name", "the example does not fit its schema at /id"),
        (OVERLAY, "target", "targets", "error: xtask/overlay.yaml: "),
        (
            OVERLAY,
            "schema: { type: object",
            "schema: { if: {}",
            "/schema/if: `if` is not a schema keyword",
        ),
    ];
    for (file, from, to, expected) in table {
        let Some(repository) = Repository::new() else { return };
        repository.replace(file, from, to);
        for options in [&[][..], &["--check"]] {
            let (code, message) = repository.outcome(options);
            assert_eq!(code, Some(2), "{to:?} gave {message}");
            assert!(message.contains(expected), "{to:?} gave {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(!repository.path(OUTPUT).exists(), "{to:?} wrote");
        }
    }
}

#[test]
fn missing_source_is_an_error_that_names_it() {
    for file in [PAGE, OVERLAY, SOURCES] {
        let Some(repository) = Repository::new() else { return };
        fs::remove_file(repository.path(file)).unwrap();
        let (code, message) = repository.outcome(&[]);
        assert_eq!(code, Some(2));
        assert!(message.starts_with(&format!("error: {file}: ")), "{message}");
    }
}

#[test]
fn this_repository_is_in_sync_and_stable() {
    let Some(repository) = Repository::real() else { return };
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
    let before = repository.state();
    assert_eq!(repository.outcome(&[]), SUCCESS);
    assert_eq!(repository.state(), before);
}

#[test]
fn example_without_health_stops_the_dependent_action() {
    let Some(repository) = Repository::frozen() else { return };
    let page = repository.read(PAGE);
    let start = page.find("                health:\n").unwrap();
    let end = page.find("                meta:\n").unwrap();
    fs::write(repository.path(PAGE), page[..start].to_owned() + &page[end..]).unwrap();
    let before = repository.state();
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(2));
    let expected = "error: xtask/overlay.yaml: action `number-health` (target";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.contains("expected 4 matches, found none"), "{message}");
    assert_eq!(repository.state(), before);
}

#[test]
fn overlay_change_is_reported_alike_on_every_run() {
    let Some(repository) = Repository::with_document() else { return };
    repository.replace(
        OVERLAY,
        "{ id: { type: string }",
        "{ id: { type: string }, more: { type: number }",
    );
    repository.replace(
        OVERLAY,
        "name: { type: [string, 'null'] }",
        "name: { type: [boolean, 'null'] }",
    );
    let place =
        "#/paths/~1v1~1numbers~1{id}/get/responses/200/content/application~1json/schema/properties";
    let expected = format!(
        "openapi.json:
- `{place}/name/type`: `\"string\"` → `\"boolean\"`
- `{place}/more`: new, `{{\"type\":\"number\",\"nullable\":true}}`
The Rust interface, breaking:
- `types::GetNumbersIdResponse.name`: `Option<String>` → `Option<bool>`
The Rust interface, compatible:
- `types::GetNumbersIdResponse.more`: new, `Option<f64>`
Breaking: minor step, 0.1.0 to 0.2.0.
"
    );
    let (code, report) = repository.report(&["--check"]);
    assert_eq!((code, report), (Some(1), expected.clone()));
    let (code, report) = repository.report(&["--check", "--format", "json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, &report["state"]), (Some(1), &json!("drift")));
    assert_eq!(report["report"]["verdict"], "breaking");
    let (code, report) = repository.report(&[]);
    assert_eq!((code, report), (Some(0), format!("openapi.json written\n{expected}")));
    let in_sync = (Some(0), format!("openapi.json is in sync\n{expected}"));
    assert_eq!(repository.report(&[]), in_sync);
    assert_eq!(repository.report(&["--check"]), in_sync);
    repository.commit();
    assert_eq!(repository.report(&[]), (Some(0), "openapi.json is in sync\n".to_owned()));
}

#[test]
fn second_fetch_reports_the_same_change() {
    let Some(repository) = Repository::with_document() else { return };
    let new = PAGE_TEXT.replace("operationId: get_numbers_id", "operationId: get_number");
    repository.list(&server(&[&new, &new]), PAGE_TEXT);
    let (code, first) = repository.report(&["--fetch"]);
    assert_eq!(code, Some(0));
    assert!(first.ends_with("Breaking: minor step, 0.1.0 to 0.2.0.\n"), "{first}");
    let (_, second) = repository.report(&["--fetch"]);
    assert_eq!(first.split_once('\n').unwrap().1, second.split_once('\n').unwrap().1);
}

#[test]
fn run_without_usable_git_is_an_error() {
    let Some(repository) = Repository::with_document() else { return };
    let without_git = tempfile::tempdir().unwrap();
    let Some(not_a_repository) = Repository::with_document() else { return };
    fs::remove_dir_all(not_a_repository.path(".git")).unwrap();
    let of = |repository: &Repository| repository.command(&[]);
    let mut missing = of(&repository);
    missing.env("PATH", without_git.path());
    let mut foreign = of(&repository);
    foreign.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    foreign.env("HOME", without_git.path()).env("GIT_CONFIG_NOSYSTEM", "1");
    let table = [
        (missing, "git cannot be run, and the last commit is what changes are compared with"),
        (foreign, "dubious ownership"),
        (of(&not_a_repository), "not a git repository"),
    ];
    for (mut command, expected) in table {
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{expected}: {message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{expected}");
    }
}

#[test]
fn hidden_addition_is_words_and_names_the_action() {
    let Some(repository) = Repository::with_document() else { return };
    repository.replace(
        PAGE,
        "schema: { type: string } }]",
        "schema: { type: string } }, { name: x, in: cookie }]",
    );
    repository.replace(
        OVERLAY,
        "  - x-name: errors\n",
        "  - x-name: no-cookie
    target: $..parameters[?@.name == 'x']
    x-expect: 1
    description: Cookies are for the vendor's own pages.
    remove: true
    x-removes: { name: x, in: cookie }
  - x-name: errors\n",
    );
    let (code, report) = repository.report(&[]);
    assert_eq!(code, Some(0));
    let expected = "openapi.json written
The page:
- `#/paths/~1v1~1numbers~1{id}/get/parameters/1`: new, `{\"name\":\"x\",\"in\":\"cookie\"}` (does not reach openapi.json: action `no-cookie` writes this place)
Words only: patch step, 0.1.0 to 0.1.1.
";
    assert_eq!(report, expected);
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
Words only: patch step, 0.1.0 to 0.1.1.
"
    );
    assert_eq!(report, expected);
}

#[test]
fn stopped_fetch_keeps_page_and_shows_difference() {
    let Some(repository) = Repository::with_document() else { return };
    let new = PAGE_TEXT.replace("Some prose.", "Other prose.").replace("'200'", "'201'");
    repository.list(&server(&[&new, PAGE_TEXT]), PAGE_TEXT);
    let before = repository.state();
    let output = repository.regen(&["--fetch"]);
    let report = String::from_utf8(output.stdout).unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(report.starts_with("The page:\n- `#/paths/"), "{report}");
    assert!(report.contains("The text of the page:\n"), "{report}");
    let kept = "xtask/upstream/.staging";
    assert!(
        message.starts_with(&format!("error: the fetched pages are kept in {kept}: ")),
        "{message}"
    );
    assert_eq!(repository.read(&format!("{kept}/get-number-meta-details.md")), new);
    assert_eq!(repository.state(), before);
    assert_eq!(repository.outcome(&["--fetch"]), SUCCESS);
    assert!(!repository.path(kept).exists());
}

#[test]
fn broken_fetched_page_is_retained_and_named() {
    let Some(repository) = Repository::with_document() else { return };
    repository.list(&server(&[&PAGE_TEXT.replace("info: {", "info: {{")]), PAGE_TEXT);
    let (_, message) = repository.outcome(&["--fetch"]);
    let place = "xtask/upstream/.staging/get-number-meta-details.md: line ";
    assert!(message.contains(place) || message.contains(".md: "), "{message}");
    assert!(message.contains("/.staging/get-number-meta-details.md"), "{message}");
}

#[test]
fn failed_run_with_json_format_prints_json() {
    let Some(repository) = Repository::with_document() else { return };
    repository.replace(PAGE, "'200'", "'201'");
    let (code, text) = repository.report(&["--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["state"]), (Some(2), &json!("stopped")));
    assert!(json["message"].as_str().unwrap().contains("action `answer`"), "{json}");
    assert_eq!(json["report"]["page"].as_array().map(Vec::len), Some(2), "{json}");
    assert_eq!(json["report"]["verdict"], Value::Null);
    fs::remove_file(repository.path(SOURCES)).unwrap();
    let (code, text) = repository.report(&["--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["state"]), (Some(2), &json!("stopped")));
}

#[test]
fn files_of_a_killed_run_are_ignored_by_git() {
    let Some(repository) = Repository::new() else { return };
    let ignored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.gitignore");
    fs::copy(ignored, repository.path(".gitignore")).unwrap();
    for file in [".regen-a1", "xtask/upstream/.regen-a1", "xtask/upstream/.staging/page.md"] {
        repository.git(&["check-ignore", "--quiet", file]);
    }
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
}

#[test]
fn trial_of_another_page_adds_to_the_stored_one() {
    let Some(repository) = Repository::with_document() else { return };
    let trial = repository.path("other.md");
    let other =
        PAGE_TEXT.replace("/v1/numbers/{id}", "/v1/others").replace("get_numbers_id", "get_others");
    fs::write(
        &trial,
        other.replace("[{ name: id, in: path, required: true, schema: { type: string } }]", "[]"),
    )
    .unwrap();
    let (code, message) = repository.outcome(&["--from", trial.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(message.contains("action `errors`") && message.contains("found 2: "), "{message}");
}

/// A page as the vendor publishes the list.
const LIST_PAGE: &str = "# List numbers

````yaml openapi.json GET /v1/numbers
openapi: 3.1.0
info:
  title: Pilot Status API
  version: 1.0.0
paths:
  /v1/numbers:
    get:
      operationId: get_numbers
      responses:
        '200':
          description: List numbers
          content:
            application/json:
              example:
                - id: num_1
                  number: '5511999999999'
````
";

#[test]
fn added_page_stops_the_action_that_replaced_it() {
    let Some(repository) = Repository::frozen() else { return };
    let list = repository.read(SOURCES);
    let published = repository.read(PAGE);
    let governing =
        published.split_once("paths:\n").unwrap().0.split_once("openapi: 3.1.0").unwrap().1;
    let page = LIST_PAGE.replace(
        "
info:
  title: Pilot Status API
  version: 1.0.0
",
        governing,
    );
    let url = server(&[&published, &page]);
    let entries = list.replace("https://example.com/page.md", &url);
    let entry = format!("\n[[page]]\nurl = \"{url}\"\nfile = \"list-numbers.md\"\n");
    fs::write(repository.path(SOURCES), entries + &entry).unwrap();
    let before = repository.state();
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(2));
    assert!(message.contains("list-numbers.md: not fetched yet: run"), "{message}");
    let (code, message) = repository.outcome(&["--fetch"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("action `number-list`"), "{message}");
    assert!(
        message.contains("`$.paths['/v1/numbers']`, has changed: expected no match"),
        "{message}"
    );
    assert_eq!(repository.state(), before);
    assert!(!repository.path("xtask/upstream/list-numbers.md").exists());
}

#[test]
fn run_reports_all_its_problems_at_once() {
    let Some(repository) = Repository::frozen() else { return };
    repository.replace(PAGE, "sendable: true", "canSend: true");
    repository.replace(PAGE, "currency: BRL", "money: BRL");
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(2));
    assert!(message.contains("2 problems:\n- action `number-health`"), "{message}");
    assert!(message.contains("\n- action `meta-waba`"), "{message}");
}

#[test]
fn hostile_page_is_one_error_in_bounded_time() {
    let mut bomb = "````yaml openapi.json\nopenapi: 3.1.0\na0: &a0 [x, x]\n".to_owned();
    for n in 1..40 {
        bomb += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1);
    }
    bomb += "````\n";
    let whole =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE)).unwrap();
    let table = [
        ("HTML", "<!doctype html><html></html>".to_owned(), "is it a documentation page"),
        ("nothing", String::new(), "found none"),
        ("another fence", whole.replace("yaml openapi.json", "yml"), "found none"),
        ("two blocks", format!("{whole}\n{whole}"), "expected one OpenAPI document, found two"),
        ("a cut page", whole[..whole.len() / 2].to_owned(), "is never closed"),
        ("a bomb of aliases", bomb, "trial.md"),
        ("100 MB", "x".repeat(100 * 1024 * 1024), "expected at most"),
    ];
    for (name, page, expected) in table {
        let Some(repository) = Repository::frozen() else { return };
        let trial = repository.path("trial.md");
        fs::write(&trial, page).unwrap();
        let (code, message) = repository.outcome(&["--from", trial.to_str().unwrap()]);
        assert_eq!(code, Some(2), "{name}");
        assert!(message.contains(expected) && message.len() < 1_000, "{name}: {message}");
    }
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
    assert!(message.contains("first at line 1; run `cargo xtask regen`"), "{message}");
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(0));
    assert!(message.starts_with(note), "{message}");
    repository.commit();
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
}

/// A server that answers one request for each of these texts, the last of them with an error if it
/// is empty.
fn server(texts: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/page.md", listener.local_addr().unwrap());
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    thread::spawn(move || {
        for text in texts {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let status = if text.is_empty() { "500 Oh" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}", text.len());
            let _ = stream.write_all(format!("{head}\r\n\r\n{text}").as_bytes());
        }
    });
    address
}

#[test]
fn fetch_stores_page_digest_and_document() {
    let Some(repository) = Repository::new() else { return };
    let new = PAGE_TEXT.replace("A number", "One number");
    let url = server(&[&new, &new, PAGE_TEXT]);
    repository.list(&url, PAGE_TEXT);
    assert_eq!(repository.outcome(&["--fetch"]), SUCCESS);
    assert_eq!(repository.read(PAGE), new);
    assert!(
        repository.read(OUTPUT).contains("One number") && repository.read(OUTPUT).contains(&url)
    );
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
fn partial_failure_writes_nothing() {
    let broken = PAGE_TEXT.replace("operationId", "operationid");
    for text in ["", "no document", broken.as_str()] {
        let Some(repository) = Repository::new() else { return };
        assert_eq!(repository.outcome(&[]), SUCCESS);
        repository.list(&server(&[text]), PAGE_TEXT);
        let before = repository.state();
        let (code, message) = repository.outcome(&["--fetch"]);
        assert_eq!(code, Some(2), "{text}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert_eq!(repository.state(), before, "{text}");
    }
}

#[test]
fn edited_stored_page_is_drift() {
    let Some(repository) = Repository::new() else { return };
    repository.replace(PAGE, "Some prose", "Other prose");
    let (code, message) = repository.outcome(&[]);
    assert_eq!(code, Some(0));
    assert!(
        message.starts_with("note: xtask/upstream/get-number-meta-details.md: not as fetched"),
        "{message}"
    );
    let (code, message) = repository.outcome(&["--check"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("restore the page with `git checkout`"), "{message}");
    fs::write(repository.path(PAGE), PAGE_TEXT).unwrap();
    assert_eq!(repository.outcome(&[]), SUCCESS);
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
}
