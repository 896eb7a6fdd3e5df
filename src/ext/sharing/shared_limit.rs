//! What a store is asked, and what it answers. Small, so that any store that has an atomic step can
//! be one.

use std::{error::Error, fmt, pin::Pin, sync::Arc, time::Duration};

/// A store in which the processes of a key share what they learn of its limit: given to
/// [`Pacing::shared`](crate::Pacing::shared).
///
/// [`InMemory`](super::in_memory::InMemory) is one for the clients of a process and for tests, and
/// `RedisLimit` (feature `redis`) one for many processes. A store of one's own plays
/// [`LimitState::step`](super::limit_state::LimitState::step) on what it keeps, locked, with its own
/// clock, and forgets it when it was not asked for some minutes.
///
/// It may fail, hang, and forget: calls go on with the process's own pacing after 50 ms.
pub trait SharedLimit: fmt::Debug + Send + Sync {
    /// Plays one step on the state of this name, which is derived from a hash of the credential.
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a>;
}

impl<T: SharedLimit + ?Sized> SharedLimit for Arc<T> {
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a> {
        (**self).step(name, step)
    }
}

/// What [`SharedLimit::step`] returns.
pub type StepFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Reply, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// What a process asks of the store, or tells it. `served` are the requests that were served since
/// the process last said so, `lasted` how long ago that was.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Is anything limited?
    Look,
    /// May a call be sent?
    Admit {
        /// Requests served since the last report,
        served: u32,
        /// and in which time.
        lasted: Duration,
        /// What an earlier [`Reply::Wait`] said; 0 at first.
        slot: u64,
        /// After it the call fails by a 429.
        is_last: bool,
    },
    /// A request met a 429.
    Rejected {
        /// Requests served since the last report,
        served: u32,
        /// and in which time.
        lasted: Duration,
        /// What [`Reply::Go`] said of it; 0 if the store was not asked.
        epoch: u64,
        /// What the server asks to wait.
        asked: Option<Duration>,
        /// Of the retry policy.
        base_delay: Duration,
        /// Of the retry policy: no hold is longer.
        max_delay: Duration,
        /// In `0.0..1.0`.
        random: f64,
    },
    /// A probe was served.
    Served {
        /// Requests served since the last report,
        served: u32,
        /// and in which time.
        lasted: Duration,
        /// What [`Reply::Go`] said of it.
        epoch: u64,
        /// From request to answer.
        latency: Duration,
    },
}

/// What the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing is limited.
    Free,
    /// Something is.
    Limited,
    /// The call may be sent.
    Go {
        /// Of the hold before; goes back with what becomes of the call.
        epoch: u64,
        /// Others wait for its answer.
        is_probe: bool,
    },
    /// Ask again in this time.
    Wait {
        /// From now; cut at `max_delay`.
        time: Duration,
        /// Goes back with the next question.
        slot: u64,
    },
    /// What was told is noted.
    Noted,
}
