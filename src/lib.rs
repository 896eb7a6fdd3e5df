#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ext;
mod generated;
#[cfg(feature = "mock")]
#[cfg_attr(docsrs, doc(cfg(feature = "mock")))]
pub mod mock;
pub mod raw;
pub mod types;

pub use ext::{
    client::{builder::ClientBuilder, client::Client},
    error::error::Error,
    number::{
        fleet::Numbers,
        handle::NumberHandle,
        id::NumberId,
        readiness::{Readiness, ReadinessReason},
        recipient_limit::RecipientLimit,
    },
    pacing::pacing::{Pacing, PacingStats},
    retry::policy::RetryPolicy,
};
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use ext::{
    error::decode_error::promise as promise_of_decode_error,
    pacing::rate_limit::promise as promise_of_rate_limit,
    retry::retry_after::promise as promise_of_retry_after,
};
