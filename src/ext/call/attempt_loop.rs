//! Makes attempts until one succeeds or no other may follow. This is the only loop of attempts, so
//! it enforces deadline, retries and turns of a call.

use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::{Request, Url};
use tokio::time::{Instant, sleep};

use super::{
    buffered_response::BufferedResponse, failure::Failure, on_wire::Sending,
    replayable_request::ReplayableRequest, transport::Transport,
};
use crate::ext::{
    clock,
    error::outcome::{CallOutcome, StopReason},
    pacing::{
        pacer::{Asking, InFlight},
        rate_limit::{self, RateLimit},
    },
    retry::retry_after::DelaySource,
    trace,
};

/// A call in progress.
pub(crate) struct Call<'a> {
    transport: &'a Transport,
    timeout: Duration,
    deadline: Option<Instant>,
    /// Number of 429 responses.
    rejections: u32,
    /// The wait that the server requested last.
    retry_after: Option<(Duration, DelaySource)>,
    outcome: CallOutcome,
    /// Its place in the queue of the pacer.
    ticket: Option<u64>,
}

/// A finished call.
pub(crate) struct Ended {
    /// A response with any success status, or the last failure.
    pub(crate) result: Result<BufferedResponse, Failure>,
    pub(crate) outcome: CallOutcome,
    pub(crate) url: Url,
}

impl<'a> Call<'a> {
    pub(crate) fn new(transport: &'a Transport, timeout: Duration) -> Self {
        // A timeout beyond the range of the clock sets no deadline.
        let deadline = clock::now().checked_add(timeout);
        let outcome = CallOutcome::default();
        Self {
            transport,
            timeout,
            deadline,
            rejections: 0,
            retry_after: None,
            outcome,
            ticket: None,
        }
    }

    /// Makes attempts until one succeeds, one fails for good, or the policy allows no more.
    pub(crate) async fn run(mut self, mut request: Request) -> Ended {
        let mut last = None;
        self.transport.figures.call();
        loop {
            let in_flight = match self.admit().await {
                Ok(in_flight) => in_flight,
                Err(wait) => return self.too_late(last, request.url().clone(), wait),
            };
            self.transport.figures.attempt(self.outcome.attempts == 0);
            self.outcome.attempts += 1;
            let (method, url) = (request.method().clone(), request.url().clone());
            let replayable = ReplayableRequest::of(&request);
            let sending = Sending::begin();
            let sent = self.transport.send(request, self.left(), self.timeout).await;
            drop(sending);
            let failure = match self.record(sent, in_flight) {
                Ok(response) => return self.end(Ok(response), url),
                Err(failure) => failure,
            };
            // A body that can be read only once cannot be sent again.
            let Some(replayable) = replayable else { return self.end(Err(failure), url) };
            match self.decide(&method, &failure) {
                Ok(delay) => sleep(delay).await,
                Err(reason) => {
                    self.outcome.stop_reason = Some(reason);
                    return self.end(Err(failure), url);
                }
            }
            request = replayable.into_request(method, url);
            last = Some(failure);
        }
    }

    /// Waits for the call's turn, if there is pacing.
    async fn admit(&mut self) -> Result<Option<InFlight<'a>>, Duration> {
        let Some(pacer) = &self.transport.pacer else {
            return Ok(None);
        };
        let next = self.outcome.attempts + 1;
        let is_last = self.rejections > 1 && self.transport.retry.is_last(next);
        let (now, deadline) = (clock::now(), self.deadline);
        let asking = Asking { now, deadline, is_last, ticket: &mut self.ticket };
        let in_flight = pacer.admit(asking).await?;
        trace::turn(in_flight.waited);
        Ok(Some(in_flight))
    }

    /// Reports the outcome of an attempt to the queue and to the budget.
    fn record(
        &mut self,
        sent: Result<BufferedResponse, Failure>,
        in_flight: Option<InFlight<'a>>,
    ) -> Result<BufferedResponse, Failure> {
        let failure = match sent {
            Ok(response) if response.status.is_success() => {
                if let Some(in_flight) = in_flight {
                    in_flight.served(rate_limit(&response));
                }
                self.transport.deposit();
                return Ok(response);
            }
            Ok(response) => Failure::Refused(Box::new(response)),
            Err(failure) => failure,
        };
        self.retry_after = failure.retry_after(clock::wall());
        self.outcome.retry_after = self.retry_after.map(|(wait, _)| wait);
        match (in_flight, failure.status()) {
            (Some(in_flight), Some(StatusCode::TOO_MANY_REQUESTS)) => {
                self.rejections += 1;
                let limit = failure.response().and_then(rate_limit);
                in_flight.rejected(self.outcome.retry_after, limit);
            }
            (Some(in_flight), Some(_)) => {
                in_flight.served(failure.response().and_then(rate_limit));
            }
            // Dropping `in_flight` reports a request without a response.
            (_, None) | (None, _) => {}
        }
        Err(failure)
    }

    /// Returns the wait before the next attempt, or the reason to stop.
    fn decide(&self, method: &Method, failure: &Failure) -> Result<Duration, StopReason> {
        failure.resend().check(method)?;
        let rejected = failure.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        let paced = rejected && self.transport.pacer.is_some();
        // After a 429 the queue decides how long to wait; the policy decides only whether to retry.
        let requested = self.outcome.retry_after.or(paced.then_some(Duration::ZERO));
        let (attempts, left) = (self.outcome.attempts, self.left());
        let delay = self.transport.retry.next(attempts, requested, left, clock::random())?;
        // Retries after a 429 or a fault of this machine are free, since they do not add to an
        // outage.
        let is_free = rejected || failure.is_local();
        if !is_free && !self.transport.withdraw() {
            return Err(StopReason::Budget);
        }
        let source = match self.retry_after {
            Some((_, source)) => source,
            None if paced => DelaySource::Pacing,
            None => DelaySource::Backoff,
        };
        trace::attempt(&self.outcome, failure.status(), Some((delay, source)));
        Ok(if paced { Duration::ZERO } else { delay })
    }

    /// Ends a call whose turn would come in `wait`, after its deadline.
    fn too_late(mut self, last: Option<Failure>, url: Url, wait: Duration) -> Ended {
        self.outcome.retry_after = self.outcome.retry_after.max(Some(wait));
        self.outcome.stop_reason = Some(StopReason::Timeout);
        match last {
            Some(failure) => self.end(Err(failure), url),
            None => Ended { result: Err(Failure::NotAdmitted), outcome: self.outcome, url },
        }
    }

    fn end(self, result: Result<BufferedResponse, Failure>, url: Url) -> Ended {
        let status = result.as_ref().map_or_else(Failure::status, |response| Some(response.status));
        trace::attempt(&self.outcome, status, None);
        Ended { result, outcome: self.outcome, url }
    }

    fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |d| d.saturating_duration_since(clock::now()))
    }
}

/// Returns the quota that the response reports as left.
fn rate_limit(response: &BufferedResponse) -> Option<RateLimit> {
    rate_limit::read(&response.headers, clock::wall())
}
