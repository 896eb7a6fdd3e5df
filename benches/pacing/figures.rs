//! What is played to see what a constant of the pacer is for, and what comes of it.

use crate::{
    row::{self, Row},
    setting::{self, KEPT, LIMITS, Scenario, Setting, X1},
};

/// 18 settings, or fewer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Play {
    pub(crate) name: &'static str,
    scenario: Scenario,
    requests: usize,
    /// Seconds.
    round_trip: f64,
    /// How many of the limits.
    limits: usize,
}

const GONE: Scenario = Scenario { step: 1_000.0, step_at: 0.2, ..X1 };
pub(crate) const PLAIN: Play =
    Play { name: X1.name, scenario: X1, requests: 600, round_trip: 0.05, limits: LIMITS.len() };
pub(crate) const NEAR: Play = Play { name: "kept", scenario: KEPT, ..PLAIN };
pub(crate) const FAR: Play = Play { name: "kept, far", round_trip: 1.0, ..NEAR };
pub(crate) const FREED: Play = Play { name: "freed", scenario: GONE, limits: 1, ..PLAIN };
const GONE_SOON: Scenario = Scenario { step_at: 0.02, ..GONE };
pub(crate) const FREED_LONG: Play =
    Play { name: "freed, long", scenario: GONE_SOON, requests: 5_000, ..FREED };
pub(crate) const PLAYS: [Play; 5] = [PLAIN, NEAR, FAR, FREED, FREED_LONG];

/// Of one process and of 8.
pub(crate) fn figures(play: &Play) -> String {
    let of = |processes| row::play(&settings(play, processes));
    [1, 8].map(|processes| means(&of(processes).iter().collect::<Vec<_>>())).join(", ")
}

/// *Rejected* and *time*.
pub(crate) fn means(rows: &[&Row]) -> String {
    let (rejected, time) = (row::mean(rows, |row| row.rejected), row::mean(rows, |row| row.time));
    if time.is_finite() { format!("{rejected:.3} / {time:.3}") } else { "not all end".to_owned() }
}

fn settings(play: &Play, processes: usize) -> Vec<(&'static str, Setting)> {
    let Play { requests, round_trip, .. } = *play;
    let mut settings = setting::of(play.scenario, processes);
    settings.retain(|(limit, _)| LIMITS[..play.limits].iter().any(|(name, _)| name == limit));
    for (_, setting) in &mut settings {
        *setting = Setting { requests, round_trip, ..*setting };
    }
    settings
}
