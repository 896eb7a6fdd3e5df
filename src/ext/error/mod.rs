//! The one error of this crate: what happened, to what, and what to do about it.

mod api_error;
pub(crate) mod decode_error;
mod display;
#[expect(clippy::module_inception, reason = "a file is named after what it defines")]
pub(crate) mod error;
mod hint;
mod json_path;
pub(crate) mod kind;
pub(crate) mod plain;
#[cfg(feature = "mock")]
mod sample;
