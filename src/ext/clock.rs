//! The only place that reads a clock or draws a random number; everything else takes them as
//! arguments.
#![expect(clippy::disallowed_methods, reason = "this module is where the ban is lifted")]

use std::time::SystemTime;

use tokio::time::Instant;

/// The monotonic clock, which the tests of tokio can pause.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, for dates that the server sends.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// A number in `0.0..1.0`.
pub(crate) fn random() -> f64 {
    fastrand::f64()
}
