//! Feature `shared-pacing`: pacing that the processes of one key share through a store.
//!
//! [`Pacing::shared`](crate::Pacing::shared) takes a store: `RedisLimit` for Redis and Valkey
//! (feature `redis`), [`InMemory`] for tests, or your own implementation of [`SharedLimit`].

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use crate::ext::pacing::redis::RedisLimit;
pub use crate::ext::pacing::{
    in_memory::InMemory,
    limiter::{LimitState, Rejection, Reply, Slot, Step},
    store::{SharedLimit, StepFuture},
};
