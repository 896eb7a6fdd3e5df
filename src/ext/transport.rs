//! What every client carries: the HTTP client, the credential and the limits; and the hooks by which generated code gets to it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, TryFutureExt};
use http::HeaderName;
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response, Url};
use tokio::time::timeout;

use super::{
    answer::{Answer, Failure},
    call::Call,
    config::refuse_zero,
    credential::Credential,
    pacing::{Pacing, Queue},
    refreshes::Refreshes,
    retry::{Budget, RetryPolicy},
    trace,
};
use crate::{Client, Error};

impl ClientHooks<Transport> for Client {
    async fn pre<E>(
        &self,
        request: &mut Request,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        self.inner.authorize(request).map_err(progenitor_client::Error::InvalidRequest)
    }

    // No async functions from here on down to `send`: they keep their arguments, and a future is moved and kept with all of them.
    fn exec(
        &self,
        request: Request,
        info: &OperationInfo,
    ) -> impl Future<Output = reqwest::Result<Response>> {
        let call = Call::new(&self.inner.0).run(request, info.operation_id);
        trace::call(info.operation_id, call).or_else(Error::into_result)
    }
}

const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// What a generated client carries: everything that a request needs beyond its URL. Clones share it.
#[derive(Clone)]
pub struct Transport(Arc<Shared>);

pub(super) struct Shared {
    http: reqwest::Client,
    /// Where the key may go: what the URL of a request begins with, up to its path and with the slash.
    origin: String,
    pub(super) credential: Credential,
    pub(super) retry: RetryPolicy,
    pub(super) queue: Option<Queue>,
    budget: Option<Mutex<Budget>>,
    refreshes: Refreshes,
    pub(super) limits: Limits,
}

/// What a call may take.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Limits {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        refuse_zero("timeout", self.timeout.is_zero())?;
        refuse_zero("attempt_timeout", self.attempt_timeout.is_zero())?;
        refuse_zero("max_response_bytes", self.max_response_bytes == 0)
    }
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        base_url: &Url,
        credential: Credential,
        retry: RetryPolicy,
        pacing: Pacing,
        limits: Limits,
    ) -> Self {
        let origin = format!("{}/", base_url.origin().ascii_serialization());
        let queue = (pacing == Pacing::Adaptive).then(|| retry.queue());
        let budget = retry.budget().map(Mutex::new);
        Self(Arc::new(Shared {
            http,
            origin,
            credential,
            retry,
            queue,
            budget,
            refreshes: Refreshes::default(),
            limits,
        }))
    }

    #[cfg(test)]
    pub(crate) fn credential_name(&self) -> &str {
        self.0.credential.name.as_str()
    }

    /// Adds the credential, if the request goes where the key may go.
    fn authorize(&self, request: &mut Request) -> Result<(), String> {
        if !request.url().as_str().starts_with(&self.0.origin) {
            return Err(
                "the request does not go to the client's base URL, so it gets no key".to_owned()
            );
        }
        let Credential { name, value } = &self.0.credential;
        let headers = request.headers_mut();
        // Generated code sends it on every request; this API has no such header.
        headers.remove(&API_VERSION);
        headers.insert(name, value.clone());
        Ok(())
    }

    pub(crate) fn refreshes(&self) -> &Refreshes {
        &self.0.refreshes
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn queue(&self) -> Option<&Queue> {
        self.0.queue.as_ref()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("credential", &self.0.credential)
            .field("retry", &self.0.retry)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Sends a request once and reads the whole answer.
    pub(super) fn send(
        &self,
        request: Request,
        left: Duration,
    ) -> impl Future<Output = Result<Box<Answer>, Failure>> {
        let limits = &self.limits;
        let limit = limits.attempt_timeout.min(left);
        let answer = Answer::read(self.http.execute(request), limits.max_response_bytes);
        timeout(limit, answer).map(move |answer| {
            answer.unwrap_or_else(|_| {
                // Of the whole call's time, what was left for this attempt says little.
                Err(if limit < limits.attempt_timeout {
                    Failure::TimedOut(limits.timeout, "timeout")
                } else {
                    Failure::TimedOut(limit, "attempt_timeout")
                })
            })
        })
    }

    /// Pays for a retry that no 429 asked for.
    pub(super) fn may_spend(&self) -> bool {
        self.budget().is_none_or(|mut budget| budget.withdraw())
    }

    pub(super) fn refund(&self) {
        if let Some(mut budget) = self.budget() {
            budget.deposit();
        }
    }

    fn budget(&self) -> Option<MutexGuard<'_, Budget>> {
        // Nothing panics while it is held; if it did, the budget would still be one.
        Some(self.budget.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
