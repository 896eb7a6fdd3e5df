//! What a hostile server, network or proxy can do to a call: nothing but the outcome that
//! docs/trust.md gives. A process of its own, since it fills the machine with connections.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

#[cfg(feature = "like-an-application")]
mod compression;
mod matrix;
mod page;
