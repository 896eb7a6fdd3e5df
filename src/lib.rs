#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ext;
mod generated;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use ext::{promise_of_rate_limit, promise_of_retry_after};
#[cfg(feature = "mock")]
#[cfg_attr(docsrs, doc(cfg(feature = "mock")))]
pub mod mock;

pub use ext::{
    AccountMode, AccountReviewStatus, BusinessVerificationStatus, ClientBuilder,
    CodeVerificationStatus, CoexistenceEvidence, CoexistenceStatus, ConnectionState, Error, Limit,
    MessagingLimitTier, NameStatus, NumberHandle, NumberId, Numbers, OwnershipType, Pacing,
    PacingStats, PhoneStatus, PiiMode, PlatformType, Provider, QualityRating, Readiness, Reason,
    RetryPolicy, ThroughputLevel, Vertical,
};
pub use generated::{Client, ResponseValue, builder, types};
