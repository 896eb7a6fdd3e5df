//! What users see of pacing: the setting, and the figures by which they watch it.

use std::time::Duration;

/// Whether calls of one client wait for each other after a 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// What pacing is doing at this moment; see [`Client::pacing_stats`](crate::Client::pacing_stats).
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
