//! Whether a call is tried again, and when. Pure: the time left and randomness are arguments.
//!
//! [`policy`] is what users set: how often, and how long to wait. [`classify`] says whether a failure
//! may be retried at all, [`retry_after`] reads the wait that a server asks for, and [`budget`] keeps
//! retries from amplifying an outage.

pub(crate) mod budget;
pub(crate) mod classify;
pub(crate) mod policy;
pub(crate) mod retry_after;
