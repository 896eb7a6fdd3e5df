//! Whether a call is tried again, and when. Pure: the time left and randomness are arguments.
//!
//! [`policy`] is what users set. It decides with [`classify`] (may this failure be retried at all; [`http2`] knows more),
//! [`backoff`] (how long to wait unless the server says it, which [`retry_after`] reads) and
//! [`budget`] (retries cannot amplify an outage).

pub(crate) mod backoff;
pub(crate) mod budget;
pub(crate) mod classify;
pub(crate) mod decision;
pub(crate) mod http2;
pub(crate) mod policy;
pub(crate) mod retry_after;
