//! One call: attempts until there is something to return.
//!
//! [`attempt_loop`] is the loop. Each attempt sends a [`replayable_request`] over the
//! [`transport`], and brings a [`buffered_response`] or a [`failure`]. [`single_flight`] lets calls
//! that overlap share one, [`on_wire`] shows whether a request is
//! under way, and [`figures`] counts what calls do.

pub(crate) mod attempt_loop;
pub(crate) mod buffered_response;
pub(crate) mod failure;
pub(crate) mod figures;
pub(crate) mod on_wire;
mod replayable_request;
pub(crate) mod single_flight;
pub(crate) mod transport;
