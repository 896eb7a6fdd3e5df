//! The table of `docs/pacing.md`.

use crate::{
    goals::{GOALS, Goals},
    limiter::Kind,
    row::{Row, mean},
};

/// The table, how many goals it has, and how many are missed.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) text: String,
    pub(crate) goals: usize,
    pub(crate) missed: usize,
}

const HEAD: &str = "\
| what | processes | rejected | time | worst row's rejected | worst row's time | given up of 600 | out of time of 600 | at best |
|---|---|---|---|---|---|---|---|---|
";

/// One line for each row of goals.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table { text: HEAD.to_owned(), ..Table::default() };
    for goals in &GOALS {
        table.line(&of(rows, goals.scenario, goals.processes), goals);
    }
    table
}

/// The rows of one scenario.
pub(crate) fn of<'a>(rows: &'a [Row], scenario: &str, processes: usize) -> Vec<&'a Row> {
    let is_of =
        |row: &&Row| row.setting.scenario.name == scenario && row.setting.processes == processes;
    rows.iter().filter(is_of).collect()
}

pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::FixedWindow => "fixed window",
        Kind::TokenBucket => "token bucket",
        Kind::SlidingLog => "sliding log",
    }
}

impl Table {
    fn line(&mut self, rows: &[&Row], goals: &Goals) {
        let rejected =
            if goals.is_beyond { |row: &Row| row.beyond } else { |row: &Row| row.rejected };
        let worst = |of: fn(&Row) -> f64| rows.iter().map(|row| of(row)).fold(0.0, f64::max);
        let cells = [
            self.cell(mean(rows, rejected), goals.rejected),
            self.cell(mean(rows, |row| row.time), goals.time),
            self.cell(worst(rejected), goals.worst_rejected),
            self.cell(worst(|row| row.time), goals.worst_time),
            format!("{:.2}", mean(rows, |row| row.given_up)),
            format!("{:.1}", mean(rows, |row| row.out_of_time)),
            format!("{:.1}", mean(rows, |row| row.out_of_time_at_best)),
        ];
        let Goals { scenario, processes, .. } = goals;
        self.text += &format!("| {scenario} | {processes} | {} |\n", cells.join(" | "));
    }

    fn cell(&mut self, value: f64, goal: f64) -> String {
        if goal.is_infinite() {
            return format!("{value:.3}");
        }
        self.goals += 1;
        if value <= goal {
            return format!("{value:.3} (≤ {goal})");
        }
        self.missed += 1;
        format!("**{value:.3}** (≤ {goal})")
    }
}
