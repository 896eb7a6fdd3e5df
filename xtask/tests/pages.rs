//! Pages of other shapes, without any overlay, become one document, and the document a client. It
//! is stored in `pages/client.rs`, where `pages_client.rs` compiles and calls it; the test here
//! says whether it still is what the pages give, and stores it anew if it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use progenitor::{GenerationSettings, Generator};

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages")
}

/// The document that regen makes of the pages.
fn document() -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("openapi.json");
    let files = ["list-templates.md", "send-message.md", "set-label.md"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["regen", "--from"]).args(files).arg("--out").arg(&out).current_dir(pages());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(out).unwrap()
}

/// The client that progenitor makes of the document.
fn generate() -> String {
    let spec = serde_json::from_str(&document()).unwrap();
    let mut generator = Generator::new(&GenerationSettings::new());
    let file = syn::parse2(generator.generate_tokens(&spec).unwrap()).unwrap();
    prettyplease::unparse(&file)
}

#[test]
fn the_stored_client_is_what_the_pages_give() {
    let (path, client) = (pages().join("client.rs"), generate());
    if fs::read_to_string(&path).is_ok_and(|stored| stored == client) {
        return;
    }
    fs::write(path, client).unwrap();
    panic!("the pages give another client, which is stored now: run the tests again");
}
