//! What the caller is told of a call beside its result. Plain values, so that an error can hold
//! them without knowing how calls are made.

use std::time::Duration;

use crate::ext::retry::decision::StopReason;

/// How a call went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallOutcome {
    pub(crate) attempts: u32,
    /// Why no attempt followed the last one, where the policy had its say.
    pub(crate) stop_reason: Option<StopReason>,
    /// What the server asked for last.
    pub(crate) retry_after: Option<Duration>,
    /// Where a redirect that was not followed leads to: scheme, host and port.
    pub(crate) redirect: Option<String>,
    /// The server sent the credential back, so nothing of its answer is printed.
    pub(crate) echoes_credential: bool,
}
