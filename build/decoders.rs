//! Generates the decoders of the generated types. With serde's derives one malformed value would
//! fail the whole response; `src/ext/decode` retains such a value in `extra` instead.

use quote::quote;
use syn::{
    Attribute, Fields, File, Item, ItemStruct, LitStr, Path, Result, Token, Type, parse_quote,
    punctuated::Punctuated,
};

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
                written.push(object(item, &fields));
                written.extend(impls(item));
                strip(item, has_schemas)?;
                item.attrs.push(parse_quote!(#[non_exhaustive]));
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
    let Fields::Named(named) = &object.fields else { return Ok(None) };
    let mut has_extra = false;
    let mut fields = Vec::new();
    for field in &named.named {
        let Some(ident) = field.ident.clone() else { continue };
        let (rename, is_flattened) = serde(&field.attrs)?;
        if is_flattened {
            has_extra = true;
            continue;
        }
        let name = rename.unwrap_or_else(|| ident.to_string());
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

/// Returns the name that serde gives to a field, if any, and true if it is flattened.
fn serde(attributes: &[Attribute]) -> Result<(Option<String>, bool)> {
    let (mut rename, mut is_flattened) = (None, false);
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                rename = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("flatten") {
                is_flattened = true;
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<LitStr>()?;
            }
            Ok(())
        })?;
    }
    Ok((rename, is_flattened))
}

fn object(object: &ItemStruct, fields: &[Field]) -> Item {
    let this = &object.ident;
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let positions: Vec<_> = (0..fields.len()).collect();
    let required = fields.iter().filter(|field| field.is_required).map(|field| &field.name);
    let complete = fields.iter().filter(|field| field.is_required).map(|field| &field.ident);
    let read = fields.iter().map(|Field { ident, is_required, .. }| {
        let read = if *is_required { quote!(field::required) } else { quote!(field::optional) };
        quote!(#read(from, &mut self.#ident))
    });
    let values = fields.iter().map(|Field { ident, is_required, .. }| {
        if *is_required {
            quote!(Some(&self.#ident).filter(|text| !text.is_empty()))
        } else {
            quote!(self.#ident.as_ref())
        }
    });
    let values: Vec<_> = values.collect();
    parse_quote! {
        impl object::Object for #this {
            const FIELDS: &[&str] = &[#(#names),*];
            const REQUIRED: &[&str] = &[#(#required),*];

            fn position(name: &str) -> Option<usize> {
                Some(match name {
                    #(#names => #positions,)*
                    _ => return None,
                })
            }

            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                field: usize,
                from: &mut A,
            ) -> Result<Option<::serde_json::Value>, A::Error> {
                match field {
                    #(#positions => #read,)*
                    _ => Ok(None),
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
    }
}

fn impls(object: &ItemStruct) -> [Item; 3] {
    let this = &object.ident;
    let deserialize = parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #this {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                object::deserialize(from)
            }
        }
    };
    let serialize = parse_quote! {
        impl ::serde::Serialize for #this {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                object::serialize(self, to)
            }
        }
    };
    let unreadable = parse_quote! {
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
    [deserialize, serialize, unreadable]
}

/// Removes serde's derives, and its attributes unless schemars reads them.
fn strip(object: &mut ItemStruct, has_schemas: bool) -> Result<()> {
    for attribute in object.attrs.iter_mut().filter(|a| a.path().is_ident("derive")) {
        let derived = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
        let is_serde = |path: &Path| path.segments.first().is_some_and(|s| s.ident == "serde");
        let kept = derived.into_iter().filter(|path| !is_serde(path));
        *attribute = parse_quote!(#[derive(#(#kept),*)]);
    }
    for field in &mut object.fields {
        field.attrs.retain(|attribute| has_schemas || !attribute.path().is_ident("serde"));
    }
    Ok(())
}
