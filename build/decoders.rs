//! Generates the decoders of the generated types. With serde's derives one malformed value would
//! fail the whole response; `src/ext/decode` retains such a value in `extra` instead.

use quote::quote;
use syn::{File, Item, ItemStruct, LitStr, Result, Token, Type, parse_quote};

/// Replaces serde's derives by a decoder and an encoder for each struct that has `extra`. These
/// structs are non-exhaustive, so that a field that the API gains breaks no user's code.
pub(crate) fn write(file: &mut File, has_schemas: bool) -> Result<()> {
    for item in &mut file.items {
        let Item::Mod(types) = item else { continue };
        let Some((_, items)) = &mut types.content else { continue };
        let mut written = vec![parse_quote!(
            use crate::ext::decode::{field, object};
        )];
        for item in &mut *items {
            if let Item::Struct(item) = item
                && let Some(fields) = fields(item)?
            {
                written.extend(decoder(item, &fields));
                strip(item, has_schemas);
            }
        }
        items.extend(written);
    }
    Ok(())
}

/// A field other than `extra`.
struct Field {
    ident: syn::Ident,
    /// The name in JSON.
    name: String,
    is_required: bool,
}

/// Returns the fields of a struct. Returns `None` if it has no `extra`, or a required field other
/// than a text, which only requests have.
fn fields(object: &ItemStruct) -> Result<Option<Vec<Field>>> {
    let (mut fields, mut has_extra) = (Vec::new(), false);
    for field in &object.fields {
        let Some(ident) = field.ident.clone() else { return Ok(None) };
        let Some(name) = json_name(field)? else {
            has_extra = true;
            continue;
        };
        let is_required = !is(&field.ty, "Option");
        if is_required && !is(&field.ty, "String") {
            return Ok(None);
        }
        fields.push(Field { ident, name, is_required });
    }
    Ok(has_extra.then_some(fields))
}

fn is(field: &Type, name: &str) -> bool {
    let Type::Path(path) = field else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == name)
}

/// Returns the name of a field in JSON; `None` for `extra`, which is flattened.
fn json_name(field: &syn::Field) -> Result<Option<String>> {
    let mut name = field.ident.as_ref().map(ToString::to_string);
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("flatten") {
                name = None;
            } else if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<LitStr>()?;
            }
            Ok(())
        })?;
    }
    Ok(name)
}

/// Returns the implementations for a struct with these fields.
fn decoder(object: &ItemStruct, fields: &[Field]) -> Vec<Item> {
    let this = &object.ident;
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let required = fields.iter().filter(|field| field.is_required).map(|field| &field.name);
    let complete = fields.iter().filter(|field| field.is_required).map(|field| &field.ident);
    let read = fields.iter().map(|Field { ident, is_required, .. }| {
        let read = if *is_required { quote!(required) } else { quote!(optional) };
        quote!(field::#read(from, &mut self.#ident))
    });
    let values: Vec<_> = fields
        .iter()
        .map(|Field { ident, is_required, .. }| match is_required {
            true => quote!(Some(&self.#ident).filter(|text| !text.is_empty())),
            false => quote!(self.#ident.as_ref()),
        })
        .collect();
    let written: File = parse_quote! {
        impl object::Object for #this {
            const FIELDS: &[&str] = &[#(#names),*];
            const REQUIRED: &[&str] = &[#(#required),*];

            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                from: &mut A,
            ) -> Result<Option<::serde_json::Value>, A::Error> {
                match name {
                    #(#names => #read,)*
                    _ => field::any(from).map(Some),
                }
            }

            fn is_complete(&self) -> bool {
                true #(&& !self.#complete.is_empty())*
            }

            fn write<M: ::serde::ser::SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
                #(object::write(to, &self.extra, #names, #values)?;)*
                Ok(())
            }

            fn malformed_in_fields(&self) -> Vec<String> {
                let mut paths = Vec::new();
                #(if let Some(value) = #values {
                    paths.extend(field::malformed_at(format_args!(#names), value));
                })*
                paths
            }

            fn extra(&self) -> &::serde_json::Map<String, ::serde_json::Value> {
                &self.extra
            }

            fn extra_mut(&mut self) -> &mut ::serde_json::Map<String, ::serde_json::Value> {
                &mut self.extra
            }
        }

        impl<'de> ::serde::Deserialize<'de> for #this {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                object::deserialize(from)
            }
        }

        impl ::serde::Serialize for #this {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                object::serialize(self, to)
            }
        }

        impl #this {
            /// Returns the paths of the malformed values, those of a type other than documented,
            /// such as `health.sendable`. Their fields are `None`, and the original values are
            /// retained in the `extra` beside them. A field that is an array holds the items that
            /// could be decoded.
            #[must_use]
            pub fn unreadable(&self) -> Vec<String> {
                field::Field::malformed(self)
            }
        }
    };
    written.items
}

/// Replaces the derives, and removes serde's attributes unless schemars reads them.
fn strip(object: &mut ItemStruct, has_schemas: bool) {
    let schema = has_schemas.then(|| quote!(schemars::JsonSchema));
    object.attrs.retain(|attribute| !attribute.path().is_ident("derive"));
    object.attrs.push(parse_quote!(#[derive(Clone, Debug, Default, PartialEq, #schema)]));
    object.attrs.push(parse_quote!(#[non_exhaustive]));
    for field in &mut object.fields {
        field.attrs.retain(|attribute| has_schemas || !attribute.path().is_ident("serde"));
    }
}
