//! Feature `tracing`: a span for each call, events for its attempts, and warnings. Without the feature
//! these functions do nothing.
//!
//! The target is `pilot_status`, and durations are in whole milliseconds. The guide lists the fields.
//! No event contains a key or a body.
#![cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "these functions do nothing without the feature")
)]

use std::time::Duration;

use http::StatusCode;

use super::{decode::field::Field, error::CallOutcome};
#[cfg(feature = "tracing")]
use crate::ext::{clock::milliseconds as ms, error::plain::printable_id};

#[cfg(feature = "tracing")]
const TARGET: &str = "pilot_status";

/// Runs a call in its span, `pilot_status`, with the operation's id and the number's id.
pub(crate) fn call<F: Future>(
    operation: &'static str,
    number: Option<&str>,
    call: F,
) -> impl Future<Output = F::Output> + use<F> {
    #[cfg(feature = "tracing")]
    let call = {
        let number = number.map(printable_id);
        let span = tracing::debug_span!(target: TARGET, "pilot_status", operation, number);
        tracing::Instrument::instrument(call, span)
    };
    call
}

/// Defines functions that log one event each.
macro_rules! events {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) => $level:ident($($event:tt)+);)+) => {$(
        $(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) {
            #[cfg(feature = "tracing")]
            tracing::$level!(target: TARGET, $($event)+);
        }
    )+};
}

events! {
    /// Logs the time that an attempt waited for its turn.
    fn turn(waited: Duration) => debug(delay_ms = ms(waited), because = "pacing", "turn");
    /// Logs the end of an attempt: its status, if there was a response, and the delay before the next
    /// attempt with its source. The delay of pacing is not known yet; [`turn`] logs it.
    fn attempt(
        outcome: &CallOutcome,
        status: Option<StatusCode>,
        delay: Option<Duration>,
        source: Option<&'static str>
    ) => debug(
        attempt = outcome.attempts,
        status = status.map(|status| status.as_u16()),
        delay_ms = delay.map(ms),
        because = source,
        "attempt"
    );
    fn slow_rounds(every: Duration, interval: Duration) =>
        warn(every_ms = ms(every), interval_ms = ms(interval), "slow rounds");
    fn pause_begins(delay: Duration) =>
        warn(delay_ms = ms(delay), "rate limited, calls wait for their turns");
    fn pause_ends() => info("no longer rate limited");
    /// Warns that the API rejects the key of a watch. Logged once, until the key is accepted.
    fn key_refused() =>
        warn("key refused, the watch sends one request at a time until it is accepted");
    fn key_accepted() => info("key accepted again");
    /// Warns that the store cannot be used. Logged once, until it works again.
    fn store_down(why: &str) => warn(why, "pacing is not shared");
    /// Warns that the state of a watch cannot be written. Logged once a minute, until it can.
    fn state_not_saved(why: &std::io::Error) => warn(%why, "state of the watch is not saved");
    fn store_up() => info("pacing is shared again");
    /// Warns that a response has another id than the request: a cache may mix up its responses.
    fn other_id(operation: &'static str, number: &str) =>
        warn(operation, number = printable_id(number), "response for another id");
    fn outage_begins() => warn("API out of service, the last calls of the watch have all failed");
    fn outage_ends() => info("API back in service");
}

/// Warns that a response has values of undocumented types: the API may have changed.
pub(crate) fn unreadable(operation: &'static str, number: Option<&str>, response: &impl Field) {
    #[cfg(feature = "tracing")]
    {
        let paths = response.malformed();
        if !paths.is_empty() {
            let (number, paths) = (number.map(printable_id), paths.join(", "));
            tracing::warn!(target: TARGET, operation, number, paths, "unreadable values");
        }
    }
}
