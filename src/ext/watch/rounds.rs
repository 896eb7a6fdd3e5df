//! Who is asked for when. Each id has a phase of its own within the interval, so that requests are
//! spread evenly; times are those since the watch began, and `now` is an argument.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// How many intervals a number that is gone is left alone.
const GONE_FOR: u32 = 10;
/// What is late is made up for at this many times the pace, and not in a burst.
const CATCH_UP: u32 = 2;
/// How early one may be, since timers are no finer.
const TICK: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct Rounds {
    every: Duration,
    phases: HashMap<Arc<str>, Duration>,
    /// Who waits for its time, the earliest first.
    due: BTreeSet<(Duration, Arc<str>)>,
    /// Nobody is asked for before.
    not_before: Duration,
    /// When each was asked for last,
    asked: HashMap<Arc<str>, Duration>,
    /// and how long after the time before that, of the last one.
    last: Duration,
    /// How many came after the first.
    joined: u32,
}

impl Rounds {
    pub(super) fn new(every: Duration) -> Self {
        Self {
            every,
            phases: HashMap::new(),
            due: BTreeSet::new(),
            not_before: Duration::ZERO,
            asked: HashMap::new(),
            last: every,
            joined: 0,
        }
    }

    /// The first ids, in even steps over the first interval; one that repeats has one place.
    pub(super) fn fill(&mut self, ids: Vec<Arc<str>>) {
        let mut known = BTreeSet::new();
        let ids: Vec<_> = ids.into_iter().filter(|id| known.insert(Arc::clone(id))).collect();
        let count = ids.len();
        for (place, id) in ids.into_iter().enumerate() {
            let phase = fraction(self.every, place, count);
            self.insert(id, phase, phase);
        }
    }

    /// One more, unless it is there; at a phase between those of the others.
    pub(super) fn join(&mut self, id: Arc<str>, now: Duration) -> bool {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        if self.phases.contains_key(&id) {
            return false;
        }
        self.joined = self.joined.wrapping_add(1);
        let phase = self.every.mul_f64((f64::from(self.joined) * GOLDEN).fract());
        self.insert(id, phase, self.next(phase, now));
        true
    }

    /// Leaves out all others.
    pub(super) fn retain(&mut self, stays: impl Fn(&Arc<str>) -> bool) {
        self.phases.retain(|id, _| stays(id));
        self.asked.retain(|id, _| stays(id));
        self.due.retain(|(_, id)| stays(id));
    }

    /// Who is asked for now; it is not due again before it is [`done`](Self::done).
    pub(super) fn take(&mut self, now: Duration) -> Option<Arc<str>> {
        let due = self.due.first()?.0;
        if due > now || self.not_before > now + TICK {
            return None;
        }
        let (_, id) = self.due.pop_first()?;
        if let Some(before) = self.asked.insert(Arc::clone(&id), now) {
            self.last = now.saturating_sub(before);
        }
        let count = u32::try_from(self.phases.len()).unwrap_or(u32::MAX).max(1);
        self.not_before = self.not_before.max(now) + self.every / CATCH_UP / count;
        Some(id)
    }

    /// An answer has come: the next question follows at the id's own phase, and one that is missed
    /// by then is left out, so that rounds never pile up.
    pub(super) fn done(&mut self, id: Arc<str>, now: Duration, is_gone: bool) {
        let Some(phase) = self.phases.get(&id) else { return };
        let mut next = self.next(*phase, now);
        if is_gone {
            next += self.every * (GONE_FOR - 1);
            // It is no measure of the others.
            self.asked.remove(&id);
        }
        self.due.insert((next, id));
    }

    /// When there is something to do again, unless an answer comes first.
    pub(super) fn wake(&self) -> Option<Duration> {
        Some(self.due.first()?.0.max(self.not_before))
    }

