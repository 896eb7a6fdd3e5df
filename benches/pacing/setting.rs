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
    /// Each response reports the quota that is left.
    pub(crate) reports_quota: bool,
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
    reports_quota: false,
};
pub(crate) const SCENARIOS: [Scenario; 7] = [
    X1,
    Scenario { name: "× 0.5", step: 0.5, ..X1 },
    Scenario { name: "× 2", step: 2.0, ..X1 },
    Scenario { name: "5 s outage first", outage: 5.0, ..X1 },
    Scenario { name: "20 s outage first", outage: 20.0, ..X1 },
    Scenario { name: "idle, then 5 s outage", outage: 5.0, served_before: 20, ..X1 },
    Scenario { name: "quota reported", reports_quota: true, ..X1 },
];
const LIMITS: [Limit; 3] = [
    Limit { count: 60.0, per: 60.0, burst: 10.0 },
    Limit { count: 600.0, per: 60.0, burst: 100.0 },
    Limit { count: 100.0, per: 10.0, burst: 16.0 },
];
const KINDS: [Kind; 3] = [Kind::FixedWindow, Kind::TokenBucket, Kind::SlidingLog];

/// Returns the 18 settings of a scenario.
pub(crate) fn all(scenario: Scenario, processes: usize) -> Vec<Setting> {
    let (tasks, requests, round_trip, seed) = (64, 600, 0.05, 0);
    let mut settings = Vec::new();
    for (limit, kind) in LIMITS.into_iter().flat_map(|limit| KINDS.map(|kind| (limit, kind))) {
        settings.extend([true, false].map(|retry_after| Setting {
            scenario,
            kind,
            limit,
            retry_after,
            processes,
            tasks,
            requests,
            round_trip,
            seed,
        }));
    }
    settings
}
