//! Feature `tracing`: a span for each call, an event for each attempt, and warnings; without it, nothing.
//! Neither holds an id, a key or a body, so that logs can be kept.

use std::{future::Future, time::Duration};

use http::StatusCode;

use super::{decode::field::Field, error::outcome::CallOutcome, retry::retry_after::DelaySource};

/// Runs a call in its span, `pilot_status`, with the operation's id.
#[cfg(feature = "tracing")]
pub(crate) async fn call<F: Future>(operation: &'static str, call: F) -> F::Output {
    use tracing::Instrument;
    call.instrument(tracing::debug_span!("pilot_status", operation)).await
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn call<F: Future>(_: &'static str, call: F) -> F {
    call
}

/// A call has its turn after waiting for this long.
#[cfg(feature = "tracing")]
pub(crate) fn turn(waited: Duration) {
    if !waited.is_zero() {
        tracing::debug!(delay_ms = waited.as_secs_f64() * 1e3, because = "pacing", "turn");
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn turn(_: Duration) {}

/// An attempt that brought an answer, or no answer (`status` is `None`), and what it is followed
/// by.
#[cfg(feature = "tracing")]
pub(crate) fn attempt(
    outcome: &CallOutcome,
    status: Option<StatusCode>,
    next: Option<(Duration, DelaySource)>,
) {
    let status = status.map(|s| s.as_u16());
    let delay_ms = next.map(|(delay, _)| delay.as_secs_f64() * 1e3);
    let because = next.map(|(_, because)| because.as_str());
    tracing::debug!(attempt = outcome.attempts, status, delay_ms, because, "attempt");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt(_: &CallOutcome, _: Option<StatusCode>, _: Option<(Duration, DelaySource)>) {}

/// The rounds of a watch take longer than was asked for: a warning, since what it tells is older.
#[cfg(feature = "tracing")]
pub(crate) fn slow_rounds(every: Duration, interval: Duration) {
    let (every_ms, interval_ms) = (every.as_secs_f64() * 1e3, interval.as_secs_f64() * 1e3);
    tracing::warn!(every_ms, interval_ms, "slow rounds");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn slow_rounds(_: Duration, _: Duration) {}

/// The store cannot be asked: told once, until it can.
#[cfg(feature = "tracing")]
pub(crate) fn store_down(why: &str) {
    tracing::warn!(why, "pacing is not shared");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn store_down(_: &str) {}

/// The store answers again.
#[cfg(feature = "tracing")]
pub(crate) fn store_up() {
    tracing::info!("pacing is shared again");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn store_up() {}

/// An answer has another id than was asked for: a warning, since a cache may mix up its answers.
#[cfg(feature = "tracing")]
pub(crate) fn other_id(operation: &'static str) {
    tracing::warn!(operation, "answer with another id than was asked for");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn other_id(_: &'static str) {}

/// An answer holds values that are not of their documented types: a warning, since it may be a
/// change of the API that this crate does not know.
#[cfg(feature = "tracing")]
pub(crate) fn unreadable(operation: &'static str, answer: &impl Field) {
    let mut paths = Vec::new();
    answer.add_unreadable(&mut String::new(), &mut paths);
    if !paths.is_empty() {
        tracing::warn!(operation, paths = paths.join(", "), "unreadable values");
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn unreadable(_: &'static str, _: &impl Field) {}
