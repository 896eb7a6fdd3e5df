//! The rows of `docs/measured/pacing.md`: each setting, played with many seeds.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::thread;

use pilot_status::simulation::Law;

use crate::{
    play::{self, Outcome},
    setting::{self, Fields, SCENARIOS, Scenario, Setting, Strategy, X1},
};

pub(crate) const SEEDS: u64 = 20;
const THREADS: usize = 2;
const NEAR: Strategy = Strategy::Shared(0.001);
const FAR: Strategy = Strategy::Shared(0.02);

/// The means over the 18 settings of a scenario, and the worst setting.
pub(crate) struct Row {
    pub(crate) rejected: f64,
    pub(crate) time: f64,
    worst_rejected: f64,
    worst_time: f64,
    given_up: f64,
    out_of_time: f64,
}

/// Returns the table of the page.
pub(crate) fn table() -> String {
    let alone = Scenario { name: "× 1, each task alone", strategy: Strategy::Alone, ..X1 };
    let mut rows: Vec<(Scenario, usize)> =
        SCENARIOS.into_iter().filter(|scenario| scenario.kept == 0).map(|s| (s, 1)).collect();
    rows.insert(1, (alone, 1));
    rows.push((X1, 8));
    rows.push((Scenario { name: "× 1, 8 processes, a store", strategy: NEAR, ..X1 }, 8));
    rows.push((Scenario { name: "× 1, 32 processes, a store", strategy: FAR, ..X1 }, 32));
    print_rows(&rows)
}

/// Returns all scenarios for one process, 8 and 32, each with and without a store.
pub(crate) fn all() -> String {
    let teams =
        [(1, Strategy::Paced), (8, Strategy::Paced), (8, NEAR), (32, Strategy::Paced), (32, FAR)];
    let of = |(processes, strategy)| {
        SCENARIOS.map(|scenario| (Scenario { strategy, ..scenario }, processes))
    };
    print_rows(&teams.into_iter().flat_map(of).collect::<Vec<_>>())
}

/// Returns the effect of other values of the constants, at × 1.
pub(crate) fn ablation() -> String {
    type Change = fn(&mut Law, f64);
    let constants: [(&str, f64, Change); 5] = [
        ("weight", 0.7, |law, by| law.weight *= by),
        ("decrease", 0.5, |law, by| law.decrease *= by),
        ("plateau", 0.47, |law, by| law.plateau *= by),
        ("backoff", 1.5, |law, by| law.backoff = 1.0 + (law.backoff - 1.0) * by),
        ("batch", 0.05, |law, by| law.batch *= by),
    ];
    let mut text = "| constant | value | half | double |\n|---|---|---|---|\n".to_owned();
    for (name, value, change) in constants {
        let cells = [0.5, 2.0].map(|by| {
            let mut law = Law::DEFAULT;
            change(&mut law, by);
            let Row { rejected, time, .. } = row(X1, 1, law);
            format!("{rejected:.3} / {time:.3}")
        });
        text += &format!("| `{name}` | {value} | {} | {} |\n", cells[0], cells[1]);
    }
    text
}

fn print_rows(rows: &[(Scenario, usize)]) -> String {
    let mut text =
        "| load | processes | refused | time | worst refused | worst time | given up | late |\n\
                    |---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (scenario, processes) in rows {
        let row = row(*scenario, *processes, Law::DEFAULT);
        let store = match scenario.strategy {
            Strategy::Shared(_) if !scenario.name.contains("store") => ", a store",
            _ => "",
        };
        text += &format!(
            "| {}{store} | {processes} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} | {:.1} |\n",
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

pub(crate) fn row(scenario: Scenario, processes: usize, law: Law) -> Row {
    let settings = setting::all(scenario, processes);
    let part = |n: usize| {
        let settings = settings.iter().skip(n).step_by(THREADS);
        settings.map(|setting| of_setting(setting, law)).collect::<Vec<_>>()
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

fn of_setting(setting: &Setting, law: Law) -> Row {
    let outcomes: Vec<_> =
        (0..SEEDS).map(|seed| play::play(Setting { seed, ..*setting }, law)).collect();
    let mean =
        |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / outcomes.len() as f64;
    // Requests in flight at the first response do not count if the fields are true.
    let is_true = setting.scenario.fields == Fields::True;
    let rejected = |o: &Outcome| {
        let count = if is_true { o.beyond } else { o.rejected_at.len() };
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
