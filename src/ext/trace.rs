//! Feature `tracing`: a span for each call, events for its attempts, and warnings. Without the feature
//! these functions do nothing.
//!
//! The target is `pilot_status`, and durations are in whole milliseconds. The guide lists the fields.
//! No event contains a key or a body.

use std::{future::Future, time::Duration};

use http::StatusCode;

use super::{decode::field::Field, error::outcome::CallOutcome, retry::retry_after::DelaySource};
#[cfg(feature = "tracing")]
use crate::ext::error::plain::printable_id;

#[cfg(feature = "tracing")]
const TARGET: &str = "pilot_status";

#[cfg(feature = "tracing")]
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Runs a call in its span, `pilot_status`, with the operation's id and the number's id.
#[cfg(feature = "tracing")]
pub(crate) async fn call<F: Future>(
    operation: &'static str,
    number: Option<&str>,
    call: F,
) -> F::Output {
    use tracing::Instrument;
    let number = number.map(printable_id);
    call.instrument(tracing::debug_span!(target: TARGET, "pilot_status", operation, number)).await
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn call<F: Future>(_: &'static str, _: Option<&str>, call: F) -> F {
    call
}

/// Logs the time that an attempt waited for its turn.
#[cfg(feature = "tracing")]
pub(crate) fn turn(waited: Duration) {
    if !waited.is_zero() {
        tracing::debug!(target: TARGET, delay_ms = ms(waited), because = "pacing", "turn");
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn turn(_: Duration) {}

/// Logs the end of an attempt: its status, if there was a response, and the delay before the next
/// attempt with its source. The delay of pacing is not known yet; [`turn`] logs it.
#[cfg(feature = "tracing")]
pub(crate) fn attempt(
    outcome: &CallOutcome,
    status: Option<StatusCode>,
    delay: Option<Duration>,
    source: Option<DelaySource>,
) {
    let status = status.map(|s| s.as_u16());
    let delay_ms = delay.map(ms);
    let because = source.map(DelaySource::as_str);
    tracing::debug!(target: TARGET, attempt = outcome.attempts, status, delay_ms, because, "attempt");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt(
    _: &CallOutcome,
    _: Option<StatusCode>,
    _: Option<Duration>,
    _: Option<DelaySource>,
) {
}

/// Warns that the rounds of a watch take longer than its interval, so that changes come later.
#[cfg(feature = "tracing")]
pub(crate) fn slow_rounds(every: Duration, interval: Duration) {
    let (every_ms, interval_ms) = (ms(every), ms(interval));
    tracing::warn!(target: TARGET, every_ms, interval_ms, "slow rounds");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn slow_rounds(_: Duration, _: Duration) {}

/// Warns that the server limits the rate, and that no request is sent for this time.
#[cfg(feature = "tracing")]
pub(crate) fn pause_begins(delay: Duration) {
    tracing::warn!(target: TARGET, delay_ms = ms(delay), "rate limited, calls wait for their turns");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn pause_begins(_: Duration) {}

/// Logs the end of a limit: calls are sent at once again.
#[cfg(feature = "tracing")]
pub(crate) fn pause_ends() {
    tracing::info!(target: TARGET, "no longer rate limited");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn pause_ends() {}

/// Warns that the API rejects the key of a watch. Logged once, until the key is accepted.
#[cfg(feature = "tracing")]
pub(crate) fn key_refused() {
    tracing::warn!(target: TARGET, "key refused, the watch sends one request at a time until it is accepted");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn key_refused() {}

/// Logs that the API accepts the key of a watch again.
#[cfg(feature = "tracing")]
pub(crate) fn key_accepted() {
    tracing::info!(target: TARGET, "key accepted again");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn key_accepted() {}

/// Warns that the store cannot be used. Logged once, until it works again.
#[cfg(feature = "tracing")]
pub(crate) fn store_down(why: &str) {
    tracing::warn!(target: TARGET, why, "pacing is not shared");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn store_down(_: &str) {}

/// Logs that the store works again.
#[cfg(feature = "tracing")]
pub(crate) fn store_up() {
    tracing::info!(target: TARGET, "pacing is shared again");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn store_up() {}

/// Warns that a response has another id than the request: a cache may mix up its responses.
#[cfg(feature = "tracing")]
pub(crate) fn other_id(operation: &'static str, number: &str) {
    let number = printable_id(number);
    tracing::warn!(target: TARGET, operation, number, "response for another id");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn other_id(_: &'static str, _: &str) {}

/// Warns that a response has values of undocumented types: the API may have changed.
#[cfg(feature = "tracing")]
pub(crate) fn unreadable(operation: &'static str, number: Option<&str>, response: &impl Field) {
    let mut paths = Vec::new();
    response.add_unreadable(&mut String::new(), &mut paths);
    if !paths.is_empty() {
        let number = number.map(printable_id);
        tracing::warn!(target: TARGET, operation, number, paths = paths.join(", "), "unreadable values");
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn unreadable(_: &'static str, _: Option<&str>, _: &impl Field) {}
