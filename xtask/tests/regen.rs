//! `cargo xtask regen` seen from outside, on a copy of a page and an overlay.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

const PAGE: &str = "xtask/upstream/get-number-meta-details.md";
const OVERLAY: &str = "xtask/overlay.yaml";
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
  - target: $..responses['200'].content['application/json']
    description: The page documents the 200 by an example alone (S).
    update:
      schema: { type: object, properties: { id: { type: string }, name: { type: [string, 'null'] } } }
";

/// A repository that holds nothing but what `regen` reads.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(repository.path("xtask/upstream")).unwrap();
        fs::write(repository.path(PAGE), PAGE_TEXT).unwrap();
        fs::write(repository.path(OVERLAY), OVERLAY_TEXT).unwrap();
        repository
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("regen").args(options).arg("--root").arg(self.0.path());
        command.output().unwrap()
    }

    /// Runs `regen` and returns its exit code and what it said on the error stream.
    fn outcome(&self, options: &[&str]) -> (Option<i32>, String) {
        let output = self.regen(options);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

const SUCCESS: (Option<i32>, String) = (Some(0), String::new());

#[test]
fn what_was_written_is_in_sync_and_written_the_same_again() {
    let repository = Repository::new();
    assert_eq!(repository.outcome(&[]), SUCCESS);
    let first = repository.read(OUTPUT);
    assert!(first.starts_with("{\n  \"openapi\": \"3.0.3\",\n") && first.ends_with("}\n"));
    assert_eq!(repository.outcome(&["--check"]), SUCCESS);
    assert_eq!(repository.outcome(&[]), SUCCESS);
    assert_eq!(repository.read(OUTPUT), first);
    let files = fs::read_dir(repository.path(".")).unwrap();
    assert_eq!(files.count(), 2, "nothing is left beside the document and the sources");
}

#[test]
fn a_change_of_one_byte_anywhere_is_drift() {
    let table = [
        ("the document", OUTPUT, "A number", "a number"),
        ("its last newline", OUTPUT, "}\n", "} "),
        ("the page's block", PAGE, "A number", "a number"),
        ("the page's prose", PAGE, "Some prose", "some prose"),
        ("an action", OVERLAY, "type: string", "type: number"),
        ("a description in the overlay", OVERLAY, "The page", "the page"),
    ];
    for (name, file, from, to) in table {
        let repository = Repository::new();
        assert_eq!(repository.outcome(&[]), SUCCESS, "{name}");
        repository.replace(file, from, to);
        let before = repository.read(OUTPUT);
        let (code, message) = repository.outcome(&["--check"]);
        assert_eq!(code, Some(1), "{name}: {message}");
        assert!(message.contains("`cargo xtask regen`"), "{name}: {message}");
        assert_eq!(repository.read(OUTPUT), before, "{name}: --check wrote");
    }
}

#[test]
fn a_missing_document_is_drift() {
    let repository = Repository::new();
    let (code, message) = repository.outcome(&["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(message, "openapi.json is missing; run `cargo xtask regen` and review the change\n");
    assert!(!repository.path(OUTPUT).exists());
}

#[test]
fn a_malformed_source_ends_in_one_line_that_names_it_and_writes_nothing() {
    let table = [
        (
            PAGE,
            "````\n",
            "",
            "error: xtask/upstream/get-number-meta-details.md: the fenced block that opens at line 5",
        ),
        (PAGE, "info: {", "info: {{", "error: xtask/upstream/get-number-meta-details.md: "),
        (PAGE, "    get:", "    get:\n    get:", "line 11, column 5"),
        (
            PAGE,
            "operationId",
            "operationid",
            "/get/operationid: `operationid` is not a field of Operation",
        ),
        (PAGE, "'200'", "'201'", "error: xtask/overlay.yaml: action 1 (target `$..responses"),
        (OVERLAY, "target", "targets", "error: xtask/overlay.yaml: "),
        (OVERLAY, "type: object", "if: {}", "/schema/if: `if` is not a schema keyword"),
    ];
    for (file, from, to, expected) in table {
        let repository = Repository::new();
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
fn a_source_that_is_not_there_is_an_error_that_names_it() {
    for file in [PAGE, OVERLAY] {
        let repository = Repository::new();
        fs::remove_file(repository.path(file)).unwrap();
        let (code, message) = repository.outcome(&[]);
        assert_eq!(code, Some(2));
        assert!(message.starts_with(&format!("error: {file}: ")), "{message}");
    }
}
