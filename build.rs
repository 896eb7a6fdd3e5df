//! Generates the client from `openapi.json`. It uses no network and does not change the document.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use openapiv3::OpenAPI;

#[path = "build/generate.rs"]
mod generate;
#[path = "build/open_enums.rs"]
mod open_enums;

const SPEC: &str = "openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SPEC}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let has_schemas = env::var_os("CARGO_FEATURE_SCHEMARS").is_some();
    let spec = read_spec()?;
    let failed = |error| format!("{SPEC}: {error}");
    write(&out.join("client.rs"), &generate::client(&spec, has_schemas).map_err(failed)?)?;
    fs::write(out.join("open_enums.rs"), open_enums::list(&spec))?;
    if env::var_os("CARGO_FEATURE_MOCK").is_some() {
        write(&out.join("mock.rs"), &generate::mock(&spec, has_schemas).map_err(failed)?)?;
    }
    Ok(())
}

fn read_spec() -> Result<OpenAPI, String> {
    let path = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join(SPEC);
    let text = fs::read_to_string(path).map_err(|e| format!("{SPEC}: cannot be read: {e}"))?;
    serde_json::from_str(&text).map_err(|e| format!("{SPEC}: not an OpenAPI 3.0 document: {e}"))
}

fn write(path: &Path, file: &syn::File) -> Result<(), String> {
    fs::write(path, prettyplease::unparse(file))
        .map_err(|e| format!("{}: cannot be written: {e}", path.display()))
}
