//! The guarantees of the crate, one file each, tested through its public API over loopback. `world`
//! is the server that the tests of a watch share.
#![expect(clippy::disallowed_methods, reason = "tests measure real time")]

mod bad_input;
mod bodies;
mod configure_http;
mod contract;
mod credential;
mod find;
mod fleet;
mod freshness;
mod generated_layer;
mod limits;
mod local_faults;
mod malformed_values;
mod mock;
mod neighbours;
mod owned;
mod pacing;
mod path;
mod properties;
mod readiness;
mod retry;
mod runtimes;
mod serialized;
mod service;
mod statuses;
mod table;
mod waiting;
mod watch;
mod world;
