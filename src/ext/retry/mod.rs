//! Decides whether and when a call is retried. Pure: the time left and randomness are arguments.
//!
//! [`policy`] holds the user's settings: number of attempts and delays. [`classify`] decides which
//! failures may be retried, [`retry_after`] reads the wait that a server requests, and [`budget`]
//! prevents retries from amplifying an outage.

pub(crate) mod budget;
pub(crate) mod classify;
pub(crate) mod policy;
pub(crate) mod retry_after;
