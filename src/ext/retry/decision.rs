//! What the policy decides, as plain values that traces and errors can hold.

use std::time::Duration;

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// After this delay.
    Retry(Duration),
    Stop(StopReason),
}

/// What a wait was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DelaySource {
    /// `Retry-After`, or another header field.
    Header,
    /// `retryAfterSeconds`.
    Body,
    /// The policy, since the server named no time.
    Backoff,
    /// The queue of pacing.
    Pacing,
}

#[cfg(feature = "tracing")]
impl DelaySource {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
            Self::Backoff => "backoff",
            Self::Pacing => "pacing",
        }
    }
}

/// Why a failure that may be retried was not retried any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The attempts were used up.
    Attempts,
    /// The server asked for more than `max_delay`.
    MaxDelay,
    /// The wait would have outlasted the call's timeout.
    Timeout,
    /// The retry budget was spent.
    Budget,
    /// The method is not safe, and the request may have been carried out.
    NotSafe,
}
