//! Generates the client from `openapi.json`. It uses no network and does not change the document.

use std::{
    env,
    error::Error,
    fs, iter,
    path::{Path, PathBuf},
};

use openapiv3::{OpenAPI, ReferenceOr, Schema};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;

mod build {
    pub(super) mod decoders;
}
use build::decoders;

const SPEC: &str = "openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SPEC}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let spec = read_spec()?;
    let settings = settings(&spec);
    let client = Generator::new(&settings)
        .generate_tokens(&spec)
        .map_err(|e| format!("{SPEC}: progenitor cannot generate the client: {e}"))?;
    let mut client = parse(syn::parse2(client))?;
    decoders::write(&mut client).map_err(|e| format!("{SPEC}: cannot be given decoders: {e}"))?;
    write(&out.join("client.rs"), &client)?;
    if env::var_os("CARGO_FEATURE_MOCK").is_some() {
        // The helpers insert a path parameter unescaped into a regular expression, so their id is a
        // pattern.
        let settings = settings
            .clone()
            .with_replacement("NumberId", "crate::mock::IdPattern", [TypeImpl::Display].into_iter())
            .clone();
        let mock = Generator::new(&settings)
            .httpmock(&spec, "crate")
            .map_err(|e| format!("{SPEC}: progenitor cannot generate the mock helpers: {e}"))?;
        write(&out.join("mock.rs"), &parse(syn::parse2(mock))?)?;
    }
    Ok(())
}

fn read_spec() -> Result<OpenAPI, String> {
    let path = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join(SPEC);
    let text = fs::read_to_string(path).map_err(|e| format!("{SPEC}: cannot be read: {e}"))?;
    serde_json::from_str(&text).map_err(|e| format!("{SPEC}: not an OpenAPI 3.0 document: {e}"))
}

fn settings(spec: &OpenAPI) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::raw::Inner))
        .with_derive("Default")
        .with_derive("PartialEq");
    if env::var_os("CARGO_FEATURE_SCHEMARS").is_some() {
        settings.with_derive("schemars::JsonSchema");
    }
    let traits = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    settings.with_replacement("NumberId", "crate::NumberId", traits.clone());
    settings.with_replacement("NumberList", "crate::types::NumberList", iter::empty());
    for name in open_enums(spec) {
        settings.with_replacement(name, format!("crate::types::{name}"), traits.clone());
    }
    settings
}

/// Returns the components that the crate writes by hand, because typify would generate closed enums
/// for them.
fn open_enums(spec: &OpenAPI) -> impl Iterator<Item = &str> {
    let schemas = spec.components.iter().flat_map(|c| &c.schemas);
    schemas.filter(|(_, schema)| is_open_enum(schema)).map(|(name, _)| name.as_str())
}

fn is_open_enum(schema: &ReferenceOr<Schema>) -> bool {
    schema.as_item().is_some_and(|s| s.schema_data.extensions.contains_key("x-extensible-enum"))
}

fn parse(file: syn::Result<syn::File>) -> Result<syn::File, String> {
    file.map_err(|e| format!("{SPEC}: what progenitor made of it is not Rust: {e}"))
}

fn write(path: &Path, file: &syn::File) -> Result<(), String> {
    fs::write(path, prettyplease::unparse(file))
        .map_err(|e| format!("{}: cannot be written: {e}", path.display()))
}
