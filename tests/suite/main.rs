//! The promises of the crate, one file a promise, seen as a user sees it: from outside, over loopback.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

mod bad_input;
mod bodies;
mod contract;
mod credential;
mod generated_layer;
mod limits;
mod mock;
mod pacing;
mod path;
mod readiness;
mod retry;
mod schemars;
mod statuses;
mod support;
