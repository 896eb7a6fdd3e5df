//! The settings of a play: limits, limiters, scenarios and loads.

use crate::limiter::{Kind, Limit};

/// Round-trip time in seconds.
pub(crate) const ROUND_TRIP: f64 = 0.05;

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
    /// Factor by which the limit changes after half of the best time.
    pub(crate) step: f64,
    /// Begin and end of a span in which all responses are 429s, in seconds since the load began.
    pub(crate) outage: [f64; 2],
    /// Requests that are served before the load, one a second; then none is sent for 11 s.
    pub(crate) served_before: u32,
    /// Each response reports the quota that is left.
    pub(crate) reports_quota: bool,
}

impl Scenario {
    /// Returns the end of the outage, if this time since the load began is in it.
    pub(crate) fn outage_end(&self, time: f64) -> Option<f64> {
        let [begin, end] = self.outage;
        (begin..end).contains(&time).then_some(end)
    }
}

/// A server and the calls to it. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) scenario: Scenario,
    pub(crate) kind: Kind,
    pub(crate) limit: Limit,
    pub(crate) retry_after: bool,
    pub(crate) processes: usize,
    /// Tasks of all processes. A task makes one call at a time.
    pub(crate) tasks: usize,
    /// Calls of all tasks.
    pub(crate) requests: usize,
    /// Least time from the begin of one call to that of the next.
    pub(crate) every: f64,
    pub(crate) timeout: f64,
    /// A call ends at its timeout, or when its last attempt is rejected. Otherwise it goes on until
    /// it is served.
    pub(crate) may_fail: bool,
}

pub(crate) const X1: Scenario = Scenario {
    name: "× 1",
    strategy: Strategy::Paced,
    step: 1.0,
    outage: [0.0, 0.0],
    served_before: 0,
    reports_quota: false,
};
pub(crate) const SCENARIOS: [Scenario; 7] = [
    X1,
    Scenario { name: "× 0.5", step: 0.5, ..X1 },
    Scenario { name: "× 2", step: 2.0, ..X1 },
    Scenario { name: "5 s outage first", outage: [0.0, 5.0], ..X1 },
    Scenario { name: "20 s outage first", outage: [0.0, 20.0], ..X1 },
    Scenario { name: "idle, then 5 s outage", outage: [0.0, 5.0], served_before: 20, ..X1 },
    Scenario { name: "quota reported", served_before: 1, reports_quota: true, ..X1 },
];
const LIMITS: [Limit; 3] = [
    Limit { count: 60.0, per: 60.0, burst: 10.0 },
    Limit { count: 600.0, per: 60.0, burst: 100.0 },
    Limit { count: 100.0, per: 10.0, burst: 16.0 },
];
const KINDS: [Kind; 3] = [Kind::FixedWindow, Kind::TokenBucket, Kind::SlidingLog];
const DRAIN: Setting = Setting {
    scenario: X1,
    kind: Kind::TokenBucket,
    limit: Limit { count: 10.0, per: 1.0, burst: 20.0 },
    retry_after: true,
    processes: 1,
    tasks: 64,
    requests: 600,
    every: 0.0,
    timeout: 90.0,
    may_fail: false,
};

/// Returns the 18 settings of a scenario.
pub(crate) fn all(scenario: Scenario, processes: usize) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (limit, kind) in LIMITS.into_iter().flat_map(|limit| KINDS.map(|kind| (limit, kind))) {
        let setting = Setting { scenario, kind, limit, processes, ..DRAIN };
        settings.extend([setting, Setting { retry_after: false, ..setting }]);
    }
    settings
}

/// Returns the settings of the hard loads.
pub(crate) fn hard() -> [Setting; 3] {
    let scenario = |name, outage| Scenario { name, outage, ..X1 };
    [
        Setting {
            scenario: scenario("overload: 30 calls a second for 40 s, timeout 3 s", X1.outage),
            tasks: 1_200,
            requests: 1_200,
            every: 1.0 / 30.0,
            timeout: 3.0,
            may_fail: true,
            ..DRAIN
        },
        Setting {
            scenario: scenario(
                "outage: a call every 1.25 s, 429s from second 20 to 100",
                [20.0, 100.0],
            ),
            tasks: 4,
            requests: 88,
            every: 1.25,
            ..DRAIN
        },
        Setting {
            scenario: scenario("HAProxy's `http_req_rate(10s) gt 100`, 400 calls", X1.outage),
            kind: Kind::RequestRate,
            limit: Limit { count: 100.0, per: 10.0, burst: 0.0 },
            retry_after: false,
            requests: 400,
            ..DRAIN
        },
    ]
}
