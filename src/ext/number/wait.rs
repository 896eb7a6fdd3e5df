//! `wait_until_open`: after a QR code was shown, users ask for the state until the number is open.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::handle::{NumberHandle, target};
use crate::{
    ext::{
        clock,
        error::{Error, NotOpen},
    },
    types::NumberStatus,
};

/// From one question to the next: at first,
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// at most,
const MAX_DELAY: Duration = Duration::from_secs(10);
/// and how much longer each time.
const FACTOR: f64 = 1.5;

impl NumberHandle {
    /// Asks for [`status`](Self::status) until the number is open, and not merely remembered as
    /// open: at first every second, then less often, up to every 10 s, and by the client's pacing.
    /// Returns the last status.
    ///
    /// A question that fails by what is temporary is asked again.
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
    /// [`ErrorKind::NotOpen`](crate::ErrorKind::NotOpen) if the number is not open within `limit`:
    /// [`Error::last_status`] has its last state, and the cause of the error is the failure of the
    /// last question, where it failed. It comes at once where the server asks for a longer wait than
    /// is left of `limit`. Else as [`status`](Self::status), where the failure is one that lasts;
    /// and [`Error::is_invalid_input`] for a limit of 0.
    pub fn wait_until_open(
        &self,
        limit: Duration,
    ) -> impl Future<Output = Result<NumberStatus, Error>> + Send + use<> {
        self.wait_until_open_with(limit, |_| {})
    }

    /// As [`wait_until_open`](Self::wait_until_open), with a function that is called with each
    /// answer and each failure, so that a person can be shown how it goes.
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
    /// As [`wait_until_open`](Self::wait_until_open).
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
        let text = "the limit of the wait is 0, so nothing would be asked: give the time that a person needs to scan a QR code";
        return Err(Error::invalid_input(text));
    }
    let start = clock::now();
    let left = || limit.saturating_sub(clock::now() - start);
    let (mut delay, mut attempts) = (FIRST_DELAY, 0);
    let mut last = NotOpen { limit, ..NotOpen::default() };
    loop {
        let time = number.time().min(left());
        match number.clone().timeout(time).answered_status().await {
            Ok(answer) => {
                attempts += answer.attempts;
                show(Ok(&answer.value));
                if is_open(&answer.value) {
                    return Ok(answer.value);
                }
                (last.status, last.failure) = (Some(answer.value), None);
            }
            Err(error) if !error.is_retryable() => return Err(error.after(attempts)),
            Err(error) => {
                attempts += error.attempts();
                show(Err(&error));
                // That the limit cut the last question short is no news beside a known state.
                let is_cut = error.is_out_of_time() && left().is_zero() && last.status.is_some();
                last.failure = Some(error).filter(|_| !is_cut);
            }
        }
        let asked = last.failure.as_ref().and_then(Error::retry_after).unwrap_or_default();
        if asked > left() {
            break;
        }
        sleep(delay.max(asked).min(left())).await;
        if left().is_zero() {
            break;
        }
        delay = delay.mul_f64(FACTOR).min(MAX_DELAY);
    }
    Err(Error::not_open(last).after(attempts).about(target(number.id()?)))
}

fn is_open(status: &NumberStatus) -> bool {
    status.is_open() && status.stale != Some(true)
}
