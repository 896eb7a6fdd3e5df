//! The types of the API: a struct for each object, and an open enum for each text with known
//! values.
//!
//! The structs are generated from `openapi.json`, and non-exhaustive: to make one in a test, start
//! with `Default` or a sample of feature `mock`, and assign fields. A field that this version does
//! not know is retained in `extra`. A malformed value, which is one of a type other than documented,
//! is retained there too, and its field is `None`. Serialization writes the value in `extra` in place
//! of the field with the same name.
//!
//! The enums are open: a value that this version does not know becomes `Other`, with its original
//! text.

#[doc(inline)]
pub use crate::{
    ext::number::{number_list::NumberList, open_enums::*},
    generated::types::*,
};
