//! The hand-written layer. It meets the generated code at three seams only: [`Transport`], which every generated client
//! carries; `ClientHooks`, through which every request passes; and inherent `impl`s on generated types.
//!
//! What the API says belongs in the overlay of `xtask`; what a user wants beyond it belongs here.

mod again;
mod answer;
mod base_url;
mod call;
mod clock;
mod config;
mod credential;
mod decode;
mod error;
mod fleet;
mod handle;
mod json_path;
mod number;
mod number_id;
mod pacing;
mod readiness;
mod refreshes;
mod report;
mod retry;
mod status;
mod trace;
mod transport;
mod values;

pub use config::ClientBuilder;
pub use error::Error;
pub use fleet::Numbers;
pub use handle::NumberHandle;
pub use number_id::NumberId;
#[cfg(any(test, fuzzing))]
pub use pacing::rate_limit::promise as promise_of_rate_limit;
pub use pacing::{Pacing, PacingStats};
pub use readiness::{Readiness, Reason};
pub use retry::RetryPolicy;
#[cfg(any(test, fuzzing))]
pub use retry::retry_after::promise as promise_of_retry_after;
pub(crate) use transport::Transport;
pub use values::*;
