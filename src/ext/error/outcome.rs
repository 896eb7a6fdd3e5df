//! How a call went, beside its result. Plain values, so that an error holds them without knowing how
//! calls are made.

use std::time::Duration;

/// How a call went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallOutcome {
    pub(crate) attempts: u32,
    /// Why no attempt followed the last one.
    pub(crate) stop_reason: Option<StopReason>,
    /// The same call may succeed later.
    pub(crate) is_retryable: bool,
    /// What the server asked for last.
    pub(crate) retry_after: Option<Duration>,
    /// Where a redirect that was not followed leads to: scheme, host and port.
    pub(crate) redirect: Option<String>,
    /// The server sent the credential back, so nothing of its answer is printed.
    pub(crate) echoes_credential: bool,
}

/// Why a failed attempt was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The same request would fail again.
    Final,
    /// The method is not safe, and the request may have been carried out.
    NotSafe,
    /// The attempts were used up.
    Attempts,
    /// The server asked for more than `max_delay`.
    MaxDelay,
    /// The wait would have outlasted the call's timeout.
    Timeout,
    /// The retry budget was spent.
    Budget,
}
