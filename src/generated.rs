//! The client that progenitor generates from `openapi.json`. Nothing here is written, linted or
//! documented by hand. To change it, edit the overlay of `xtask`, the settings in
//! `build/generate.rs`, or a hook in `ext::client::bridge`.
#![allow(
    missing_docs,
    unused_imports,
    unreachable_pub,
    rustdoc::all,
    clippy::all,
    clippy::pedantic,
    reason = "generated code"
)]

include!(concat!(env!("OUT_DIR"), "/client.rs"));

#[cfg(feature = "mock")]
pub mod mock {
    include!(concat!(env!("OUT_DIR"), "/mock.rs"));
}
