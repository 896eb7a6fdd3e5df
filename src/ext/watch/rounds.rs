//! The schedule of a watch: a queue of targets by the time of their next call. The numbers are spread
//! evenly over the interval. Times count from the first poll, and `now` is an argument.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    time::Duration,
};

use crate::ext::number_id::NumberId;

/// Number of intervals between two polls of a number that does not exist.
const GONE_FOR: u32 = 10;
/// Longest first round by default: a person often waits for it.
const FIRST_ROUND: Duration = Duration::from_secs(30);
/// Overdue requests are sent at this multiple of the usual pace, rather than in a burst.
const CATCH_UP: u32 = 2;
/// Longest random offset of a watch.
const MAX_OFFSET: Duration = Duration::from_secs(1);
/// Tolerance of timers, by which a request may be early.
const TICK: Duration = Duration::from_millis(2);

/// The target of a call: a number, or the list if `None`.
pub(super) type Target = Option<NumberId>;

#[derive(Debug)]
pub(super) struct Rounds {
    every: Duration,
    /// Length of the first round, at most `every`.
    first: Duration,
    /// The start of the first round.
    start: Duration,
    numbers: HashMap<NumberId, Schedule>,
    /// Targets without a running call, by the time of their next one.
    due: BTreeSet<(Duration, Target)>,
    /// Time of the earliest next request.
    not_before: Duration,
    /// Time between the last two responses of the number that responded last.
    last: Duration,
    /// Number of ids that were added so far.
    added: u32,
}

/// The schedule of one number.
#[derive(Debug)]
struct Schedule {
    /// The place of its polls within each interval, in `0.0..1.0`.
    place: f64,
    /// The time of its last response.
    answered: Option<Duration>,
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It returned the number or an error.
    Answered,
    /// The number does not exist.
    Gone,
    /// The request was not sent.
    NotSent,
}

impl Rounds {
    /// `random`, in `0.0..1.0`, is the fraction of the largest offset.
    pub(super) fn new(every: Duration, random: f64) -> Self {
        Self {
            every,
            first: every.min(FIRST_ROUND),
            start: every.min(MAX_OFFSET).mul_f64(random),
            numbers: HashMap::new(),
            due: BTreeSet::new(),
            not_before: Duration::ZERO,
            last: every,
            added: 0,
        }
    }

    pub(super) fn first_round(&mut self, time: Duration) {
        self.first = self.every.min(time);
        self.start = self.start.min(time);
    }

    /// Adds an id, unless it is already there. Its first poll has a place in a first round that starts
    /// now, and its later polls have the same place in each interval.
    pub(super) fn add(&mut self, id: NumberId, now: Duration) {
        // Multiples of the golden ratio divide the interval evenly, however many there are.
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        if self.numbers.contains_key(&id) {
            return;
        }
        if self.added == 0 {
            self.start = self.start.max(now);
        }
        let place = (f64::from(self.added) * GOLDEN).fract();
        self.added = self.added.wrapping_add(1);
        self.due.insert((self.start.max(now) + self.first.mul_f64(place), Some(id.clone())));
        self.numbers.insert(id, Schedule { place, answered: None });
    }

    /// Makes the list due at this time.
    pub(super) fn add_list(&mut self, at: Duration) {
        self.due.insert((self.start.max(at), None));
    }

    /// Removes the ids for which `stays` returns false.
    pub(super) fn retain(&mut self, stays: impl Fn(&NumberId) -> bool) {
        self.numbers.retain(|id, _| stays(id));
        self.due.retain(|(_, target)| target.as_ref().is_none_or(&stays));
    }

    /// Returns the time of the next call, unless a response arrives earlier.
    pub(super) fn wake(&self) -> Option<Duration> {
        let (due, target) = self.due.first()?;
        // The pace is that of the numbers: in a small fleet the list would wait for minutes.
        let earliest = if target.is_some() { self.not_before } else { Duration::ZERO };
        Some((*due).max(earliest.saturating_sub(TICK)))
    }

