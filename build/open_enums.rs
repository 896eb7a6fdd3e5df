//! Lists the open enums of the document for the macro in `src/ext/number/open_enums.rs`: their
//! values, with names and documentation.

use openapiv3::OpenAPI;
use quote::{format_ident, quote};
use serde_json::Value;

/// Returns an invocation of the macro.
pub(crate) fn list(spec: &OpenAPI) -> String {
    let schemas = spec.components.iter().flat_map(|c| &c.schemas);
    let enums = schemas.filter_map(|(name, schema)| {
        let data = &schema.as_item()?.schema_data;
        let values = data.extensions.get("x-extensible-enum")?.as_array()?;
        let meanings = data.extensions.get("x-enum-descriptions").unwrap_or(&Value::Null);
        let texts = values.iter().filter_map(Value::as_str);
        let variants = texts.map(|text| {
            let variant = format_ident!("{}", variant(name, text));
            let meaning = meanings[text].as_str().unwrap_or_default();
            quote!(#[doc = #meaning] #variant = #text,)
        });
        let (name, meaning) = (format_ident!("{name}"), data.description.as_deref());
        let meaning = meaning.unwrap_or_default();
        Some(quote!(#[doc = #meaning] #name { #(#variants)* }))
    });
    quote!(open_enums! { #(#enums)* }).to_string()
}

/// Returns the name of a value: in camel case, unless that is a keyword, the variant for unknown
/// values, or repeats the name of the enum.
fn variant(name: &str, text: &str) -> String {
    let capitalized = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) if first.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        }
        _ => word.to_owned(),
    };
    match (name, text) {
        ("Vertical", "OTHER") => "OtherIndustry".to_owned(),
        ("OwnershipType", "SELF") => "SelfManaged".to_owned(),
        ("MessagingLimitTier", "TIER_NOT_SET") => "NotSet".to_owned(),
        ("MessagingLimitTier", "TIER_UNLIMITED") => "Unlimited".to_owned(),
        (_, text) => text.split('_').map(capitalized).collect(),
    }
}
