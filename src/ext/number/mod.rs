//! Calls on numbers, and facts derived from their responses.

// rustdoc lists the methods of `Client` in the order of these modules.
pub(crate) mod handle;
mod list;

mod accessors;
pub(crate) mod fleet;
pub(crate) mod named_enum;
pub(crate) mod number_list;
pub(crate) mod open_enums;
pub(crate) mod phone;
pub(crate) mod readiness;
pub(crate) mod recipient_limit;
mod wait;
