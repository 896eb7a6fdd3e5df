//! Makes one attempt: sends a request, and reads the whole response within the limits of time and
//! size, of which reqwest knows only the first.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use reqwest::{Request, Response};
use tokio::time::timeout;

use super::{
    buffered_response::BufferedResponse,
    decode_limit::{MIN_DECODE_BYTES, fits},
    failure::Failure,
};
use crate::ext::{
    pacing::queue::Queue,
    retry::{budget::Budget, policy::RetryPolicy},
};

/// What the calls of all clones share.
pub(crate) struct Transport {
    http: reqwest::Client,
    pub(crate) retry: RetryPolicy,
    pub(crate) queue: Option<Queue>,
    budget: Option<Mutex<Budget>>,
    pub(crate) limits: Limits,
}

/// What a call may take.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        retry: RetryPolicy,
        is_paced: bool,
        limits: Limits,
    ) -> Self {
        let (base_delay, max_delay) = retry.delays();
        let queue = is_paced.then(|| Queue::new(base_delay, max_delay));
        let budget = retry.has_budget().then(|| Mutex::new(Budget::new()));
        Self { http, retry, queue, budget, limits }
    }

    // No async function: it would keep its arguments twice.
    pub(super) fn send(
        &self,
        request: Request,
        left: Duration,
    ) -> impl Future<Output = Result<Box<BufferedResponse>, Failure>> {
        let limits = &self.limits;
        let limit = limits.attempt_timeout.min(left);
        let response = read(self.http.execute(request), limits.max_response_bytes);
        timeout(limit, response).map(move |response| {
            response.unwrap_or_else(|_| {
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
    pub(super) fn withdraw(&self) -> bool {
        self.budget().is_none_or(|mut budget| budget.withdraw())
    }

    /// A call has succeeded.
    pub(super) fn deposit(&self) {
        if let Some(mut budget) = self.budget() {
            budget.deposit();
        }
    }

    fn budget(&self) -> Option<MutexGuard<'_, Budget>> {
        // Nothing panics while it is held; if it did, the budget would still be one.
        Some(self.budget.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(
    response: impl Future<Output = reqwest::Result<Response>>,
    limit: usize,
) -> Result<Box<BufferedResponse>, Failure> {
    let mut response = response.await.map_err(Failure::Network)?;
    let is_success = response.status().is_success();
    if is_success && response.content_length().is_some_and(|n| n > limit as u64) {
        return Err(Failure::TooLarge(limit, "is longer"));
    }
    let (body, is_whole) = read_body(&mut response, limit).await.map_err(Failure::Network)?;
    // The status says what was refused; the rest of a long page is not needed.
    if is_success && !is_whole {
        return Err(Failure::TooLarge(limit, "is longer"));
    }
    let fits = fits(&body, limit);
    if is_success && !fits {
        return Err(Failure::TooLarge(limit.max(MIN_DECODE_BYTES), "takes more memory"));
    }
    let api_error = if is_success || !fits { None } else { serde_json::from_slice(&body).ok() };
    Ok(BufferedResponse::new(response, body, api_error))
}

/// The body up to the limit, and whether that is all of it.
async fn read_body(response: &mut Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    // Mostly the only one, which is not copied.
    let first = response.chunk().await?.unwrap_or_default();
    if first.len() > limit {
        return Ok((first.slice(..limit), false));
    }
    let Some(mut chunk) = response.chunk().await? else {
        return Ok((first, true));
    };
    // A copy, since the chunk's own memory is that of the connection's thread, where it would stay
    // with the process.
    let mut body = first.to_vec();
    loop {
        let room = limit - body.len();
        let more = &chunk[..chunk.len().min(room)];
        if more.len() > body.capacity() - body.len() {
            // Far ahead, since each step leaves a hole.
            body.reserve_exact(body.len().saturating_mul(8).clamp(more.len(), room));
        }
        body.extend_from_slice(more);
        if chunk.len() > room {
            return Ok((body.into(), false));
        }
        match response.chunk().await? {
            Some(next) => chunk = next,
            None => return Ok((body.into(), true)),
        }
    }
}
