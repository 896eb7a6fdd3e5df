//! Metadata about a finished call. Plain values, so that errors do not depend on how calls are
//! made.

use std::time::Duration;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallOutcome {
    pub(crate) attempts: u32,
    pub(crate) stop_reason: Option<StopReason>,
    /// True if the same call may succeed later.
    pub(crate) is_retryable: bool,
    /// The wait that the server requested last.
    pub(crate) retry_after: Option<Duration>,
    /// The time until the call's turn after a 429, an estimate, if that was too late.
    pub(crate) turn_in: Option<Duration>,
    /// Scheme, host and port of the target of a redirect, which was not followed.
    pub(crate) redirect: Option<String>,
    /// True if the server sent the credential back, so that nothing of its response is printed.
    pub(crate) echoes_credential: bool,
}

/// The reason why a failed attempt was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The same request would fail again.
    Final,
    /// The method is not safe, and the request may have taken effect.
    NotSafe,
    /// All attempts were used.
    Attempts,
    /// The server requested a wait longer than `max_delay`.
    MaxDelay,
    /// The next attempt would have missed the call's deadline.
    Timeout,
    /// The retry budget was empty.
    Budget,
}
