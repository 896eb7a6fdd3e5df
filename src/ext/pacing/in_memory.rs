//! A store in memory, for the clients of one process and for tests.

use std::{
    collections::HashMap,
    future::ready,
    sync::{Mutex, PoisonError},
};

use tokio::time::Instant;

use super::{
    limiter::{LimitState, Step},
    store::{SharedLimit, StepFuture},
};
use crate::ext::clock;

/// A store in memory, for the clients of one key in one process, and for tests.
///
/// ```
/// use pilot_status::{Client, Pacing, shared_limit::InMemory};
/// use std::sync::Arc;
///
/// let limit = Arc::new(InMemory::default());
/// let client = || {
///     Client::builder().api_key("ps_example").pacing(Pacing::shared(Arc::clone(&limit))).build()
/// };
/// let (one, another) = (client()?, client()?);
/// # Ok::<(), pilot_status::Error>(())
/// ```
#[derive(Debug)]
pub struct InMemory {
    start: Instant,
    states: Mutex<HashMap<String, LimitState>>,
}

impl Default for InMemory {
    fn default() -> Self {
        Self { start: clock::now(), states: Mutex::default() }
    }
}

impl SharedLimit for InMemory {
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now().saturating_duration_since(self.start);
        let reply = states.entry(name.to_owned()).or_default().step(step, now);
        Box::pin(ready(Ok(reply)))
    }
}
