//! Makes attempts until one succeeds or no further attempt is allowed. This is the only loop of
//! attempts: it applies a call's deadline, retry limit and turns.

use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::Request;
use tokio::time::{Instant, sleep};

use super::{
    buffered_response::BufferedResponse, failure::Failure, on_wire::Sending, transport::Transport,
};
use crate::ext::{
    clock,
    error::{CallOutcome, Error, Kind, StopReason},
    pacing::{
        pacer::{InFlight, TurnRequest},
        rate_limit,
    },
    trace,
};

pub(crate) struct Call<'a> {
    transport: &'a Transport,
    timeout: Duration,
    deadline: Instant,
    /// Number of 429 responses.
    rejections: u32,
    outcome: CallOutcome,
    /// Source of `outcome.retry_after`, for the log: a header field or the body.
    requested_by: Option<&'static str>,
    /// The call's place in the queue of the pacer.
    ticket: Option<u64>,
}

/// A response with any success status, or the failure that ended the call.
type Ended = (Result<BufferedResponse, Failure>, CallOutcome);

impl<'a> Call<'a> {
    pub(crate) fn new(transport: &'a Transport, timeout: Duration) -> Self {
        Self {
            transport,
            timeout,
            deadline: clock::after(clock::now(), timeout),
            rejections: 0,
            outcome: CallOutcome::default(),
            requested_by: None,
            ticket: None,
        }
    }

    pub(crate) async fn run(mut self, mut request: Request) -> Ended {
        let (method, mut last) = (request.method().clone(), None);
        self.transport.figures.call();
        loop {
            let in_flight = match self.admit().await {
                Ok(in_flight) => in_flight,
                Err(wait) => return self.too_late(last, wait),
            };
            self.transport.figures.attempt(self.outcome.attempts == 0);
            self.outcome.attempts += 1;
            // A body that can be read only once cannot be sent again.
            let again = copy(&request);
            let sending = Sending::begin();
            let sent = self.transport.send(request, self.left(), self.timeout).await;
            drop(sending);
            self.record(&sent, in_flight);
            let (failure, again) = match (sent, again) {
                (Err(failure), Some(again)) => (failure, again),
                (result, _) => return self.end(result),
            };
            match self.decide(&method, &failure) {
                Ok(delay) => sleep(delay).await,
                Err(reason) => {
                    self.outcome.stop_reason = Some(reason);
                    return self.end(Err(failure));
                }
            }
            request = again;
            last = Some(failure);
        }
    }

    async fn admit(&mut self) -> Result<Option<InFlight<'a>>, Duration> {
        let Some(pacer) = &self.transport.pacer else {
            return Ok(None);
        };
        let next = self.outcome.attempts + 1;
        let is_last_chance = self.rejections > 1 && self.transport.retry.is_last(next);
        let (now, deadline) = (clock::now(), self.deadline);
        let request = TurnRequest { now, deadline, is_last_chance, ticket: &mut self.ticket };
        let in_flight = pacer.admit(request).await?;
        if !in_flight.waited.is_zero() {
            trace::turn(in_flight.waited);
        }
        Ok(Some(in_flight))
    }

    /// Reports the outcome of an attempt to the pacer, stores the wait that the server requests, and
    /// refunds the retry budget after a success.
    fn record(
        &mut self,
        sent: &Result<BufferedResponse, Failure>,
        in_flight: Option<InFlight<'a>>,
    ) {
        let now = clock::wall();
        match sent {
            Ok(_) => self.transport.budget.deposit(),
            Err(failure) => {
                (self.outcome.retry_after, self.requested_by) = failure.retry_after(now).unzip();
            }
        }
        // Without a response, `in_flight` is dropped here, and its `Drop` reports an unanswered
        // request.
        let response = sent.as_ref().map_or_else(Failure::response, Some);
        if let (Some(in_flight), Some(response)) = (in_flight, response) {
            if response.status == StatusCode::TOO_MANY_REQUESTS {
                self.rejections += 1;
                in_flight.rejected(self.outcome.retry_after);
            } else {
                in_flight.served(rate_limit::read(&response.headers, now));
            }
        }
    }

    /// Returns the delay before the next attempt, or the reason to stop. The delay is zero if the
    /// queue decides how long to wait.
    fn decide(&self, method: &Method, failure: &Failure) -> Result<Duration, StopReason> {
        failure.resend().check(method)?;
        let (policy, status, left) = (&self.transport.retry, failure.status(), self.left());
        let CallOutcome { attempts, retry_after: requested, .. } = self.outcome;
        let is_rejected = status == Some(StatusCode::TOO_MANY_REQUESTS);
        if is_rejected && self.transport.pacer.is_some() {
            policy.check(attempts, requested.unwrap_or_default(), left)?;
            trace::attempt(&self.outcome, status, None, Some("pacing"));
            return Ok(Duration::ZERO);
        }
        let delay = policy.next(attempts, requested, left, clock::random())?;
        // Retries after a 429 or a fault of this machine are free, since they do not add to an
        // outage.
        let is_free = is_rejected || failure.is_local() || !policy.budget;
        if !is_free && !self.transport.budget.withdraw() {
            return Err(StopReason::Budget);
        }
        let source = self.requested_by.unwrap_or("backoff");
        trace::attempt(&self.outcome, status, Some(delay), Some(source));
        Ok(delay)
    }

    /// Ends a call because its turn would come after its deadline. `wait` is the time until the turn.
    fn too_late(mut self, last: Option<Failure>, wait: Duration) -> Ended {
        let requested = self.transport.pacer.as_ref().and_then(|pacer| pacer.requested_wait());
        self.outcome.retry_after = self.outcome.retry_after.max(requested);
        self.outcome.turn_in = Some(wait);
        self.outcome.stop_reason = Some(StopReason::Timeout);
        // Does not call `end`, because `decide` has logged the last attempt, if there was one.
        let failure = last.unwrap_or_else(|| Failure::Other(Error::new(Kind::NotAdmitted)));
        (Err(failure), self.outcome)
    }

    fn end(self, result: Result<BufferedResponse, Failure>) -> Ended {
        let status = result.as_ref().map_or_else(Failure::status, |response| Some(response.status));
        trace::attempt(&self.outcome, status, None, None);
        (result, self.outcome)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(clock::now())
    }
}

/// Copies the method, URL, headers and body of a request; the generated operations set nothing else.
/// Returns `None` if the body can be read only once. `try_clone` for every request would cost three
/// more allocations and 2.1 % more instructions (`cargo run --release --package speed -- --check`).
fn copy(request: &Request) -> Option<Request> {
    if request.body().is_some() {
        return request.try_clone();
    }
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn copied_request_equals_the_original() {
        let mut request = Request::new(Method::DELETE, "http://127.0.0.1/a?b=c".parse().unwrap());
        let mut secret = HeaderValue::from_static("ps_1");
        secret.set_sensitive(true);
        request.headers_mut().append("x-api-key", secret);
        for body in [None, Some("body".into())] {
            *request.body_mut() = body;
            let again = copy(&request).unwrap();
            assert_eq!((again.method(), again.url()), (request.method(), request.url()));
            assert_eq!(again.headers(), request.headers());
            assert!(again.headers()["x-api-key"].is_sensitive());
            let bytes = |r: &Request| r.body().and_then(|b| b.as_bytes().map(<[u8]>::to_vec));
            assert_eq!(bytes(&again), bytes(&request));
        }
    }
}
