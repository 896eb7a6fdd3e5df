//! Feature `shared-pacing`: pacing that the processes of a key share, through a store.
//!
//! [`Pacing::shared`](crate::Pacing::shared) takes a store. With feature `redis` that is
//! `RedisLimit`, for Redis and Valkey; [`InMemory`] is one for tests; and any other is made by
//! [`SharedLimit`].

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use crate::ext::pacing::redis::RedisLimit;
pub use crate::ext::pacing::{
    in_memory::InMemory,
    limiter::{LimitState, Rejection, Reply, Slot, Step},
    store::{SharedLimit, StepFuture},
};
