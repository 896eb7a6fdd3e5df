//! What the API answers: a struct for each object, an open enum for each text with known values.
//!
//! The structs are generated from `openapi.json`; what this version does not know is in their
//! `extra`. The enums are open: a value that this version does not know is `Other`, as it was sent.

#[doc(inline)]
pub use crate::{ext::number::open_enums::*, generated::types::*};
