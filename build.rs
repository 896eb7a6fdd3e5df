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
    let failed = |error| format!("{SPEC}: {error}");
    let spec: OpenAPI = serde_json::from_str(include_str!("openapi.json"))
        .map_err(|e| failed(format!("not an OpenAPI 3.0 document: {e}")))?;
    write(&out.join("client.rs"), &generate::client(&spec, has_schemas).map_err(failed)?)?;
    fs::write(out.join("open_enums.rs"), open_enums::list(&spec).map_err(failed)?)?;
    if env::var_os("CARGO_FEATURE_MOCK").is_some() {
        write(&out.join("mock.rs"), &generate::mock(&spec).map_err(failed)?)?;
    }
    Ok(())
}

fn write(path: &Path, file: &syn::File) -> Result<(), String> {
    fs::write(path, prettyplease::unparse(file))
        .map_err(|e| format!("{}: cannot be written: {e}", path.display()))
}