    /// From one question to the next about the same id; more than `every` where the limit, or the
    /// number of calls at a time, allows no more.
    pub(super) fn interval(&self, now: Duration) -> Duration {
        let waiting = self.due.first().map_or(Duration::ZERO, |(due, _)| now.saturating_sub(*due));
        (self.every + waiting).max(self.last)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.phases.contains_key(id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.phases.is_empty()
    }

    fn insert(&mut self, id: Arc<str>, phase: Duration, first: Duration) {
        self.due.insert((first, Arc::clone(&id)));
        self.phases.insert(id, phase);
    }

    /// The first time after now at this phase.
    fn next(&self, phase: Duration, now: Duration) -> Duration {
        let since = now.saturating_sub(phase);
        if now < phase {
            return phase;
        }
        let rounds = since.as_nanos() / self.every.as_nanos().max(1) + 1;
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        phase.saturating_add(self.every.saturating_mul(rounds))
    }
}

/// The part of the interval at which the one in this place of so many is asked for.
fn fraction(every: Duration, place: usize, count: usize) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 numbers")]
    every.mul_f64(place as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn rounds(count: usize) -> Rounds {
        let mut rounds = Rounds::new(MINUTE);
        rounds.fill((0..count).map(|n| format!("num_{n}").into()).collect());
        rounds
    }

    /// A server that answers this many requests a second, and calls that wait for their turn.
    struct Server {
        a_second: f64,
        round_trip: Duration,
        is_out: fn(Duration) -> bool,
    }

    /// What came of a day, or of less.
    #[derive(Default)]
    struct Day {
        asked: Vec<(Duration, Arc<str>)>,
        longest_interval: Duration,
        most_at_once: usize,
    }

    impl Day {
        /// The most questions within so long.
        fn most_in(&self, window: Duration) -> usize {
            let times: Vec<_> = self.asked.iter().map(|(at, _)| *at).collect();
            let until = |from: Duration| times.partition_point(|at| *at < from + window);
            (0..times.len()).map(|n| until(times[n]) - n).max().unwrap_or_default()
        }

        /// The questions about each, in turn.
        fn of_each(&self) -> HashMap<&str, Vec<Duration>> {
            let mut all = HashMap::<&str, Vec<Duration>>::new();
            for (at, id) in &self.asked {
                all.entry(id).or_default().push(*at);
            }
            all
        }
    }

    /// Plays a watch until the end, in virtual time, with at most so many calls at a time.
    fn play(mut rounds: Rounds, end: Duration, concurrency: usize, server: &Server) -> Day {
        let mut day = Day::default();
        let mut calls = BTreeSet::<(Duration, Arc<str>)>::new();
        let (mut now, mut free_at) = (Duration::ZERO, Duration::ZERO);
        while now < end {
            while let Some((_, id)) = calls.first().filter(|(at, _)| *at <= now).cloned() {
                calls.pop_first();
                rounds.done(id, now, false);
            }
            while calls.len() < concurrency
                && let Some(id) = rounds.take(now)
            {
                day.asked.push((now, Arc::clone(&id)));
                // Under an outage a call fails at the end of its time; under a limit it waits.
                let pace = Duration::from_secs_f64(1.0 / server.a_second);
                let turn = free_at.max(now);
                free_at = turn + pace;
                let takes = if (server.is_out)(now) { 90 * SECOND } else { server.round_trip };
                calls.insert((turn + takes, id));
            }
            day.most_at_once = day.most_at_once.max(calls.len());
            day.longest_interval = day.longest_interval.max(rounds.interval(now));
            let call = calls.first().map(|(at, _)| *at);
            let wake = rounds.wake().filter(|_| calls.len() < concurrency);
            let next = call.into_iter().chain(wake).min().unwrap();
            now = next.max(now + Duration::from_millis(1));
        }
        day
    }

    const FAST: Server =
        Server { a_second: 1e6, round_trip: Duration::from_millis(50), is_out: |_| false };

    #[test]
    fn a_day_of_a_thousand_numbers_is_even_and_complete() {
        let day = play(rounds(1_000), DAY, 16, &FAST);
        assert_eq!(day.asked.len(), 1_000 * 24 * 60);
        // 1,000 in a minute are 16.7 in a second.
        assert!(day.most_in(SECOND) <= 18, "{}", day.most_in(SECOND));
        assert!(day.longest_interval < MINUTE + SECOND, "{:?}", day.longest_interval);
        for (id, times) in day.of_each() {
            let is_even = |w: &[Duration]| w[1].abs_diff(w[0] + MINUTE) < SECOND / 20;
            assert!(times.windows(2).all(is_even), "{id} does not keep its phase");
        }
    }

    #[test]
    fn below_the_need_rounds_take_longer_and_everybody_has_a_turn() {
        // 1,000 a minute are wanted, and 600 allowed.
        let server = Server { a_second: 10.0, ..FAST };
        let day = play(rounds(1_000), DAY / 24, 16, &server);
        assert!(day.asked.len().abs_diff(36_000) < 100, "{}", day.asked.len());
        assert!(day.longest_interval > Duration::from_secs(90), "{:?}", day.longest_interval);
        assert!(day.longest_interval < 3 * MINUTE, "{:?}", day.longest_interval);
        assert_eq!(day.most_at_once, 16);
        let turns: Vec<_> = day.of_each().values().map(Vec::len).collect();
        let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
        assert!(turns.len() == 1_000 && most - least <= 2, "{least} to {most} turns");
    }

    #[test]
    fn after_an_outage_what_is_late_is_no_burst() {
        let is_out = |now: Duration| (10 * MINUTE..15 * MINUTE).contains(&now);
        let day = play(rounds(1_000), 60 * MINUTE, 16, &Server { is_out, ..FAST });
        // At most at twice the pace of 16.7 in a second.
        assert!(day.most_in(SECOND) <= 35, "{}", day.most_in(SECOND));
        let in_the_last = |(at, _): &&(Duration, Arc<str>)| *at >= 59 * MINUTE;
        assert_eq!(day.asked.iter().filter(in_the_last).count(), 1_000);
    }

    #[test]
    fn a_clock_that_jumps_brings_one_question_about_each() {
        let mut rounds = rounds(10);
        let mut now = 100 * MINUTE + SECOND;
        let mut asked = Vec::new();
        while now < 101 * MINUTE {
            if let Some(id) = rounds.take(now) {
                rounds.done(Arc::clone(&id), now, false);
                asked.push(id);
            }
            now += SECOND / 10;
        }
        // One each that was missed, and in the minute one each that is due.
        assert!(asked.len() <= 20, "{asked:?}");
        assert_eq!(asked[..10].iter().collect::<BTreeSet<_>>().len(), 10, "{asked:?}");
    }

    #[test]
    fn ids_that_repeat_have_one_place() {
        let mut rounds = Rounds::new(MINUTE);
        rounds.fill(["a", "b", "a", "b"].map(Arc::from).into());
        let due: Vec<_> = rounds.due.iter().map(|(at, id)| (at.as_secs(), &**id)).collect();
        assert_eq!(due, [(0, "a"), (30, "b")]);
        assert!(!rounds.join("a".into(), SECOND));
        assert!(rounds.join("c".into(), SECOND) && !rounds.join("c".into(), SECOND));
        rounds.retain(|id| **id == *"c");
        assert!(rounds.take(MINUTE).is_some_and(|id| *id == *"c") && rounds.take(MINUTE).is_none());
    }

    #[test]
    fn one_that_is_gone_is_asked_for_in_every_tenth_round_and_one_that_left_never() {
        let mut rounds = rounds(1);
        let id = rounds.take(Duration::ZERO).unwrap();
        assert!(rounds.take(10 * MINUTE).is_none(), "it is not due before it is done");
        rounds.done(Arc::clone(&id), SECOND, true);
        assert_eq!(rounds.wake(), Some(10 * MINUTE));
        rounds.retain(|_| false);
        rounds.done(id, SECOND, false);
        assert!(rounds.is_empty() && rounds.wake().is_none());
    }

    #[test]
    fn who_comes_late_has_a_phase_between_the_others() {
        let mut rounds = rounds(0);
        for n in 0..60 {
            assert!(rounds.join(format!("{n}").into(), SECOND));
        }
        let phases: BTreeSet<_> = rounds.phases.values().copied().collect();
        let phases: Vec<_> = phases.into_iter().collect();
        assert_eq!(phases.len(), 60);
        let widest = phases.windows(2).map(|w| w[1].abs_diff(w[0])).max().unwrap();
        assert!(widest < 3 * SECOND, "{widest:?}");
    }
}
