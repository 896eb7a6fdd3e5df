//! The generated client: progenitor's settings, and the changes to its output. `build.rs` writes
//! the client; `cargo xtask regen` checks that there is one, and compares its public items.

use std::iter;

use openapiv3::{OpenAPI, SchemaData};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;

mod decoders;

/// Generates the client and its types.
pub(crate) fn client(spec: &OpenAPI, has_schemas: bool) -> Result<syn::File, String> {
    let tokens = Generator::new(&settings(spec))
        .generate_tokens(spec)
        .map_err(|e| format!("progenitor cannot generate the client: {e}"))?;
    let mut client = parse(syn::parse2(tokens))?;
    decoders::write(&mut client, has_schemas)
        .map_err(|e| format!("cannot be given decoders: {e}"))?;
    Ok(client)
}

/// Generates the mock helpers.
pub(crate) fn mock(spec: &OpenAPI) -> Result<syn::File, String> {
    // The helpers insert a path parameter unescaped into a regular expression, so their id is a
    // pattern.
    let settings = settings(spec)
        .with_replacement("NumberId", "crate::mock::IdPattern", [TypeImpl::Display].into_iter())
        .clone();
    let tokens = Generator::new(&settings)
        .httpmock(spec, "crate")
        .map_err(|e| format!("progenitor cannot generate the mock helpers: {e}"))?;
    parse(syn::parse2(tokens))
}

fn settings(spec: &OpenAPI) -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::raw::Inner));
    let traits = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    settings.with_replacement("NumberId", "crate::NumberId", traits.clone());
    settings.with_replacement("NumberList", "crate::types::NumberList", iter::empty());
    for (name, _) in open_enums(spec) {
        settings.with_replacement(name, format!("crate::types::{name}"), traits.clone());
    }
    settings
}

/// Returns the components that the crate writes by hand, because typify would generate closed enums
/// for them.
pub(crate) fn open_enums(spec: &OpenAPI) -> impl Iterator<Item = (&str, &SchemaData)> {
    let schemas = spec.components.iter().flat_map(|components| &components.schemas);
    let data = schemas.filter_map(|(name, schema)| Some((&**name, &schema.as_item()?.schema_data)));
    data.filter(|(_, data)| data.extensions.contains_key("x-extensible-enum"))
}

fn parse(file: syn::Result<syn::File>) -> Result<syn::File, String> {
    file.map_err(|e| format!("progenitor's output is not Rust: {e}"))
}
