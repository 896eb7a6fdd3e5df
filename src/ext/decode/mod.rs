//! How generated types are decoded. The API documents its answers by examples, so each type is a
//! conjecture: where a value is not of its field's type, that costs the field and not the answer.
//!
//! [`object`] reads an object field by field. [`field`] reads the value of one, or keeps it as it
//! was sent; [`list`] reads the items of an array, and [`required`] a field that must be there.
//! `build/decoders.rs` writes which fields a type has.

pub(crate) mod field;
pub(crate) mod list;
pub(crate) mod object;
pub(crate) mod repair;
pub(crate) mod required;