    /// Returns the target of the next call. It is not due again before [`done`](Self::done) or
    /// [`add_list`](Self::add_list).
    pub(super) fn take(&mut self, now: Duration) -> Option<Target> {
        let (_, target) = self.due.pop_first()?;
        if let Some(number) = target.as_ref().and_then(|id| self.numbers.get(id)) {
            let round = if number.answered.is_none() { self.first } else { self.every };
            let count = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            self.not_before = self.not_before.max(now) + round / CATCH_UP / count;
        }
        Some(target)
    }

    /// Schedules the next call of a number at its place. Places that passed during the call are
    /// skipped, so that rounds never pile up.
    pub(super) fn done(&mut self, id: NumberId, now: Duration, ended: Outcome) {
        let Some(number) = self.numbers.get_mut(&id) else { return };
        let after = match ended {
            Outcome::NotSent => now,
            Outcome::Gone => {
                // Its long pause does not measure the interval of the others.
                number.answered = None;
                now + self.every * (GONE_FOR - 1)
            }
            Outcome::Answered => match number.answered.replace(now) {
                Some(before) => {
                    self.last = now.saturating_sub(before);
                    now
                }
                // The first poll was at another place.
                None => now + self.every / 2,
            },
        };
        let phase = self.start + self.every.mul_f64(number.place);
        self.due.insert((self.next(phase, after), Some(id)));
    }

    /// Starts a first round again, after a refused key. Targets with a running call are not part of it.
    pub(super) fn start_again(&mut self, now: Duration) {
        self.not_before = now;
        // The pause does not measure a round.
        self.numbers.values_mut().for_each(|number| number.answered = None);
        self.last = self.every;
        for (_, target) in mem::take(&mut self.due) {
            let number = target.as_ref().and_then(|id| self.numbers.get(id));
            let place = number.map_or(0.0, |number| number.place);
            self.due.insert((now + self.first.mul_f64(place), target));
        }
    }

