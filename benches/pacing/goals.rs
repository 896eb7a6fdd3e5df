//! What the pacer is to reach: the rows of the table.

/// Of the 18 settings of a scenario; infinite where there is no goal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goals {
    pub(crate) scenario: &'static str,
    pub(crate) processes: usize,
    pub(crate) rejected: f64,
    pub(crate) time: f64,
    /// Of any one setting.
    pub(crate) worst_rejected: f64,
    pub(crate) worst_time: f64,
    /// Whether `rejected` is only what was not in flight at the first look.
    pub(crate) is_beyond: bool,
}

const NONE: Goals = Goals {
    scenario: "",
    processes: 1,
    rejected: f64::INFINITY,
    time: f64::INFINITY,
    worst_rejected: f64::INFINITY,
    worst_time: f64::INFINITY,
    is_beyond: false,
};
const BY_8: Goals = Goals { processes: 8, ..NONE };

pub(crate) const GOALS: [Goals; 20] = [
    Goals { rejected: 0.09, time: 1.13, worst_rejected: 0.2, worst_time: 1.65, ..named("× 1") },
    Goals {
        processes: 8,
        rejected: 0.21,
        time: 1.22,
        worst_rejected: 0.45,
        worst_time: 1.7,
        ..named("× 1")
    },
    Goals { processes: 32, ..named("× 1") },
    Goals { time: 1.32, ..named("× 0.5") },
    Goals { scenario: "× 0.5", ..BY_8 },
    Goals { time: 1.25, ..named("× 2") },
    Goals { scenario: "× 2", ..BY_8 },
    outage("5 s outage first"),
    outage_by_8("5 s outage first"),
    outage("20 s outage first"),
    outage_by_8("20 s outage first"),
    outage("idle, then 5 s outage"),
    outage_by_8("idle, then 5 s outage"),
    named("20 calls kept unpolled"),
    Goals { scenario: "× 1, no last attempt kept", ..BY_8 },
    Goals { scenario: "5 s outage, no last attempt kept", ..BY_8 },
    words(1),
    words(8),
    named("words: always 0 left"),
    named("each task alone"),
];

const fn named(scenario: &'static str) -> Goals {
    Goals { scenario, ..NONE }
}

const fn outage(scenario: &'static str) -> Goals {
    Goals { scenario, time: 1.2, worst_time: 1.7, ..NONE }
}

const fn outage_by_8(scenario: &'static str) -> Goals {
    Goals { scenario, time: 1.4, worst_time: 2.1, ..BY_8 }
}

const fn words(processes: usize) -> Goals {
    let scenario = "the server's own words";
    Goals { scenario, processes, is_beyond: true, rejected: 0.02, time: 1.1, ..NONE }
}
