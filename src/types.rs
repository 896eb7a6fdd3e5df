//! What the API answers: a struct for each object, an open enum for each text with known values.
//!
//! The structs are generated from `openapi.json`. What this version does not know is in their
//! `extra`, and so is a value that is not of its field's type, whose field is then `None`. What
//! stands in `extra` under the name of a field is serialized in place of it.
//!
//! The enums are open: a value that this version does not know is `Other`, as it was sent.

#[doc(inline)]
pub use crate::{
    ext::number::{number_list::NumberList, open_enums::*},
    generated::types::*,
};
