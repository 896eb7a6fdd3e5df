//! The settings of a play: servers, and the calls to them.

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

/// A server and the calls to it. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) strategy: Strategy,
    pub(crate) kind: Kind,
    pub(crate) limit: Limit,
    pub(crate) retry_after: bool,
    /// Each response reports the quota that is left.
    pub(crate) reports_quota: bool,
    /// Factor by which the limit changes after half of the best time.
    pub(crate) step: f64,
    /// Begin and end of a span in which all responses are 429s.
    pub(crate) outage: [f64; 2],
    /// Requests that are served before the load, one a second; then none is sent for 11 s.
    pub(crate) served_before: u32,
    pub(crate) processes: usize,
    /// Tasks of all processes. A task makes one call at a time.
    pub(crate) tasks: usize,
    /// Calls of all tasks.
    pub(crate) requests: usize,
    /// Minimum time from the beginning of one call to that of the next.
    pub(crate) every: f64,
    pub(crate) timeout: f64,
    /// A call ends at its timeout, or when its last attempt is rejected. Otherwise it goes on until
    /// it is served.
    pub(crate) may_fail: bool,
}

pub(crate) const X1: Setting = Setting {
    name: "× 1",
    strategy: Strategy::Paced,
    kind: Kind::TokenBucket,
    limit: Limit { count: 10.0, per: 1.0, burst: 20.0 },
    retry_after: true,
    reports_quota: false,
    step: 1.0,
    outage: [0.0, 0.0],
    served_before: 0,
    processes: 1,
    tasks: 64,
    requests: 600,
    every: 0.0,
    timeout: 90.0,
    may_fail: false,
};
pub(crate) const ALONE: Setting =
    Setting { name: "× 1, each task alone", strategy: Strategy::Alone, ..X1 };
pub(crate) const LOADS: [Setting; 11] = [
    X1,
    ALONE,
    Setting { name: "× 0.5", step: 0.5, ..X1 },
    Setting { name: "× 2", step: 2.0, ..X1 },
    Setting { name: "5 s outage first", outage: [0.0, 5.0], ..X1 },
    Setting { name: "20 s outage first", outage: [0.0, 20.0], ..X1 },
    Setting { name: "idle, then 5 s outage", outage: [0.0, 5.0], served_before: 20, ..X1 },
    Setting { name: "quota reported", served_before: 1, reports_quota: true, ..X1 },
    Setting { processes: 8, ..X1 },
    Setting {
        name: "× 1, 8 processes, a store",
        strategy: Strategy::Shared(0.001),
        processes: 8,
        ..X1
    },
    Setting {
        name: "× 1, 32 processes, a store",
        strategy: Strategy::Shared(0.02),
        processes: 32,
        ..X1
    },
];
pub(crate) const HARD_LOADS: [Setting; 3] = [
    Setting {
        name: "overload: 30 calls a second for 40 s, timeout 3 s",
        tasks: 1_200,
        requests: 1_200,
        every: 1.0 / 30.0,
        timeout: 3.0,
        may_fail: true,
        ..X1
    },
    Setting {
        name: "outage: a call every 1.25 s, 429s from second 20 to 100",
        outage: [20.0, 100.0],
        tasks: 4,
        requests: 88,
        every: 1.25,
        ..X1
    },
    Setting {
        name: "HAProxy's `http_req_rate(10s) gt 100`, 400 calls",
        kind: Kind::RequestRate,
        limit: Limit { count: 100.0, per: 10.0, burst: 0.0 },
        retry_after: false,
        requests: 400,
        ..X1
    },
];
const LIMITS: [Limit; 3] = [
    Limit { count: 60.0, per: 60.0, burst: 10.0 },
    Limit { count: 600.0, per: 60.0, burst: 100.0 },
    Limit { count: 100.0, per: 10.0, burst: 16.0 },
];
const KINDS: [Kind; 3] = [Kind::FixedWindow, Kind::TokenBucket, Kind::SlidingLog];

impl Setting {
    /// Returns the load behind each of the 18 limiters.
    pub(crate) fn with_each_limiter(self) -> Vec<Self> {
        let mut settings = Vec::new();
        for (limit, kind) in LIMITS.into_iter().flat_map(|limit| KINDS.map(|kind| (limit, kind))) {
            let setting = Self { kind, limit, ..self };
            settings.extend([setting, Self { retry_after: false, ..setting }]);
        }
        settings
    }

    /// Returns true if this time since the load began is in the outage.
    pub(crate) fn is_out(&self, time: f64) -> bool {
        let [begin, end] = self.outage;
        (begin..end).contains(&time)
    }
}
