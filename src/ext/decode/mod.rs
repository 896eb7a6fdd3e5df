//! Decoding of the generated types. The API documents its responses only by examples, so each type
//! is a conjecture. A value of another type than its field's costs only the field, not the whole
//! response.
//!
//! [`object`] reads an object field by field. [`field`] reads the value of one field or item, or
//! retains it unchanged. [`repair`] repairs a body that is not valid
//! JSON. [`text_enum`] implements the traits of an enum whose values have names. `build/decoders.rs`
//! generates the list of fields of each type.

pub(crate) mod field;
pub(crate) mod object;
pub(crate) mod repair;
pub(crate) mod text_enum;
