//! Pacing: limits the rate of a client's calls once the server has limited them.
//!
//! - [`limiter`] decides when requests may be sent. It is pure, and the same in a store.
//! - [`turns`] decides which waiting call of a process is sent next. It combines the limiter, the
//!   [`quota`] that the server reports as left (read by [`rate_limit`]), and the [`link`] to a
//!   store. It is pure.
//! - [`pacer`] drives these with the clock, the lock and a background task. [`recent`] counts the
//!   requests that are served while no limit is active.
//! - [`store`] is the trait for stores; `in_memory` and `redis` implement it.

#[cfg(feature = "shared-pacing")]
pub(crate) mod in_memory;
pub(crate) mod limiter;
mod link;
pub(crate) mod pacer;
mod quota;
pub(crate) mod rate_limit;
mod recent;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod store;
mod turns;

#[cfg(feature = "shared-pacing")]
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
#[cfg(feature = "shared-pacing")]
use store::SharedLimit;

use crate::ext::clock;

/// The delays of the retry policy, which also bound those of pacing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delays {
    /// Base delay.
    pub base: Duration,
    /// Maximum delay.
    pub max: Duration,
}

/// Coordination between the calls of one client after a 429.
#[derive(Clone, Debug, Default)]
#[doc(alias = "429")]
#[doc(alias = "rate limit")]
#[doc(alias = "quota")]
#[non_exhaustive]
pub enum Pacing {
    /// All clones of a client share one queue, first in, first out. Before the first 429, it
    /// honours only the rate-limit headers of responses, if there are any (`RateLimit`,
    /// `RateLimit-Remaining`, `X-RateLimit-Remaining`, with their resets). After a 429, calls are
    /// admitted as fast as the server is seen to serve them, until the limit is no longer met. A
    /// call that does not use its turn is passed over; it regains its place when it is polled
    /// again.
    #[default]
    Adaptive,
    /// No coordination: each call honours only its own responses.
    Off,
    /// The same as `Adaptive`, but coordinated with the other processes of the key; made by
    /// [`shared`](Self::shared).
    #[cfg(feature = "shared-pacing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-pacing")))]
    Shared(Arc<dyn SharedLimit>),
}

#[cfg(feature = "shared-pacing")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-pacing")))]
impl Pacing {
    /// Returns [`Adaptive`](Self::Adaptive) pacing that is coordinated through a store with the
    /// other processes of the key. After a 429 one process probes, and all wait for turns that the
    /// store grants. Up to about 8 processes do well without a store: see
    /// [`guide::retry_and_pacing`](crate::guide::retry_and_pacing).
    ///
    /// The name of the shared state is derived from a hash of the credential, unless the store sets
    /// another name. The state does not contain the credential or ids. Two clients with one name and
    /// different credentials are paced as if they had one limit.
    ///
    /// Before the first 429 no call waits for the store; a background check, once a second, finds
    /// out whether another process has met one. If the store fails, or does not reply within 50 ms,
    /// each process paces itself, and with feature `tracing` one warning is logged. The store is
    /// tried again a second later.
    pub fn shared(store: impl SharedLimit + 'static) -> Self {
        Self::Shared(Arc::new(store))
    }
}

/// The current state of pacing; see [`Client::stats`](crate::Client::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PacingStats {
    /// Requests admitted a second: at most 16 times the rate that was served before the last 429s.
    /// `None` while no limit is active or no rate is known.
    pub rate: Option<f64>,
    /// Calls that wait for their turn.
    pub queued: usize,
    /// Number of 429s since the client was made.
    pub rejected: u64,
    /// Total time that calls have waited for their turns; serialized as `waitedMs`.
    #[serde(rename = "waitedMs", serialize_with = "whole_milliseconds")]
    pub waited: Duration,
}

pub(crate) fn whole_milliseconds<S: Serializer>(
    time: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    clock::milliseconds(*time).serialize(serializer)
}
