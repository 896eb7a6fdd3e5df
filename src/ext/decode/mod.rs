//! How generated types are decoded. The API documents its answers by examples, so each type is a
//! conjecture: where a value is not of its field's type, that costs the field and not the answer.
//!
//! [`object`] reads an object field by field. [`field`] reads the value of one, or keeps it as it
//! was sent, and [`list`] reads the items of an array. [`repair`] mends a body that is no JSON.
//! `build/decoders.rs` writes which fields a type has.

pub(crate) mod field;
pub(crate) mod list;
pub(crate) mod object;
pub(crate) mod repair;
