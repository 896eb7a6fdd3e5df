//! The tables of `docs/measured/pacing.md`.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::thread;

use crate::{
    play::{self, Outcome},
    setting::{self, Setting},
};

const SEEDS: u64 = 20;

/// Means over the seeds of a setting: refused for each request, time over the best, given up, late.
type Figures = [f64; 4];

/// Returns the table of the loads. Each setting is played with many seeds.
pub(crate) fn loads() -> String {
    let mut text =
        "| load | processes | refused | time | worst refused | worst time | given up | late |\n\
                    |---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for setting in setting::LOADS {
        let figures = figures(setting);
        let mean = |of: usize| figures.iter().map(|f| f[of]).sum::<f64>() / figures.len() as f64;
        let worst = |of: usize| figures.iter().map(|f| f[of]).fold(0.0, f64::max);
        text += &format!(
            "| {} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} | {:.1} |\n",
            setting.name,
            setting.processes,
            mean(0),
            mean(1),
            worst(0),
            worst(1),
            mean(2),
            mean(3)
        );
    }
    text
}

/// Returns the table of the hard loads.
pub(crate) fn hard_loads() -> String {
    let mut text = "| load | served | seconds | refused |\n|---|---|---|---|\n".to_owned();
    for setting in setting::HARD_LOADS {
        let outcome = play::play(setting, 0);
        let (served, refused) = (outcome.served_at.len(), outcome.rejected_at.len());
        let (name, seconds) = (setting.name, outcome.drain());
        text += &format!("| {name} | {served} | {seconds:.1} | {refused} |\n");
    }
    text
}

/// Plays a load behind each of the 18 limiters.
fn figures(setting: Setting) -> Vec<Figures> {
    let settings = setting.with_each_limiter();
    thread::scope(|scope| {
        let threads = settings.iter().map(|setting| scope.spawn(|| of_setting(setting)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn of_setting(setting: &Setting) -> Figures {
    let outcomes: Vec<_> = (0..SEEDS).map(|seed| play::play(*setting, seed)).collect();
    let mean =
        |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / outcomes.len() as f64;
    [
        mean(&|o| o.rejected_at.len() as f64 / setting.requests as f64),
        mean(&|o| o.drain() / o.best),
        mean(&|o| o.given_up as f64),
        mean(&|o| o.out_of_time as f64),
    ]
}
