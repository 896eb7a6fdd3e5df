//! Times contenders in turns, so that other load on the machine affects all of them alike.

use std::time::{Duration, Instant};

/// The times of all contenders, in each round.
pub(crate) struct Rounds(Vec<Vec<Duration>>);

impl Rounds {
    /// Times each of `contenders` once in each round. The first contender changes with the round.
    /// The first round does not count.
    pub(crate) fn run(rounds: usize, contenders: usize, mut one: impl FnMut(usize)) -> Self {
        let mut times = vec![Vec::with_capacity(rounds); contenders];
        for round in 0..=rounds {
            for turn in 0..contenders {
                let contender = (round + turn) % contenders;
                let start = Instant::now();
                one(contender);
                if round > 0 {
                    times[contender].push(start.elapsed());
                }
            }
        }
        Self(times)
    }

    /// Returns the median of a contender's rounds.
    pub(crate) fn median(&self, contender: usize) -> Duration {
        let mut times = self.0[contender].clone();
        times.sort();
        times[times.len() / 2]
    }

    /// Returns the median, over the rounds, of one contender's time divided by another's in the
    /// same round.
    pub(crate) fn ratio(&self, contender: usize, over: usize) -> f64 {
        let pairs = self.0[contender].iter().zip(&self.0[over]);
        let mut ratios: Vec<_> = pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}
