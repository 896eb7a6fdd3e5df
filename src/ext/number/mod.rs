//! What users do with numbers, and what they ask of them.

mod accessors;
pub(crate) mod fleet;
pub(crate) mod handle;
pub(crate) mod id;
pub(crate) mod open_enums;
pub(crate) mod readiness;
pub(crate) mod recipient_limit;
mod removed;
mod status;
