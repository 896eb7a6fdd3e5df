//! Settings, each played with every seed.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::thread;

use crate::{outcome::Outcome, setting::Setting, sim};

pub(crate) const SEEDS: u64 = 20;
const THREADS: usize = 2;

/// The means over all seeds, and the worst of them.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) limit: &'static str,
    pub(crate) setting: Setting,
    pub(crate) rejected: f64,
    /// Of these, those that were not in flight at the first look.
    pub(crate) beyond: f64,
    /// Over the best.
    pub(crate) time: f64,
    pub(crate) worst: f64,
    pub(crate) seconds: f64,
    pub(crate) given_up: f64,
    pub(crate) out_of_time: f64,
    pub(crate) out_of_time_at_best: f64,
    pub(crate) most_attempts: u32,
}

/// In the order of the settings.
pub(crate) fn play(settings: &[(&'static str, Setting)]) -> Vec<Row> {
    let part = |n: usize| settings.iter().skip(n).step_by(THREADS).map(row).collect::<Vec<_>>();
    let part = &part;
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || part(n))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let rows = (0..settings.len()).filter_map(|n| parts.get(n % THREADS)?.get(n / THREADS));
    rows.cloned().collect()
}

pub(crate) fn mean(rows: &[&Row], value: impl Fn(&Row) -> f64) -> f64 {
    rows.iter().map(|row| value(row)).sum::<f64>() / rows.len().max(1) as f64
}

fn row(&(limit, setting): &(&'static str, Setting)) -> Row {
    let outcomes: Vec<_> = (0..SEEDS).map(|seed| sim::run(Setting { seed, ..setting })).collect();
    let mean = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / SEEDS as f64;
    Row {
        limit,
        setting,
        rejected: mean(|o| o.per_served(o.rejected_at.len())),
        beyond: mean(|o| o.per_served(o.beyond)),
        time: mean(|o| o.drain / o.best),
        worst: outcomes.iter().map(|o| o.drain / o.best).fold(0.0, f64::max),
        seconds: mean(|o| o.drain),
        given_up: mean(|o| o.given_up as f64),
        out_of_time: mean(|o| o.out_of_time as f64),
        out_of_time_at_best: mean(|o| o.out_of_time_at_best as f64),
        most_attempts: outcomes.iter().map(|o| o.most_attempts).max().unwrap_or_default(),
    }
}
