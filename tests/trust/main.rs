//! Calls against a hostile server, network or proxy have the outcomes of docs/measured/trust.md. A
//! separate test binary, because it opens many connections.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

#[cfg(feature = "like-an-application")]
mod compression;
mod matrix;
mod page;