    /// Returns the time between two responses of the same id: `every`, or longer under a rate limit or
    /// a low concurrency.
    pub(super) fn interval(&self, now: Duration) -> Duration {
        let waiting = self.due.first().map_or(Duration::ZERO, |(due, _)| now.saturating_sub(*due));
        (self.every + waiting).max(self.last)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &NumberId> {
        self.numbers.keys()
    }

    pub(super) fn contains(&self, id: &NumberId) -> bool {
        self.numbers.contains_key(id)
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns the first time of this phase after `time`.
    fn next(&self, phase: Duration, time: Duration) -> Duration {
        let Some(since) = time.checked_sub(phase) else { return phase };
        let rounds = since.as_nanos() / self.every.as_nanos().max(1) + 1;
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        phase.saturating_add(self.every.saturating_mul(rounds))
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Adds `count` numbers, which are known at this time.
    fn rounds_at(mut rounds: Rounds, count: usize, now: Duration) -> Rounds {
        (0..count).for_each(|n| rounds.add(format!("num_{n}").parse().unwrap(), now));
        rounds
    }

    fn rounds(count: usize) -> Rounds {
        let mut rounds = Rounds::new(MINUTE, 0.0);
        rounds.first_round(MINUTE);
        rounds_at(rounds, count, Duration::ZERO)
    }

    fn take(rounds: &mut Rounds, now: Duration) -> Option<NumberId> {
        rounds.wake().filter(|at| *at <= now)?;
        rounds.take(now)?
    }

    /// The record of a simulated day.
    #[derive(Default)]
    struct Day {
        polls: Vec<(Duration, NumberId)>,
        longest_interval: Duration,
    }

    impl Day {
        /// Returns the largest number of polls within `window`.
        fn most_in(&self, window: Duration) -> usize {
            let times: Vec<_> = self.polls.iter().map(|(at, _)| *at).collect();
            let until = |from: Duration| times.partition_point(|at| *at < from + window);
            (0..times.len()).map(|n| until(times[n]) - n).max().unwrap_or_default()
        }

        /// Returns the times of the polls of each id.
        fn of_each(&self) -> HashMap<&str, Vec<Duration>> {
            let mut all = HashMap::<&str, Vec<Duration>>::new();
            for (at, id) in &self.polls {
                all.entry(id.as_str()).or_default().push(*at);
            }
            all
        }
    }

    /// Simulates a watch in virtual time until `end`. `takes` returns the time that a call takes.
    fn play(mut rounds: Rounds, end: Duration, mut takes: impl FnMut(Duration) -> Duration) -> Day {
        let mut day = Day::default();
        let mut calls = BTreeSet::<(Duration, NumberId)>::new();
        let mut now = Duration::ZERO;
        while now < end {
            while let Some((_, id)) = calls.first().filter(|(at, _)| *at <= now).cloned() {
                calls.pop_first();
                rounds.done(id, now, Outcome::Answered);
            }
            while calls.len() < 16
                && let Some(id) = take(&mut rounds, now)
            {
                day.polls.push((now, id.clone()));
                calls.insert((now + takes(now), id));
            }
            day.longest_interval = day.longest_interval.max(rounds.interval(now));
            let call = calls.first().map(|(at, _)| *at);
            let wake = rounds.wake().filter(|_| calls.len() < 16);
            let next = call.into_iter().chain(wake).min().unwrap();
            now = next.max(now + Duration::from_millis(1));
        }
        day
    }

    fn round_trip(_: Duration) -> Duration {
        Duration::from_millis(50)
    }

    #[test]
    fn list_does_not_wait_for_pace_of_numbers() {
        let mut rounds = rounds_at(Rounds::new(DAY, 0.0), 1, Duration::ZERO);
        let id = take(&mut rounds, Duration::ZERO).unwrap();
        rounds.done(id, SECOND, Outcome::Answered);
        rounds.add_list(5 * SECOND);
        assert_eq!(rounds.wake(), Some(5 * SECOND));
    }

    #[test]
    fn thousand_numbers_are_polled_evenly_all_day() {
        let day = play(rounds(1_000), DAY, round_trip);
        assert_eq!(day.polls.len(), 1_000 * 24 * 60);
        // 1,000 in a minute are 16.7 in a second.
        assert!(day.most_in(SECOND) <= 18, "{}", day.most_in(SECOND));
        assert!(day.longest_interval < MINUTE + SECOND, "{:?}", day.longest_interval);
        for (id, times) in day.of_each() {
            let is_even = |w: &[Duration]| w[1].abs_diff(w[0] + MINUTE) < SECOND / 20;
            assert!(times.windows(2).all(is_even), "{id} does not keep its phase");
        }
    }

    #[test]
    fn first_round_of_zero_is_due_at_once() {
        let mut rounds = Rounds::new(MINUTE, 0.99);
        rounds.first_round(Duration::ZERO);
        let mut rounds = rounds_at(rounds, 3, Duration::ZERO);
        assert!((0..3).all(|_| take(&mut rounds, Duration::ZERO).is_some()));
    }

    #[test]
    fn short_first_round_precedes_full_intervals() {
        let known_at = 9 * SECOND;
        let rounds = rounds_at(Rounds::new(10 * MINUTE, 0.0), 100, known_at);
        let day = play(rounds, DAY, round_trip);
        assert_eq!(day.polls[0].0, known_at);
        let first = day.polls.iter().take_while(|(at, _)| *at < known_at + MINUTE / 2);

        assert_eq!(first.count(), 100);
        assert!(day.most_in(SECOND) <= 5, "{}", day.most_in(SECOND));
        for (id, times) in day.of_each() {
            let gaps: Vec<_> = times.windows(2).map(|w| w[1].saturating_sub(w[0])).collect();
            let is_between = |gap: &Duration| (5 * MINUTE..15 * MINUTE).contains(gap);
            assert!(is_between(&gaps[0]), "{id}: {:?}", gaps[0]);
            let is_even = |gap: &Duration| gap.abs_diff(10 * MINUTE) < SECOND / 20;
            assert!(gaps[1..].iter().all(is_even), "{id} does not keep its phase");
        }
    }

    #[test]
    fn low_rate_limit_lengthens_rounds_fairly() {
        // The watch wants 1,000 a minute, and the server allows 600: calls wait for their turns.
        let mut turn = Duration::ZERO;
        let day = play(rounds(1_000), DAY / 24, |now| {
            turn = turn.max(now) + SECOND / 10;
            turn.saturating_sub(now)
        });
        assert!(day.polls.len().abs_diff(36_000) < 100, "{}", day.polls.len());
        assert!(day.longest_interval > Duration::from_secs(90), "{:?}", day.longest_interval);
        assert!(day.longest_interval < 3 * MINUTE, "{:?}", day.longest_interval);
        let turns: Vec<_> = day.of_each().values().map(Vec::len).collect();
        let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
        assert!(turns.len() == 1_000 && most - least <= 2, "{least} to {most} turns");
    }

    #[test]
    fn overdue_polls_after_outage_do_not_burst() {
        // A call during the outage fails at the end of its time.
        let is_out = |now: Duration| (10 * MINUTE..15 * MINUTE).contains(&now);
        let takes = |now| if is_out(now) { 90 * SECOND } else { round_trip(now) };
        let day = play(rounds(1_000), 60 * MINUTE, takes);
        // At most at twice the pace of 16.7 in a second.
        assert!(day.most_in(SECOND) <= 35, "{}", day.most_in(SECOND));
        let in_the_last = |(at, _): &&(Duration, NumberId)| *at >= 59 * MINUTE;
        assert_eq!(day.polls.iter().filter(in_the_last).count(), 1_000);
    }

    #[test]
    fn simultaneous_watches_do_not_burst() {
        let mut rng = fastrand::Rng::with_seed(23);
        let mut all = Day::default();
        for _ in 0..20 {
            let rounds = rounds_at(Rounds::new(2 * SECOND, rng.f64()), 10, Duration::ZERO);
            let first = rounds.wake().unwrap();
            assert!(first < SECOND, "{first:?}");
            all.polls.extend(play(rounds, 60 * SECOND, round_trip).polls);
        }
        all.polls.sort();
        // Evenly, 20 clients with 5 requests a second each send 2 in 20 ms.
        assert!(all.most_in(SECOND / 50) <= 8, "{}", all.most_in(SECOND / 50));
    }

    #[test]
    fn first_round_starts_again_at_once_after_probes() {
        let every = 60 * MINUTE;
        let mut rounds = rounds_at(Rounds::new(every, 0.0), 2, Duration::ZERO);
        rounds.add_list(Duration::ZERO);
        let mut now = Duration::ZERO;
        // The key is refused after the first round, and then one call a minute is a probe.
        for n in 0..60 {
            let ended = if n < 3 { Outcome::Answered } else { Outcome::NotSent };
            match rounds.take(now).unwrap() {
                Some(id) => rounds.done(id, now, ended),
                None => rounds.add_list(now + every),
            }
            now += MINUTE;
        }
        rounds.start_again(now);
        assert_eq!(rounds.wake(), Some(now));
        let end = now + FIRST_ROUND;
        let calls = iter::from_fn(|| rounds.take(rounds.wake().filter(|at| *at < end)?));
        assert_eq!(calls.count(), 3);
    }

    #[test]
    fn outcome_of_call_decides_next_poll() {
        let mut rounds = rounds(1);
        // The outcome, and the minutes of the next poll and of the interval after it.
        let calls = [
            (Outcome::Answered, 1, 1),
            (Outcome::NotSent, 2, 1),
            (Outcome::Answered, 3, 2),
            (Outcome::Gone, 13, 2),
        ];
        for (ended, next, interval) in calls {
            let now = rounds.wake().unwrap();
            let id = take(&mut rounds, now).unwrap();
            assert_eq!(rounds.wake(), None, "it is not due before it is done");
            rounds.done(id, now + SECOND, ended);
            assert_eq!(rounds.wake(), Some(next * MINUTE), "{ended:?}");
            assert_eq!(rounds.interval(now + SECOND), interval * MINUTE, "{ended:?}");
        }
    }
}
