//! The effect of a change on users, from the public items of the generated code: a program that
//! compiled against the old items must compile against the new ones.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use quote::{ToTokens, quote};
use serde::Serialize;
use serde_json::Value;
use syn::visit_mut::{VisitMut, visit_file_mut};
use syn::{
    Attribute, FnArg, Ident, ImplItem, Item, ItemImpl, ItemStruct, Signature, TraitItem, Visibility,
};

use super::client;
use super::diff::{Change, change};

/// The effect on users.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// The generated code differs in its documentation at most.
    Words,
    Compatible,
    Breaking,
}

impl Effect {
    pub(crate) fn name(self) -> &'static str {
        ["Words only (no code differs)", "Compatible", "Breaking"][self as usize]
    }
}

/// The public items of the generated code, and the code.
#[derive(Default)]
pub(crate) struct Interface {
    /// The form of each item, such as the type of a field, and its code, by the path of the item.
    items: BTreeMap<String, (Value, String)>,
    /// All code, without documentation.
    code: String,
}

impl Interface {
    /// Generates the client of a document of OpenAPI 3.0. The document itself has the values of the
    /// enums that the crate writes by hand.
    pub(crate) fn of(document: &Value) -> Result<Self> {
        let (client, mock) = client::generate(document)?;
        let mut interface = Self::default();
        for (name, mut file) in [("", client), ("mock::", mock)] {
            visit_file_mut(&mut WithoutDocs, &mut file);
            file.items.retain(|item| !is_client_info(item));
            interface.add(name, &file.items);
            interface.code += &file.to_token_stream().to_string();
        }
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        for (name, schema) in schemas.into_iter().flatten() {
            let values = schema["x-extensible-enum"].as_array();
            for value in values.into_iter().flatten() {
                let form = ("a value".into(), String::new());
                interface.items.insert(format!("types::{name}: {value}"), form);
            }
        }
        Ok(interface)
    }

    /// Returns the effect, and the items that differ: new ones are compatible, others are breaking.
    /// If only code differs, these are the items with other code, without a form.
    pub(crate) fn compare(&self, new: &Self) -> (Effect, Vec<Change>) {
        let names: BTreeSet<&String> = self.items.keys().chain(new.items.keys()).collect();
        let pairs = names.into_iter().map(|name| (name, self.items.get(name), new.items.get(name)));
        let pairs: Vec<_> = pairs.filter(|(_, old, new)| old != new).collect();
        let forms = pairs.iter().map(|(name, old, new)| {
            change(name, old.map(|(form, _)| form), new.map(|(form, _)| form))
        });
        let mut changes: Vec<_> = forms.filter(|change| change.from != change.to).collect();
        if changes.is_empty() {
            changes.extend(pairs.iter().map(|(name, ..)| change(name, None, None)));
        }
        // A type that is new or gone stands for its fields and methods.
        let whole = changes.iter().filter(|change| change.from.is_none() || change.to.is_none());
        let whole: BTreeSet<String> = whole.map(|change| change.at.clone()).collect();
        changes.retain(|change| {
            let inside = change.at.rsplit_once(['.', ' ']).or(change.at.rsplit_once("::"));
            inside.is_none_or(|(parent, _)| !whole.contains(parent.trim_end_matches(':')))
        });
        let effect = if changes.iter().any(|change| change.from.is_some()) {
            Effect::Breaking
        } else if changes.is_empty() && self.code == new.code {
            Effect::Words
        } else {
            Effect::Compatible
        };
        (effect, changes)
    }

    fn add(&mut self, path: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(module) if is_public(&module.vis) => {
                    let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                    self.add(&format!("{path}{}::", module.ident), items);
                }
                Item::Struct(item) if is_public(&item.vis) => {
                    self.add_type(&format!("{path}{}", item.ident), item);
                }
                Item::Enum(item) if is_public(&item.vis) => {
                    // No generated enum is open, so a new variant is another form.
                    self.insert(format!("{path}{}", item.ident), item, item);
                }
                Item::Trait(item) if is_public(&item.vis) => {
                    // The mock helpers, which users call and do not implement.
                    for item in &item.items {
                        if let TraitItem::Fn(function) = item {
                            self.add_fn(path, &function.sig, function);
                        }
                    }
                }
                Item::Fn(item) if is_public(&item.vis) => self.add_fn(path, &item.sig, item),
                Item::Impl(item) => self.add_impl(path, item),
                _ => {}
            }
        }
    }

    /// Adds an implementation of a generated type, which has a plain name.
    fn add_impl(&mut self, path: &str, item: &ItemImpl) {
        let Ok(name) = syn::parse2::<Ident>(item.self_ty.to_token_stream()) else { return };
        let path = format!("{path}{name}");
        if let Some((_, of, _)) = &item.trait_ {
            return self.insert(format!("{path}: {}", text(of)), quote!(impl), item);
        }
        for item in &item.items {
            if let ImplItem::Fn(item) = item
                && is_public(&item.vis)
            {
                self.add_fn(&format!("{path}::"), &item.sig, item);
            }
        }
    }

    /// Adds a struct. If it is exhaustive, a new field breaks its literals, and is part of its form.
    fn add_type(&mut self, path: &str, item: &ItemStruct) {
        let ItemStruct { attrs: attributes, fields, .. } = item;
        let kept = attributes
            .iter()
            .filter(|a| a.path().is_ident("derive") || a.path().is_ident("non_exhaustive"));
        let is_open = attributes.iter().any(|a| a.path().is_ident("non_exhaustive"));
        let names: Vec<_> = fields.iter().filter(|_| !is_open).map(|field| &field.ident).collect();
        self.insert(path.to_owned(), quote!(#(#kept)* struct #(#names)*), item);
        for field in fields.iter().filter(|field| is_public(&field.vis)) {
            let name = field.ident.as_ref().map_or_else(|| "0".to_owned(), ToString::to_string);
            self.insert(format!("{path}.{name}"), &field.ty, field);
        }
    }

    /// Adds a function, whose arguments are called by their positions.
    fn add_fn(&mut self, path: &str, signature: &Signature, code: impl ToTokens) {
        let Signature { asyncness, generics, inputs, output, .. } = signature;
        let inputs = inputs.iter().map(|input| match input {
            FnArg::Receiver(receiver) => receiver.to_token_stream(),
            FnArg::Typed(input) => input.ty.to_token_stream(),
        });
        let form = quote!(#asyncness fn #generics (#(#inputs),*) #output);
        self.insert(format!("{path}{}", signature.ident), form, code);
    }

    fn insert(&mut self, path: String, form: impl ToTokens, code: impl ToTokens) {
        self.items.insert(path, (text(form).into(), code.to_token_stream().to_string()));
    }
}

fn is_client_info(item: &Item) -> bool {
    let Item::Impl(item) = item else { return false };
    let of = item.trait_.as_ref().and_then(|(_, of, _)| of.segments.last());
    of.is_some_and(|segment| segment.ident == "ClientInfo")
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns the source text, with spaces where a reader expects them.
fn text(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    for token in tokens.to_token_stream().to_string().split(' ') {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let after = text.ends_with(|c| is_word(c) || "])>,;=".contains(c));
        if after && token.starts_with(|c| is_word(c) || "'&-#=".contains(c)) {
            text.push(' ');
        }
        text += token;
    }
    text.replace("::std::option::", "").replace("::std::string::", "").replace("::std::vec::", "")
}

struct WithoutDocs;

impl VisitMut for WithoutDocs {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    }
}
