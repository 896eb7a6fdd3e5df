//! The promises of the crate, one file a promise, seen as a user sees it: from outside, over
//! loopback.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

mod bad_input;
mod bodies;
mod configure_http;
mod contract;
mod coupling;
mod credential;
mod find;
mod fleet;
mod freshness;
mod generated_layer;
mod limits;
mod local_faults;
mod mock;
mod neighbours;
mod odd_values;
mod owned;
mod pacing;
mod path;
mod properties;
mod readiness;
mod retry;
mod runtimes;
mod schemars;

mod statuses;
mod table;
mod timeouts;
mod waiting;
mod watch;
