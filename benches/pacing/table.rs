//! The tables of `docs/pacing.md`.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use crate::{
    limiter::{Kind, Limit},
    sim::{self, Outcome, Setting, Strategy},
};

const SEEDS: u64 = 20;

/// The goals of one row.
struct Goals {
    rejected: f64,
    time: f64,
    worst: f64,
    spread: f64,
}

/// The means over all seeds, and the worst of a few.
struct Row {
    rejected: f64,
    time: f64,
    worst: f64,
    spread: f64,
    lost: usize,
    most_attempts: u32,
    beyond_default: f64,
}

pub(crate) const LIMITS: [(&str, Limit); 3] = [
    ("60 a minute, burst 10", Limit { count: 60.0, per: 60.0, burst: 10.0 }),
    ("600 a minute, burst 100", Limit { count: 600.0, per: 60.0, burst: 100.0 }),
    ("100 per 10 s, burst 16", Limit { count: 100.0, per: 10.0, burst: 16.0 }),
];
pub(crate) const LIMITERS: [(Kind, bool); 6] = [
    (Kind::FixedWindow, true),
    (Kind::FixedWindow, false),
    (Kind::TokenBucket, true),
    (Kind::TokenBucket, false),
    (Kind::SlidingLog, true),
    (Kind::SlidingLog, false),
];

/// The pacer in every setting.
pub(crate) fn goals() -> String {
    let mut text = String::from(
        "| limit | step | limiter | processes | rejected | time | worst | spread | lost | attempts | over 5 |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let (mut met, mut all) = (0, 0);
    for processes in [1, 8] {
        for (name, limit) in LIMITS {
            for step in [1.0, 0.5, 2.0] {
                for (kind, retry_after) in LIMITERS {
                    let setting = setting(Strategy::Paced, kind, limit, retry_after);
                    let row = row(Setting { processes, step, ..setting });
                    let (cells, goals, missed) = cells(&row, &goals_of(processes, retry_after));
                    text += &format!(
                        "| {name} | × {step} | {} | {processes} | {cells} |\n",
                        label(kind, retry_after)
                    );
                    all += goals;
                    met += goals - missed;
                }
            }
        }
    }
    text + &format!("\n{met} of {all} goals are met; what misses its goal is in bold.\n")
}

/// The pacer beside what tasks do alone, at the first limit.
pub(crate) fn baselines() -> String {
    let strategies = [
        ("paced", Strategy::Paced),
        ("Retry-After, each task for itself", Strategy::Alone),
        ("backoff, each task for itself", Strategy::BackoffAlone),
        ("no retry", Strategy::NoRetry),
    ];
    let mut text = String::from(
        "| limiter | strategy | processes | rejected | time | lost |\n|---|---|---|---|---|---|\n",
    );
    for (kind, retry_after) in LIMITERS {
        for (name, strategy) in strategies {
            for processes in [1, 8] {
                let setting = setting(strategy, kind, LIMITS[0].1, retry_after);
                let row = row(Setting { processes, ..setting });
                let label = label(kind, retry_after);
                let Row { rejected, time, lost, .. } = row;
                // What is lost is not drained.
                let time = if lost == 0 { format!("{time:.2}") } else { "–".to_owned() };
                text += &format!(
                    "| {label} | {name} | {processes} | {rejected:.2} | {time} | {} |\n",
                    lost as u64 / SEEDS
                );
            }
        }
    }
    text
}

pub(crate) fn setting(strategy: Strategy, kind: Kind, limit: Limit, retry_after: bool) -> Setting {
    Setting {
        strategy,
        kind,
        limit,
        retry_after,
        processes: 1,
        tasks: 64,
        requests: 600,
        step: 1.0,
        round_trip: 0.05,
        seed: 0,
    }
}

pub(crate) fn label(kind: Kind, retry_after: bool) -> String {
    let kind = match kind {
        Kind::FixedWindow => "fixed window",
        Kind::TokenBucket => "token bucket",
        Kind::SlidingLog => "sliding log",
    };
    format!("{kind}, {} Retry-After", if retry_after { "with" } else { "without" })
}

fn goals_of(processes: usize, retry_after: bool) -> Goals {
    match (processes, retry_after) {
        (1, true) => Goals { rejected: 0.15, time: 1.10, worst: f64::INFINITY, spread: 2.0 },
        (1, false) => Goals { rejected: 0.15, time: 1.25, worst: f64::INFINITY, spread: 2.0 },
        _ => Goals { rejected: 0.35, time: 1.30, worst: 2.0, spread: 4.0 },
    }
}

fn row(setting: Setting) -> Row {
    let outcomes: Vec<Outcome> =
        (0..SEEDS).map(|seed| sim::run(Setting { seed, ..setting })).collect();
    let mean = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / SEEDS as f64;
    Row {
        rejected: mean(|o| o.rejected as f64 / o.completed.max(1) as f64),
        time: mean(|o| o.drain / o.best),
        worst: outcomes.iter().map(|o| o.drain / o.best).fold(0.0, f64::max),
        spread: mean(spread),
        lost: outcomes.iter().map(|o| o.lost).sum(),
        beyond_default: mean(|o| o.beyond_default as f64),
        most_attempts: outcomes.iter().map(|o| o.most_attempts).max().unwrap_or_default(),
    }
}

/// The longest over the median time of a request that began after the first 429.
fn spread(outcome: &Outcome) -> f64 {
    let mut times = outcome.times.clone();
    times.sort_by(f64::total_cmp);
    match times.last() {
        Some(longest) => longest / times[times.len() / 2],
        None => 1.0,
    }
}

/// The cells of a row, how many of them have goals, and how many miss theirs.
fn cells(row: &Row, goals: &Goals) -> (String, usize, usize) {
    let (mut all, mut missed) = (0, 0);
    let mut cell = |value: f64, goal: f64| {
        all += usize::from(goal.is_finite());
        if value <= goal {
            return format!("{value:.2}");
        }
        missed += 1;
        format!("**{value:.2}**")
    };
    let cells = [
        cell(row.rejected, goals.rejected),
        cell(row.time, goals.time),
        cell(row.worst, goals.worst),
        cell(row.spread, goals.spread),
    ];
    let Row { lost, most_attempts, beyond_default, .. } = row;
    let cells = cells.join(" | ");
    let text = format!("{cells} | {lost} | {most_attempts} | {beyond_default:.1}");
    (text, all, missed)
}
