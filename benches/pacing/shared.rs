//! Several processes that share what they learn by a store.

use crate::{row, setting};

pub(crate) fn play() {
    println!("| processes | scenario | rejected (worst) | time (worst) | given up |");
    println!("|---|---|---|---|---|");
    for processes in [1, 8, 32] {
        for scenario in [setting::X1].into_iter().chain(setting::SHARED) {
            let rows = row::play(&setting::of(scenario, processes));
            let rows: Vec<_> = rows.iter().collect();
            let worst = |of: fn(&row::Row) -> f64| rows.iter().map(|r| of(r)).fold(0.0, f64::max);
            println!(
                "| {processes} | {} | {:.3} ({:.3}) | {:.3} ({:.3}) | {:.2} |",
                scenario.name,
                row::mean(&rows, |r| r.rejected),
                worst(|r| r.rejected),
                row::mean(&rows, |r| r.time),
                worst(|r| r.time),
                row::mean(&rows, |r| r.given_up),
            );
        }
    }
}
