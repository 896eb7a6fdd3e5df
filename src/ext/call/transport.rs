//! Makes one attempt: sends a request, and reads the whole response within the limits of time and
//! size. reqwest itself limits only the time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Request;
use tokio::time::timeout;

use super::{
    buffered_response::{self, BufferedResponse},
    failure::Failure,
    figures::Figures,
};
use crate::ext::{
    error::TimeoutScope,
    pacing::pacer::Pacer,
    retry::{budget::Budget, policy::RetryPolicy},
};

/// State that the calls of all clones share.
pub(crate) struct Transport {
    http: reqwest::Client,
    pub(crate) retry: RetryPolicy,
    pub(crate) pacer: Option<Arc<Pacer>>,
    budget: Option<Mutex<Budget>>,
    pub(crate) limits: Limits,
    pub(crate) figures: Figures,
}

/// Limits of a call.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    /// The first delay between two polls of `wait_until_open`.
    pub(crate) poll_delay: Duration,
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        retry: RetryPolicy,
        pacer: Option<Arc<Pacer>>,
        limits: Limits,
    ) -> Self {
        let budget = retry.has_budget().then(|| Mutex::new(Budget::new()));
        Self { http, retry, pacer, budget, limits, figures: Figures::default() }
    }

    /// Sends a request. `left` is the remainder of `call_timeout`.
    pub(super) async fn send(
        &self,
        request: Request,
        left: Duration,
        call_timeout: Duration,
    ) -> Result<BufferedResponse, Failure> {
        let Limits { attempt_timeout, max_response_bytes, .. } = self.limits;
        let limit = attempt_timeout.min(left);
        let response = buffered_response::read(self.http.execute(request), max_response_bytes);
        match timeout(limit, response).await {
            Ok(response) => response.map_err(Failure::from),
            // The error names the timeout of the whole call, since the remainder alone would
            // mislead.
            Err(_) if limit < attempt_timeout => {
                Err(Failure::TimedOut(call_timeout, TimeoutScope::Call))
            }
            Err(_) => Err(Failure::TimedOut(limit, TimeoutScope::Attempt)),
        }
    }

    /// Takes the cost of a retry from the budget; false if the budget is empty. Retries after a 429
    /// are free.
    pub(super) fn withdraw(&self) -> bool {
        self.budget().is_none_or(|mut budget| budget.withdraw())
    }

    /// Adds the refund of a successful call to the budget.
    pub(super) fn deposit(&self) {
        if let Some(mut budget) = self.budget() {
            budget.deposit();
        }
    }

    fn budget(&self) -> Option<MutexGuard<'_, Budget>> {
        // No code panics while it holds the lock. If it did, the budget would still be valid.
        Some(self.budget.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
