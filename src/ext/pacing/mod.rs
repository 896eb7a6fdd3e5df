//! Pacing: how fast the calls of a client are sent once the server has limited them.
//!
//! - [`limiter`] decides when requests may be sent. It is pure, and the same in a store.
//! - [`turns`] decides which call of a process goes next, with the [`queue`], the [`quota`] that the
//!   server says is left (read by [`rate_limit`]), and the [`reports`] to a store. It is pure.
//! - [`pacer`] drives both: the clock, the lock, the task that asks. [`recent`] counts what is served
//!   while nothing is limited.
//! - [`store`] is the trait for stores; `in_memory` and `redis` are two of them.

#[cfg(feature = "shared-pacing")]
pub(crate) mod in_memory;
pub(crate) mod limiter;
pub(crate) mod pacer;
pub(crate) mod queue;
mod quota;
pub(crate) mod rate_limit;
mod recent;
#[cfg(feature = "redis")]
pub(crate) mod redis;
mod reports;
pub(crate) mod store;
mod turns;

#[cfg(feature = "shared-pacing")]
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "shared-pacing")]
use store::SharedLimit;

/// The delays of the retry policy, which bound those of pacing.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// Base delay.
    pub base: Duration,
    /// Maximum delay.
    pub max: Duration,
}

/// Whether calls of one client wait for each other after a 429.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Pacing {
    /// All clones of a client share one queue, first in, first out. Before the first 429 it only
    /// heeds what answers say is left of the limit (`RateLimit`, `RateLimit-Remaining`,
    /// `X-RateLimit-Remaining` with their resets), if they say it. From then on calls are let
    /// through as fast as the server is seen to serve them, until the limit is not met any more. A
    /// call that does not take its turn when it comes is passed over, and has its place back when
    /// it asks again.
    #[default]
    Adaptive,
    /// Every call is on its own, and only heeds what it was answered itself.
    Off,
    /// As `Adaptive`, and shared with the other processes of the key; made by
    /// [`shared`](Self::shared).
    #[cfg(feature = "shared-pacing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shared-pacing")))]
    Shared(Arc<dyn SharedLimit>),
}

#[cfg(feature = "shared-pacing")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-pacing")))]
impl Pacing {
    /// As [`Adaptive`](Self::Adaptive), and shared through a store with the other processes of the
    /// key: after a 429 one of them probes, and all wait for turns that the store gives. Up to about
    /// 8 processes do well without: see [`guide::retry_and_pacing`](crate::guide::retry_and_pacing).
    ///
    /// What is shared has a name that is derived from a hash of the credential, unless the store has
    /// one; it holds neither the credential nor ids. Two clients with one name and different
    /// credentials are paced as if they had one limit.
    ///
    /// The store is not asked before the first 429, but once a second, in the background, whether
    /// another process has met one. Where it fails, or does not answer within 50 ms, each process
    /// paces itself; with feature `tracing` a warning says so once. It is asked again a second later.
    pub fn shared(store: impl SharedLimit + 'static) -> Self {
        Self::Shared(Arc::new(store))
    }
}

/// What pacing is doing at this moment; see [`Client::stats`](crate::Client::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PacingStats {
    /// Requests a second that are let through: at most 16 times as many as were served a second
    /// before the last 429s. `None` while nothing is paced or no rate is known.
    pub rate: Option<f64>,
    /// Calls that wait for their turn.
    pub queued: usize,
    /// 429s since the client was made.
    pub rejected: u64,
    /// How long calls have waited for their turns, all together.
    pub waited: Duration,
}
