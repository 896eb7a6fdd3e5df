//! One call: attempts until there is something to return.

use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::{Request, Response, Url};
use tokio::time::{Instant, sleep};

use super::{
    again::Again,
    answer::{Answer, Failure},
    clock, decode,
    pacing::{InFlight, RateLimit, rate_limit},
    report::Report,
    retry::{Because, GaveUp, Next, classify},
    trace,
    transport::Shared,
};
use crate::Error;

/// A call on its way.
pub(super) struct Call<'a> {
    shared: &'a Shared,
    deadline: Option<Instant>,
    /// Answers with a 429.
    rejections: u32,
    /// What the server asked for last.
    asked: Option<(Duration, Because)>,
    report: Report,
}

impl<'a> Call<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        // A timeout too long for the clock sets no deadline.
        let deadline = clock::now().checked_add(shared.limits.timeout);
        Self { shared, deadline, rejections: 0, asked: None, report: Report::default() }
    }

    /// Tries until there is a success, a refusal, or the last failure that the policy allows.
    #[expect(clippy::manual_async_fn, reason = "an async function keeps its arguments twice")]
    pub(super) fn run(
        mut self,
        mut request: Request,
        operation: &'static str,
    ) -> impl Future<Output = Result<Response, Error>> {
        async move {
            let mut last = None;
            loop {
                let in_flight = match self.admit().await {
                    Ok(in_flight) => in_flight,
                    Err(wait) => return self.too_late(last, request.url().clone(), wait),
                };
                self.report.attempts += 1;
                let (method, url) = (request.method().clone(), request.url().clone());
                let again = Again::of(&request, &self.shared.credential);
                let sent = self.shared.send(request, self.left()).await;
                let failure = match self.learn(sent, in_flight) {
                    Ok(answer) => return self.succeed(answer, url, operation),
                    Err(failure) => failure,
                };
                let next = again.and_then(|again| Some((again, self.next(&method, &failure)?)));
                let Some((again, delay)) = next else {
                    return self.fail(failure, url);
                };
                sleep(delay).await;
                request = again.request(method, url, &self.shared.credential);
                last = Some(failure);
            }
        }
    }

    /// Waits for the call's turn, if there is pacing.
    async fn admit(&self) -> Result<Option<InFlight<'a>>, Duration> {
        let Some(queue) = &self.shared.queue else {
            return Ok(None);
        };
        let is_last = self.rejections > 1 && self.shared.retry.is_last(self.report.attempts + 1);
        queue.admit(self.deadline, is_last).await.map(Some)
    }

    /// Tells the queue and the budget what came of an attempt.
    fn learn(
        &mut self,
        sent: Result<Box<Answer>, Failure>,
        in_flight: Option<InFlight<'a>>,
    ) -> Result<Box<Answer>, Failure> {
        let failure = match sent {
            Ok(answer) if answer.status.is_success() => {
                if let Some(in_flight) = in_flight {
                    in_flight.served(remaining(&answer));
                }
                self.shared.refund();
                return Ok(answer);
            }
            Ok(answer) => Failure::Refused(answer),
            Err(failure) => failure,
        };
        self.asked = failure.retry_after(clock::wall());
        self.report.retry_after = self.asked.map(|(wait, _)| wait);
        match (in_flight, failure.status()) {
            (Some(in_flight), Some(StatusCode::TOO_MANY_REQUESTS)) => {
                self.rejections += 1;
                in_flight.rejected(self.report.retry_after, failure.answer().and_then(remaining));
            }
            (Some(in_flight), Some(_)) => in_flight.served(failure.answer().and_then(remaining)),
            // Dropped: nothing was learned.
            (_, None) | (None, _) => {}
        }
        Err(failure)
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn next(&mut self, method: &Method, failure: &Failure) -> Option<Duration> {
        if !classify::may_retry(method, failure.outcome()) {
            let would_as_get = classify::may_retry(&Method::GET, failure.outcome());
            self.report.gave_up = would_as_get.then_some(GaveUp::NotSafe);
            return None;
        }
        let rejected = failure.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        let paced = rejected && self.shared.queue.is_some();
        // The queue knows best how long to wait after a 429; the policy only says whether.
        let asked = self.report.retry_after.or(paced.then_some(Duration::ZERO));
        let policy = &self.shared.retry;
        let delay = match policy.next(self.report.attempts, asked, self.left(), clock::random()) {
            Next::Wait(_) if !rejected && !self.shared.may_spend() => {
                self.report.gave_up = Some(GaveUp::Budget);
                return None;
            }
            Next::Wait(delay) => delay,
            Next::GiveUp(why) => {
                self.report.gave_up = Some(why);
                return None;
            }
        };
        let because = match self.asked {
            Some((_, because)) => because,
            None if paced => Because::Pacing,
            None => Because::Backoff,
        };
        trace::attempt(&self.report, failure.status(), Some((delay, because)));
        Some(if paced { Duration::ZERO } else { delay })
    }

    /// Hands a success to the generated code, which decodes it.
    fn succeed(self, answer: Box<Answer>, url: Url, operation: &str) -> Result<Response, Error> {
        let report = self.report;
        trace::attempt(&report, Some(answer.status), None);
        if answer.status != StatusCode::OK {
            // No operation documents it; generated code keeps the extensions of what it does not expect.
            let error = Error::refused(answer.status, None, answer.body.clone(), report);
            let mut response = answer.into_response(url);
            response.extensions_mut().insert(error);
            return Ok(response);
        }
        if report.attempts == 1 {
            return Ok(answer.into_response(url));
        }
        // The generated code's decode error has no room for the number of attempts, so a retried answer is checked here.
        if let Err(error) = decode::check(operation, &answer.body) {
            return Err(Error::decode(&error, answer.body, report));
        }
        Ok(report.attach(answer.into_response(url)))
    }

    /// Ends the call with its last failure.
    fn fail(self, failure: Failure, url: Url) -> Result<Response, Error> {
        trace::attempt(&self.report, failure.status(), None);
        failure.into_result(self.report, &self.shared.credential, url)
    }

    /// Ends the call since its turn would come, in `wait`, after its deadline.
    fn too_late(
        mut self,
        last: Option<Failure>,
        url: Url,
        wait: Duration,
    ) -> Result<Response, Error> {
        self.report.retry_after = self.report.retry_after.max(Some(wait));
        self.report.gave_up = Some(GaveUp::Timeout);
        match last {
            Some(failure) => self.fail(failure, url),
            None => Err(Error::not_admitted(self.report)),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |d| d.saturating_duration_since(clock::now()))
    }
}

/// What the server says is left of its limit.
fn remaining(answer: &Answer) -> Option<RateLimit> {
    rate_limit::read(&answer.headers, clock::wall())
}
