//! The rows of `docs/measured/pacing.md`: each setting, played with many seeds.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::thread;

use crate::{
    play::{self, Outcome},
    setting::{self, SCENARIOS, Scenario, Setting, Strategy, X1},
};

const SEEDS: u64 = 20;
const THREADS: usize = 2;

/// The means over the 18 settings of a scenario, and the worst setting.
struct Row {
    rejected: f64,
    time: f64,
    worst_rejected: f64,
    worst_time: f64,
    given_up: f64,
    out_of_time: f64,
}

/// Returns the table of the page.
pub(crate) fn table() -> String {
    let alone = Scenario { name: "× 1, each task alone", strategy: Strategy::Alone, ..X1 };
    let mut rows: Vec<_> = SCENARIOS.into_iter().map(|scenario| (scenario, 1)).collect();
    rows.insert(1, (alone, 1));
    rows.push((X1, 8));
    let (near, far) = (Strategy::Shared(0.001), Strategy::Shared(0.02));
    rows.push((Scenario { name: "× 1, 8 processes, a store", strategy: near, ..X1 }, 8));
    rows.push((Scenario { name: "× 1, 32 processes, a store", strategy: far, ..X1 }, 32));
    let mut text =
        "| load | processes | refused | time | worst refused | worst time | given up | late |\n\
                    |---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (scenario, processes) in rows {
        let row = row(scenario, processes);
        text += &format!(
            "| {} | {processes} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} | {:.1} |\n",
            scenario.name,
            row.rejected,
            row.time,
            row.worst_rejected,
            row.worst_time,
            row.given_up,
            row.out_of_time
        );
    }
    text
}

fn row(scenario: Scenario, processes: usize) -> Row {
    let settings = setting::all(scenario, processes);
    let part = |n: usize| {
        let settings = settings.iter().skip(n).step_by(THREADS);
        settings.map(of_setting).collect::<Vec<_>>()
    };
    let part = &part;
    let rows: Vec<Row> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || part(n))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    let mean = |of: fn(&Row) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
    let worst = |of: fn(&Row) -> f64| rows.iter().map(of).fold(0.0, f64::max);
    Row {
        rejected: mean(|row| row.rejected),
        time: mean(|row| row.time),
        worst_rejected: worst(|row| row.rejected),
        worst_time: worst(|row| row.time),
        given_up: mean(|row| row.given_up),
        out_of_time: mean(|row| row.out_of_time),
    }
}

fn of_setting(setting: &Setting) -> Row {
    let outcomes: Vec<_> =
        (0..SEEDS).map(|seed| play::play(Setting { seed, ..*setting })).collect();
    let mean =
        |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / outcomes.len() as f64;
    // Requests in flight at the first response do not count if it reports the quota.
    let reports_quota = setting.scenario.reports_quota;
    let rejected = |o: &Outcome| {
        let count = if reports_quota { o.beyond } else { o.rejected_at.len() };
        count as f64 / setting.requests as f64
    };
    let (rejected, time) = (mean(&rejected), mean(&|o| o.drain / o.best));
    Row {
        rejected,
        time,
        worst_rejected: rejected,
        worst_time: time,
        given_up: mean(&|o| o.given_up as f64),
        out_of_time: mean(&|o| o.out_of_time as f64),
    }
}
