//! The hand-written layer, one module for each concern. Imports point one way: `watch` → `number` →
//! `client` → `call` → `pacing` and `retry` → `clock`. Every module may use `error`, which uses
//! plain values only. `decode` uses no other module.
//!
//! It meets the generated code in four places: `Inner`, the state that every generated client
//! carries; the hooks, which every request passes; inherent `impl`s on generated types; and
//! `decode`, which decodes those types. Facts about the API belong in the overlay of `xtask`;
//! conveniences for users belong here.

// rustdoc lists the methods of `Client` in the order of these modules: the calls come first.
pub(crate) mod number;
pub(crate) mod watch;

#[cfg(test)]
pub(crate) mod any_text;
pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod number_id;
#[cfg_attr(
    not(feature = "simulation"),
    allow(unreachable_pub, reason = "benches/pacing plays the pacer in virtual time")
)]
pub(crate) mod pacing;
mod prometheus;
pub(crate) mod retry;
pub(crate) mod trace;
