//! Lists the open enums of the document for the macro in `src/ext/number/open_enums.rs`: their
//! values, with names and documentation.

use openapiv3::OpenAPI;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use crate::generate::open_enums;

/// Returns an invocation of the macro.
pub(crate) fn list(spec: &OpenAPI) -> Result<String, String> {
    let mut enums = Vec::new();
    for (name, data) in open_enums(spec) {
        let extension = |name| data.extensions.get(name).unwrap_or(&Value::Null);
        let values = extension("x-extensible-enum").as_array().into_iter().flatten();
        let (names, meanings) = (extension("x-enum-varnames"), extension("x-enum-descriptions"));
        let mut variants = Vec::new();
        for value in values.filter_map(Value::as_str) {
            let variant = names[value].as_str().map_or_else(|| camel_case(value), str::to_owned);
            let variant: Ident = syn::parse_str(&variant).map_err(|_| {
                format!("{name}: `{variant}` is no name in Rust: name the value `{value}` in x-enum-varnames")
            })?;
            let meaning = meanings[value].as_str().unwrap_or_default();
            variants.push(quote!(#[doc = #meaning] #variant = #value,));
        }
        let (name, meaning) = (format_ident!("{name}"), data.description.as_deref());
        let meaning = meaning.unwrap_or_default();
        enums.push(quote!(#[doc = #meaning] #name { #(#variants)* }));
    }
    Ok(quote!(open_enums! { #(#enums)* }).to_string())
}

fn camel_case(value: &str) -> String {
    let capitalized = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) if first.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        }
        _ => word.to_owned(),
    };
    value.split('_').map(capitalized).collect()
}
