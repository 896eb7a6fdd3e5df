//! The hand-written layer, in rooms. Doors open one way: `watch` uses `number`, that uses `client`,
//! that uses `call`, that uses `pacing` and `retry`, which use nothing of ours but `clock`. All use `error`, which uses plain values only. `decode`
//! uses none of them.
//!
//! It meets the generated code at four seams: `Inner`, which every generated client carries; the
//! hooks, through which every request passes; inherent `impl`s on generated types; and `decode`, by
//! which the build lets these be decoded. What the API says belongs in the overlay of `xtask`; what
//! a user wants beyond it belongs here.

#[cfg(test)]
pub(crate) mod any_text;
pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod number;
#[cfg_attr(
    not(feature = "simulation"),
    allow(unreachable_pub, reason = "benches/pacing plays the pacer in virtual time")
)]
pub(crate) mod pacing;
pub(crate) mod retry;
pub(crate) mod trace;
pub(crate) mod watch;
