//! The settings of a play: limits, limiters and scenarios.

use crate::limiter::{Kind, Limit};

/// The reaction of the tasks to a 429.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strategy {
    /// The pacer of the crate.
    Paced,
    /// The pacer, with a store that has this round-trip time in seconds.
    Shared(f64),
    /// No coordination: each task waits for `Retry-After` if there is one, otherwise for a backoff.
    Alone,
}

/// The rate-limit fields of each response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fields {
    Silent,
    True,
    /// Always 0 left, for 1,000 s.
    AlwaysNone,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) strategy: Strategy,
    /// Factor by which the limit changes.
    pub(crate) step: f64,
    /// Time of that change, as a part of the best time without it. During a play, in seconds.
    pub(crate) step_at: f64,
    /// Duration in seconds, from the start, in which all responses are 429s.
    pub(crate) outage: f64,
    /// Requests that are served before the load, one a second; then none is sent for 11 s.
    pub(crate) served_before: u32,
    pub(crate) fields: Fields,
    /// Calls that are polled once, and then kept without being polled.
    pub(crate) kept: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) scenario: Scenario,
    pub(crate) kind: Kind,
    pub(crate) limit: Limit,
    pub(crate) retry_after: bool,
    pub(crate) processes: usize,
    pub(crate) tasks: usize,
    pub(crate) requests: usize,
    /// In seconds.
    pub(crate) round_trip: f64,
    pub(crate) seed: u64,
}

pub(crate) const X1: Scenario = Scenario {
    name: "× 1",
    strategy: Strategy::Paced,
    step: 1.0,
    step_at: 0.5,
    outage: 0.0,
    served_before: 0,
    fields: Fields::Silent,
    kept: 0,
};
pub(crate) const SCENARIOS: [Scenario; 9] = [
    X1,
    Scenario { name: "× 0.5", step: 0.5, ..X1 },
    Scenario { name: "× 2", step: 2.0, ..X1 },
    Scenario { name: "5 s outage first", outage: 5.0, ..X1 },
    Scenario { name: "20 s outage first", outage: 20.0, ..X1 },
    Scenario { name: "idle, then 5 s outage", outage: 5.0, served_before: 20, ..X1 },
    Scenario { name: "20 calls kept unpolled", kept: 20, ..X1 },
    Scenario { name: "true fields", fields: Fields::True, ..X1 },
    Scenario { name: "always 0 left", fields: Fields::AlwaysNone, ..X1 },
];
pub(crate) const LIMITS: [(&str, Limit); 3] = [
    ("60 per 60 s burst 10", Limit { count: 60.0, per: 60.0, burst: 10.0 }),
    ("600 per 60 s burst 100", Limit { count: 600.0, per: 60.0, burst: 100.0 }),
    ("100 per 10 s burst 16", Limit { count: 100.0, per: 10.0, burst: 16.0 }),
];
pub(crate) const LIMITERS: [(Kind, bool); 6] = [
    (Kind::FixedWindow, true),
    (Kind::FixedWindow, false),
    (Kind::TokenBucket, true),
    (Kind::TokenBucket, false),
    (Kind::SlidingLog, true),
    (Kind::SlidingLog, false),
];

/// Returns the 18 settings of a scenario.
pub(crate) fn all(scenario: Scenario, processes: usize) -> Vec<Setting> {
    let of = |(_, limit)| {
        LIMITERS.into_iter().map(move |(kind, retry_after)| Setting {
            scenario,
            kind,
            limit,
            retry_after,
            processes,
            tasks: 64,
            requests: 600,
            round_trip: 0.05,
            seed: 0,
        })
    };
    LIMITS.into_iter().flat_map(of).collect()
}
