//! Where requests meet the network: the credential, the attempt loop and the limits of every call.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response, Url};
use tokio::time::{Instant, sleep, timeout};

use super::{
    answer::{Answer, Failure},
    clock,
    config::refuse_zero,
    credential::Credential,
    decode,
    report::Report,
    retry::{Because, Next, RetryPolicy, classify},
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

    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        trace::call(info.operation_id, self.inner.call(request, info)).await
    }
}

/// What a generated client carries: everything that a request needs beyond its URL. Clones share it.
#[derive(Clone)]
pub struct Transport(Arc<Shared>);

struct Shared {
    http: reqwest::Client,
    base_url: Url,
    credential: Credential,
    retry: RetryPolicy,
    limits: Limits,
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
        limits: Limits,
    ) -> Self {
        let base_url = base_url.clone();
        Self(Arc::new(Shared { http, base_url, credential, retry, limits }))
    }

    #[cfg(test)]
    pub(crate) fn credential_name(&self) -> &str {
        self.0.credential.name.as_str()
    }

    /// Adds the credential, if the request goes where the key may go.
    fn authorize(&self, request: &mut Request) -> Result<(), String> {
        if request.url().origin() != self.0.base_url.origin() {
            return Err(
                "the request does not go to the client's base URL, so it gets no key".to_owned()
            );
        }
        let Credential { name, value } = &self.0.credential;
        let headers = request.headers_mut();
        // Generated code sends it on every request; this API has no such header.
        headers.remove("api-version");
        headers.insert(name, value.clone());
        Ok(())
    }

    /// Tries until there is something to return: a success, a refusal, or the last failure that the policy allows.
    async fn call(&self, mut request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let deadline = clock::now().checked_add(self.0.limits.timeout);
        let mut report = Report::default();
        loop {
            report.attempts += 1;
            let again = request.try_clone();
            let method = request.method().clone();
            let failure = match self.attempt(request, left(deadline)).await {
                Ok(answer) if answer.status.is_success() => {
                    trace::attempt(&report, Some(answer.status), None);
                    return succeed(answer, report, info).await;
                }
                Ok(answer) => Failure::Refused(Box::new(answer)),
                Err(failure) => failure,
            };
            let asked = failure.retry_after(clock::wall());
            report.retry_after = asked.map(|(wait, _)| wait);
            let again = again.filter(|_| classify::may_retry(&method, failure.outcome()));
            let next = again.map(|again| (again, self.next(&report, left(deadline))));
            let Some((again, Next::Wait(delay))) = next else {
                report.gave_up = next.and_then(|(_, next)| next.gave_up());
                trace::attempt(&report, failure.status(), None);
                return failure.into_result(report, &self.0.credential).await;
            };
            let because = asked.map_or(Because::Backoff, |(_, because)| because);
            trace::attempt(&report, failure.status(), Some((delay, because)));
            sleep(delay).await;
            request = again;
        }
    }

    fn next(&self, report: &Report, left: Duration) -> Next {
        self.0.retry.next(report.attempts, report.retry_after, left, clock::random())
    }

    /// Sends a request once and reads the whole answer.
    async fn attempt(&self, request: Request, left: Duration) -> Result<Answer, Failure> {
        let limits = &self.0.limits;
        let limit = limits.attempt_timeout.min(left);
        let answer = async {
            let response = self.0.http.execute(request).await.map_err(Failure::Network)?;
            Answer::read(response, limits.max_response_bytes).await
        };
        timeout(limit, answer).await.unwrap_or_else(|_| {
            // Of the whole call's time, what was left for this attempt says little.
            Err(if limit < limits.attempt_timeout {
                Failure::TimedOut(limits.timeout, "timeout")
            } else {
                Failure::TimedOut(limit, "attempt_timeout")
            })
        })
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

/// What is left until the deadline; a timeout too long for the clock has none.
fn left(deadline: Option<Instant>) -> Duration {
    deadline.map_or(Duration::MAX, |d| d.saturating_duration_since(clock::now()))
}

/// Hands a success to the generated code, which decodes it.
async fn succeed(
    answer: Answer,
    report: Report,
    info: &OperationInfo,
) -> reqwest::Result<Response> {
    if answer.status != StatusCode::OK {
        // No operation documents it; generated code keeps the extensions of what it does not expect.
        let error = Error::refused(answer.status, None, answer.body.clone(), report);
        let mut response = answer.into_response();
        response.extensions_mut().insert(error);
        return Ok(response);
    }
    if report.attempts == 1 {
        return Ok(answer.into_response());
    }
    // The generated code's decode error has no room for the number of attempts, so a retried answer is checked here.
    if let Err(misfit) = decode::check(info.operation_id, &answer.body) {
        return Error::decode(misfit, answer.body, report).into_result().await;
    }
    Ok(report.attach(answer.into_response()))
}
