//! Contenders in turns: what the machine does besides falls on all of them alike.

use std::time::{Duration, Instant};

/// The times of all contenders, round by round.
pub(crate) struct Rounds(Vec<Vec<Duration>>);

impl Rounds {
    /// Times each of `contenders` once a round; who begins changes with the round. The first round
    /// does not count.
    pub(crate) fn run(rounds: usize, contenders: usize, mut one: impl FnMut(usize)) -> Self {
        let mut times = vec![Vec::with_capacity(rounds); contenders];
        for round in 0..=rounds {
            for turn in 0..contenders {
                let who = (round + turn) % contenders;
                let start = Instant::now();
                one(who);
                if round > 0 {
                    times[who].push(start.elapsed());
                }
            }
        }
        Self(times)
    }

    /// The median of a contender's rounds.
    pub(crate) fn median(&self, who: usize) -> Duration {
        let mut times = self.0[who].clone();
        times.sort();
        times[times.len() / 2]
    }

    /// The median, over the rounds, of one contender's time over another's in the same round.
    pub(crate) fn ratio(&self, who: usize, over: usize) -> f64 {
        let pairs = self.0[who].iter().zip(&self.0[over]);
        let mut ratios: Vec<_> = pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}
