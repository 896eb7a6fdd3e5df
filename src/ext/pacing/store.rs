//! The trait for stores, in which the processes of a key share a limiter.

use std::{error::Error, fmt, pin::Pin, sync::Arc};

use super::limiter::{Reply, Step};

/// A store in which the processes of a key share a limiter; see
/// [`Pacing::shared`](crate::Pacing::shared).
///
/// [`InMemory`](crate::shared_limit::InMemory) serves the clients of one process, and tests.
/// `RedisLimit` (feature `redis`) serves many processes. Another store loads a
/// [`LimitState`](crate::shared_limit::LimitState), calls
/// [`step`](crate::shared_limit::LimitState::step) with the time of its clock, and saves the
/// result, all under a lock. It may drop a state that was not used for some minutes.
///
/// A store may fail, hang or lose its state: after 50 ms without a reply, each process paces
/// itself.
pub trait SharedLimit: fmt::Debug + Send + Sync {
    /// Performs one step on the state of this name, which is derived from a hash of the credential.
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a>;
}

impl<T: SharedLimit + ?Sized> SharedLimit for Arc<T> {
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a> {
        (**self).step(name, step)
    }
}

/// The future that [`SharedLimit::step`] returns.
pub type StepFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Reply, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// The store of a client, and the name of its limiter there.
#[derive(Debug)]
pub struct Store {
    /// The store.
    pub limit: Arc<dyn SharedLimit>,
    /// The name of the limiter.
    pub name: String,
}
