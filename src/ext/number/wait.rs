//! `wait_until_open`, for the time after a QR code is shown: polls the connection state until the
//! number is open.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::handle::NumberHandle;
use crate::{
    ext::{
        clock,
        error::{Error, NotOpen, Target},
    },
    types::NumberStatus,
};

/// The longest delay between two polls.
const MAX_DELAY: Duration = Duration::from_secs(10);
/// The growth of the delay from poll to poll.
const FACTOR: f64 = 1.5;

impl NumberHandle {
    /// Polls [`status`](Self::status) until the number is open by a live answer, not by the last known
    /// state, and returns that status. Polls every second at first, and up to every 10 s later. A
    /// temporary failure is polled again.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> Result<(), pilot_status::Error> {
    /// use std::time::Duration;
    ///
    /// // The QR code is shown; somebody has two minutes to scan it.
    /// client.number("num_1").wait_until_open(Duration::from_secs(120)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotOpen`](crate::ErrorKind::NotOpen) if the number is not open within `limit`, or
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) if a rate limit prevented the last
    /// poll. [`Error::last_status`] has the last state. If the last poll failed, its failure is the
    /// cause of the error. The wait ends early if the server requests a longer wait than is
    /// left of `limit`. A permanent failure returns the error of [`status`](Self::status). A limit of
    /// 0 is [`Error::is_invalid_input`].
    pub fn wait_until_open(
        &self,
        limit: Duration,
    ) -> impl Future<Output = Result<NumberStatus, Error>> + Send + use<> {
        self.wait_until_open_with(limit, |_| {})
    }

    /// Does the same as [`wait_until_open`](Self::wait_until_open), and calls `show` with each
    /// response and each failure, to show progress to a person.
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> Result<(), pilot_status::Error> {
    /// use std::time::Duration;
    ///
    /// let show = |answer: Result<&pilot_status::types::NumberStatus, &pilot_status::Error>| match answer {
    ///     Ok(status) => println!("{:?}", status.state),
    ///     Err(error) => println!("{error}"),
    /// };
    /// client.number("num_1").wait_until_open_with(Duration::from_secs(120), show).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The errors of [`wait_until_open`](Self::wait_until_open).
    pub fn wait_until_open_with<F>(
        &self,
        limit: Duration,
        show: F,
    ) -> impl Future<Output = Result<NumberStatus, Error>> + Send + use<F>
    where
        F: FnMut(Result<&NumberStatus, &Error>) + Send + 'static,
    {
        wait(self.clone(), limit, show).boxed()
    }
}

async fn wait(
    number: NumberHandle,
    limit: Duration,
    mut show: impl FnMut(Result<&NumberStatus, &Error>) + Send,
) -> Result<NumberStatus, Error> {
    if limit.is_zero() {
        let text = "the limit of the wait is 0, so no request would be sent: pass the time that a person needs to scan a QR code";
        return Err(Error::invalid_input(text));
    }
    let start = clock::now();
    let left = || limit.saturating_sub(clock::now() - start);
    let (mut delay, mut attempts) = (number.client.state().transport.limits.poll_delay, 0);
    let mut last = NotOpen::default();
    loop {
        let left_now = left();
        if left_now.is_zero() {
            last.limit = Some(limit);
            break;
        }
        let time = number.time().min(left_now);
        match number.clone().timeout(time).answered_status().await {
            Ok(answer) => {
                attempts += answer.attempts;
                show(Ok(&answer.value));
                if answer.value.is_open() && answer.value.stale != Some(true) {
                    return Ok(answer.value);
                }
                (last.status, last.failure) = (Some(answer.value), None);
            }
            Err(error) if !error.is_retryable() => return Err(error.after(attempts)),
            Err(error) => {
                attempts += error.attempts();
                show(Err(&error));
                // If a state is known, a last poll that the limit cut short adds nothing, unless a
                // rate limit delayed it.
                let is_cut = error.is_out_of_time() && !error.is_rate_limited();
                let is_cut = is_cut && left().is_zero() && last.status.is_some();
                last.failure = Some(error).filter(|_| !is_cut);
            }
        }
        let requested = last.failure.as_ref().and_then(Error::requested_wait).unwrap_or_default();
        if requested > left() {
            break;
        }
        sleep(delay.max(requested).min(left())).await;
        delay = delay.mul_f64(FACTOR).min(MAX_DELAY);
    }
    Err(Error::not_open(last).after(attempts).about(Target::Number(number.id()?.clone())))
}
