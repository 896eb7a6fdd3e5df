//! One call: attempts until there is a result.
//!
//! [`attempt_loop`] is the loop. Each attempt sends a request over the [`transport`], and returns a
//! [`buffered_response`] or a [`failure`]. [`single_flight`] lets overlapping calls share one request,
//! [`on_wire`] shows whether a request is in progress, and [`figures`] counts calls and outcomes.

pub(crate) mod attempt_loop;
pub(crate) mod buffered_response;
pub(crate) mod failure;
pub(crate) mod figures;
pub(crate) mod on_wire;
pub(crate) mod single_flight;
pub(crate) mod transport;

use std::time::SystemTime;

/// A successful result, with metadata of its call.
#[derive(Clone)]
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    pub(crate) attempts: u32,
    /// The server's wall clock, which the dates in the response refer to.
    pub(crate) server_time: SystemTime,
}
