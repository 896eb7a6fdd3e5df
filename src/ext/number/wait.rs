//! `wait_until_open`: after a QR code was shown, users ask for the state until the number is open.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::handle::{NumberHandle, target};
use crate::{
    ext::{
        clock,
        error::{Error, plain::plain_or_withheld},
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
    /// [`ErrorKind::NotOpen`](crate::ErrorKind::NotOpen), with the last state, if the number is not
    /// open within `limit`; else as [`status`](Self::status), where the failure is one that lasts.
    pub async fn wait_until_open(&self, limit: Duration) -> Result<NumberStatus, Error> {
        let (id, start) = (self.id()?, clock::now());
        let (mut delay, mut attempts) = (FIRST_DELAY, 0);
        let mut last = "its state was not told".to_owned();
        loop {
            let left = limit.saturating_sub(clock::now() - start);
            if left.is_zero() {
                return Err(Error::not_open(limit, last).after(attempts).about(target(id)));
            }
            match self.clone().timeout(self.time().min(left)).answered_status().boxed().await {
                Ok(answer) => {
                    attempts += answer.attempts;
                    let status = answer.value;
                    if is_open(&status) {
                        return Ok(status);
                    }
                    last = state(&status);
                }
                Err(error) if !error.is_retryable() => return Err(error.after(attempts)),
                Err(error) => attempts += error.attempts(),
            }
            sleep(delay.min(limit.saturating_sub(clock::now() - start))).await;
            delay = delay.mul_f64(FACTOR).min(MAX_DELAY);
        }
    }
}

/// By a reading that is not merely remembered: from before the QR code, it may say open.
fn is_open(status: &NumberStatus) -> bool {
    status.is_open() && status.stale != Some(true)
}

/// The state in words.
fn state(status: &NumberStatus) -> String {
    let Some(state) = &status.state else { return "its state is not known".to_owned() };
    let state = plain_or_withheld(state.as_str());
    let but = match (status.stale, status.is_fully_connected) {
        (Some(true), _) => ", as last remembered",
        (_, Some(false)) => ", not fully connected",
        _ => "",
    };
    format!("its state is {state}{but}")
}
