//! What is played: limits, limiters, scenarios, and all of them together.

use crate::limiter::{Kind, Limit};

/// How long a call may take, in seconds, as the client has it by default.
pub(crate) const TIMEOUT: f64 = 90.0;

/// How the tasks answer a 429.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strategy {
    /// The crate's shared pacer.
    Paced,
    /// The crate's pacer, with a store that is this many seconds away and back.
    Shared(f64),
    /// Each task for itself: `Retry-After` where it is given, else backoff.
    Alone,
}

/// What every answer says is left of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Silent,
    True,
    /// Never anything, for 1,000 s.
    AlwaysNone,
    /// Always 1,000.
    AlwaysMany,
}

impl Words {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::True => "true",
            Self::AlwaysNone => "always 0",
            Self::AlwaysMany => "always 1000",
        }
    }
}

/// What happens besides the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) strategy: Strategy,
    /// What the limit is multiplied by,
    pub(crate) step: f64,
    /// and when: after this part of the best time without it.
    pub(crate) step_at: f64,
    /// For so many seconds all answers are 429s.
    pub(crate) outage: f64,
    /// Whether some requests were served before, and then none was sent for a while.
    pub(crate) is_idle_before: bool,
    pub(crate) words: Words,
    /// Whether a call's last attempt is kept until the end of its time.
    pub(crate) keeps_last: bool,
    /// So many calls more ask for their turn once, and then neither take it nor leave.
    pub(crate) kept: usize,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) scenario: Scenario,
    pub(crate) kind: Kind,
    pub(crate) limit: Limit,
    pub(crate) retry_after: bool,
    pub(crate) processes: usize,
    pub(crate) tasks: usize,
    pub(crate) requests: usize,
    /// Seconds.
    pub(crate) round_trip: f64,
    pub(crate) seed: u64,
}

pub(crate) const X1: Scenario = Scenario {
    name: "× 1",
    strategy: Strategy::Paced,
    step: 1.0,
    step_at: 0.5,
    outage: 0.0,
    is_idle_before: false,
    words: Words::Silent,
    keeps_last: true,
    kept: 0,
};
const OUTAGE: Scenario = Scenario { name: "5 s outage first", outage: 5.0, ..X1 };
pub(crate) const KEPT: Scenario = Scenario { name: "20 calls kept unpolled", kept: 20, ..X1 };
pub(crate) const ALONE: Scenario =
    Scenario { name: "each task alone", strategy: Strategy::Alone, ..X1 };
pub(crate) const SHARED: [Scenario; 2] = [
    Scenario { name: "shared, 1 ms", strategy: Strategy::Shared(0.001), ..X1 },
    Scenario { name: "shared, 20 ms", strategy: Strategy::Shared(0.02), ..X1 },
];
pub(crate) const SCENARIOS: [Scenario; 13] = [
    X1,
    Scenario { name: "× 0.5", step: 0.5, ..X1 },
    Scenario { name: "× 2", step: 2.0, ..X1 },
    OUTAGE,
    Scenario { name: "20 s outage first", outage: 20.0, ..X1 },
    Scenario { name: "idle, then 5 s outage", outage: 5.0, is_idle_before: true, ..X1 },
    KEPT,
    Scenario { name: "× 1, no last attempt kept", keeps_last: false, ..X1 },
    Scenario { name: "5 s outage, no last attempt kept", keeps_last: false, ..OUTAGE },
    Scenario { name: "the server's own words", words: Words::True, ..X1 },
    Scenario { name: "words: always 0 left", words: Words::AlwaysNone, ..X1 },
    Scenario { name: "words: always 1,000 left", words: Words::AlwaysMany, ..X1 },
    ALONE,
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
const PROCESSES: [usize; 3] = [1, 8, 32];

/// Every setting, each with the name of its limit.
pub(crate) fn all() -> Vec<(&'static str, Setting)> {
    let of = |scenario| PROCESSES.into_iter().flat_map(move |n| of(scenario, n));
    SCENARIOS.into_iter().flat_map(of).collect()
}

/// The 18 settings of a scenario.
pub(crate) fn of(scenario: Scenario, processes: usize) -> Vec<(&'static str, Setting)> {
    let mut all = Vec::new();
    for (name, limit) in LIMITS {
        for (kind, retry_after) in LIMITERS {
            let setting = setting(scenario, kind, limit, retry_after);
            all.push((name, Setting { processes, ..setting }));
        }
    }
    all
}

/// With one process.
pub(crate) fn setting(scenario: Scenario, kind: Kind, limit: Limit, retry_after: bool) -> Setting {
    Setting {
        scenario,
        kind,
        limit,
        retry_after,
        processes: 1,
        tasks: 64,
        requests: 600,
        round_trip: 0.05,
        seed: 0,
    }
}
