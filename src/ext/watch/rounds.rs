//! The schedule of a watch. Each id has its own phase within the interval, so that requests are
//! spread evenly. Times count from the first poll, and `now` is an argument.

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
/// Longest random offset of a watch. It is at most the time between two numbers of a round.
pub(super) const MAX_OFFSET: Duration = Duration::from_secs(1);
/// Tolerance of timers, by which a request may be early.
const TICK: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct Rounds {
    every: Duration,
    /// Length of the first round, at most `every`.
    first: Duration,
    /// Number of ids that the first round has not polled yet.
    first_left: usize,
    /// The phase of each id, and the time of its last response.
    phases: HashMap<NumberId, (Duration, Option<Duration>)>,
    /// Ids without a running call, by the time of their next one.
    due: BTreeSet<(Duration, NumberId)>,
    /// Time of the earliest next request.
    not_before: Duration,
    /// Time between the last two responses of the id that responded last.
    last: Duration,
    /// Number of ids that joined after the first ones.
    joined: u32,
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
    pub(super) fn new(every: Duration) -> Self {
        Self {
            every,
            first: every.min(FIRST_ROUND),
            first_left: 0,
            phases: HashMap::new(),
            due: BTreeSet::new(),
            not_before: Duration::ZERO,
            last: every,
            joined: 0,
        }
    }

    pub(super) fn first_round(&mut self, time: Duration) {
        self.first = self.every.min(time);
    }

    /// Adds the first ids, without duplicates. Each gets an even step of the first round for its first
    /// poll, and an even step of the interval as its phase. `random`, in `0.0..1.0`, is the fraction of
    /// the largest offset.
    pub(super) fn fill(&mut self, ids: Vec<NumberId>, now: Duration, random: f64) {
        let mut known = BTreeSet::new();
        let ids: Vec<_> = ids.into_iter().filter(|id| known.insert(id.clone())).collect();
        let count = ids.len();
        self.first_left = count;
        let most = fraction(self.every, 1, count.max(1)).min(MAX_OFFSET).min(self.first);
        let offset = most.mul_f64(random);
        for (place, id) in ids.into_iter().enumerate() {
            let phase = now + offset + fraction(self.every, place, count);
            let first = now + offset + fraction(self.first, place, count);
            self.due.insert((first, id.clone()));
            self.phases.insert(id, (phase, None));
        }
    }

    /// Adds an id at a phase between the others, unless it is already there. If a call for it is still
    /// running, since it left and returned, it is due after that call.
    pub(super) fn join(&mut self, id: NumberId, now: Duration, is_running: bool) {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        if self.phases.contains_key(&id) {
            return;
        }
        self.joined = self.joined.wrapping_add(1);
        let phase = self.every.mul_f64((f64::from(self.joined) * GOLDEN).fract());
        if !is_running {
            self.due.insert((self.next(phase, now), id.clone()));
        }
        self.phases.insert(id, (phase, None));
    }

    /// Removes the ids for which `stays` returns false.
    pub(super) fn retain(&mut self, stays: impl Fn(&NumberId) -> bool) {
        self.phases.retain(|id, _| stays(id));
        self.due.retain(|(_, id)| stays(id));
    }

    /// Returns the id to poll now, if any. It is not due again before [`done`](Self::done).
    pub(super) fn take(&mut self, now: Duration) -> Option<NumberId> {
        let due = self.due.first()?.0;
        if due > now || self.not_before > now + TICK {
            return None;
        }
        let (_, id) = self.due.pop_first()?;
        let count = u32::try_from(self.phases.len()).unwrap_or(u32::MAX).max(1);
        let round = if self.first_left > 0 { self.first } else { self.every };
        self.first_left = self.first_left.saturating_sub(1);
        self.not_before = self.not_before.max(now) + round / CATCH_UP / count;
        Some(id)
    }

    /// Schedules the next call of an id at its phase. Phases that passed during the call are skipped,
    /// so that rounds never pile up.
    pub(super) fn done(&mut self, id: NumberId, now: Duration, ended: Outcome) {
        let Some((phase, answered)) = self.phases.get_mut(&id) else { return };
        let phase = *phase;
        // The long pause of a missing number does not measure the interval of the others.
        let answered = match ended {
            Outcome::Answered => answered.replace(now),
            Outcome::Gone => answered.take(),
            Outcome::NotSent => None,
        };
        let mut next = self.next(phase, now);
        match (ended, answered) {
            (Outcome::Answered, Some(before)) => self.last = now.saturating_sub(before),
            // The first poll was less than half an interval ago.
            (Outcome::Answered, None) if next < now + self.every / 2 => next += self.every,
            (Outcome::Gone, _) => next += self.every * (GONE_FOR - 1),
            (Outcome::Answered | Outcome::NotSent, _) => {}
        }
        self.due.insert((next, id));
    }

    /// Delays all requests to this time, and makes one due then.
    pub(super) fn hold_until(&mut self, moment: Duration) {
        self.not_before = self.not_before.max(moment);
        if let Some((due, id)) = self.due.pop_first() {
            self.due.insert((due.min(moment), id));
        }
    }

    /// Starts a first round again, after a hold. Ids with a running call keep their phases.
    pub(super) fn start_again(&mut self, now: Duration) {
        let count = self.due.len();
        let ids = mem::take(&mut self.due).into_iter().map(|(_, id)| id).enumerate();
        self.due = ids.map(|(n, id)| (now + fraction(self.first, n, count), id)).collect();
        self.first_left = count;
        self.not_before = now;
        // The hold does not measure a round.
        self.phases.values_mut().for_each(|(_, answered)| *answered = None);
        self.last = self.every;
    }

    /// Returns the time of the next request, unless a response arrives earlier.
    pub(super) fn wake(&self) -> Option<Duration> {
        Some(self.due.first()?.0.max(self.not_before))
    }

    /// Returns the time between two responses of the same id: `every`, or longer under a rate limit or
    /// a low concurrency.
    pub(super) fn interval(&self, now: Duration) -> Duration {
        let waiting = self.due.first().map_or(Duration::ZERO, |(due, _)| now.saturating_sub(*due));
        (self.every + waiting).max(self.last)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &NumberId> {
        self.phases.keys()
    }

    pub(super) fn contains(&self, id: &NumberId) -> bool {
        self.phases.contains_key(id)
    }

    pub(super) fn len(&self) -> usize {
        self.phases.len()
    }

    /// Returns the first time at this phase after `now`.
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

/// Returns the part of the interval for this place among `count`.
fn fraction(every: Duration, place: usize, count: usize) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "no fleet has 2^52 numbers")]
    every.mul_f64(place as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn ids(count: usize) -> Vec<NumberId> {
        (0..count).map(|n| id(&format!("num_{n}"))).collect()
    }

    fn id(text: &str) -> NumberId {
        text.parse().unwrap()
    }

    fn rounds(count: usize) -> Rounds {
        let mut rounds = Rounds::new(MINUTE);
        rounds.first_round(MINUTE);
        rounds.fill(ids(count), Duration::ZERO, 0.0);
        rounds
    }

    /// A server with a limit; calls beyond it wait for their turn.
    struct Server {
        per_second: f64,
        round_trip: Duration,
        is_out: fn(Duration) -> bool,
    }

    /// The record of a simulated day.
    #[derive(Default)]
    struct Day {
        polls: Vec<(Duration, NumberId)>,
        longest_interval: Duration,
        most_at_once: usize,
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

    /// Simulates a watch in virtual time until `end`.
    fn play(mut rounds: Rounds, end: Duration, concurrency: usize, server: &Server) -> Day {
        let mut day = Day::default();
        let mut calls = BTreeSet::<(Duration, NumberId)>::new();
        let (mut now, mut free_at) = (Duration::ZERO, Duration::ZERO);
        while now < end {
            while let Some((_, id)) = calls.first().filter(|(at, _)| *at <= now).cloned() {
                calls.pop_first();
                rounds.done(id, now, Outcome::Answered);
            }
            while calls.len() < concurrency
                && let Some(id) = rounds.take(now)
            {
                day.polls.push((now, id.clone()));
                // Under an outage a call fails at the end of its time; under a limit it waits.
                let pace = Duration::from_secs_f64(1.0 / server.per_second);
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
        Server { per_second: 1e6, round_trip: Duration::from_millis(50), is_out: |_| false };

    #[test]
    fn thousand_numbers_are_polled_evenly_all_day() {
        let day = play(rounds(1_000), DAY, 16, &FAST);
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
        let mut rounds = Rounds::new(MINUTE);
        rounds.first_round(Duration::ZERO);
        rounds.fill(ids(3), Duration::ZERO, 0.99);
        assert!((0..3).all(|_| rounds.take(Duration::ZERO).is_some()));
    }

    #[test]
    fn short_first_round_precedes_full_intervals() {
        let mut rounds = Rounds::new(10 * MINUTE);
        rounds.fill(ids(100), Duration::ZERO, 0.0);
        let day = play(rounds, DAY, 16, &FAST);
        let first = day.polls.iter().take_while(|(at, _)| *at < MINUTE / 2).count();
        assert_eq!(first, 100);
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
        // The watch wants 1,000 a minute, and the server allows 600.
        let server = Server { per_second: 10.0, ..FAST };
        let day = play(rounds(1_000), DAY / 24, 16, &server);
        assert!(day.polls.len().abs_diff(36_000) < 100, "{}", day.polls.len());
        assert!(day.longest_interval > Duration::from_secs(90), "{:?}", day.longest_interval);
        assert!(day.longest_interval < 3 * MINUTE, "{:?}", day.longest_interval);
        assert_eq!(day.most_at_once, 16);
        let turns: Vec<_> = day.of_each().values().map(Vec::len).collect();
        let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
        assert!(turns.len() == 1_000 && most - least <= 2, "{least} to {most} turns");
    }

    #[test]
    fn overdue_polls_after_outage_do_not_burst() {
        let is_out = |now: Duration| (10 * MINUTE..15 * MINUTE).contains(&now);
        let day = play(rounds(1_000), 60 * MINUTE, 16, &Server { is_out, ..FAST });
        // At most at twice the pace of 16.7 in a second.
        assert!(day.most_in(SECOND) <= 35, "{}", day.most_in(SECOND));
        let in_the_last = |(at, _): &&(Duration, NumberId)| *at >= 59 * MINUTE;
        assert_eq!(day.polls.iter().filter(in_the_last).count(), 1_000);
    }

    #[test]
    fn clock_jump_polls_each_number_once() {
        let mut rounds = rounds(10);
        let mut now = 100 * MINUTE + SECOND;
        let mut polled = Vec::new();
        while now < 101 * MINUTE {
            if let Some(id) = rounds.take(now) {
                rounds.done(id.clone(), now, Outcome::Answered);
                polled.push(id);
            }
            now += SECOND / 10;
        }
        // Each number has one overdue poll, and one that is due in this minute.
        assert!(polled.len() <= 20, "{polled:?}");
        assert_eq!(polled[..10].iter().collect::<BTreeSet<_>>().len(), 10, "{polled:?}");
    }

    #[test]
    fn repeated_ids_are_polled_once() {
        let mut rounds = Rounds::new(MINUTE);
        rounds.fill(["a", "b", "a", "b"].map(id).into(), Duration::ZERO, 0.0);
        let due: Vec<_> = rounds.due.iter().map(|(at, id)| (at.as_secs(), id.as_str())).collect();
        assert_eq!(due, [(0, "a"), (15, "b")]);
        for joining in ["a", "c", "c"] {
            rounds.join(id(joining), SECOND, false);
        }
        assert_eq!((rounds.len(), rounds.due.len()), (3, 3));
        rounds.retain(|id| id.as_str() == "c");
        assert!(
            rounds.take(MINUTE).is_some_and(|id| id.as_str() == "c")
                && rounds.take(MINUTE).is_none()
        );
    }

    #[test]
    fn hold_makes_one_request_due_at_its_end() {
        let mut rounds = Rounds::new(DAY);
        rounds.fill(ids(2), Duration::ZERO, 0.0);
        let id = rounds.take(Duration::ZERO).unwrap();
        rounds.done(id, SECOND, Outcome::NotSent);
        rounds.hold_until(MINUTE);
        assert_eq!((rounds.wake(), rounds.take(SECOND)), (Some(MINUTE), None));
        assert!(rounds.take(MINUTE).is_some() && rounds.take(2 * MINUTE).is_none());
    }

    #[test]
    fn missing_number_polls_every_tenth_round() {
        let mut rounds = rounds(1);
        let id = rounds.take(Duration::ZERO).unwrap();
        assert!(rounds.take(10 * MINUTE).is_none(), "it is not due before it is done");
        rounds.done(id.clone(), SECOND, Outcome::Gone);
        assert_eq!(rounds.wake(), Some(10 * MINUTE));
        rounds.retain(|_| false);
        rounds.done(id, SECOND, Outcome::Answered);
        assert!(rounds.len() == 0 && rounds.wake().is_none());
    }

    #[test]
    fn simultaneous_watches_do_not_burst() {
        let mut rng = fastrand::Rng::with_seed(23);
        let mut all = Day::default();
        for _ in 0..20 {
            let mut rounds = Rounds::new(2 * SECOND);
            rounds.fill(ids(10), Duration::ZERO, rng.f64());
            let first = rounds.wake().unwrap();
            assert!(first < SECOND / 5, "{first:?}");
            all.polls.extend(play(rounds, 60 * SECOND, 16, &FAST).polls);
        }
        all.polls.sort();
        // Evenly, 20 clients with 5 requests a second each send 2 in 20 ms.
        assert!(all.most_in(SECOND / 50) <= 8, "{}", all.most_in(SECOND / 50));
    }

    #[test]
    fn first_call_starts_within_one_second() {
        for count in [1, 20] {
            let mut rounds = Rounds::new(DAY);
            rounds.fill(ids(count), SECOND, 0.999);
            assert!(rounds.wake().unwrap() < 2 * SECOND);
        }
    }

    #[test]
    fn rounds_start_once_ids_are_known() {
        let (mut rounds, known_at) = (Rounds::new(2 * SECOND), 9 * SECOND);
        rounds.fill(ids(10), known_at, 0.0);
        assert_eq!(rounds.interval(known_at), 2 * SECOND);
        let day = play(rounds, known_at + 2 * SECOND, 16, &FAST);
        assert_eq!(day.polls.len(), 10);
        let last = day.polls.last().unwrap().0;
        assert!(last > known_at + 2 * SECOND * 8 / 10, "{last:?}");
        assert_eq!(day.longest_interval, 2 * SECOND);
    }

    #[test]
    fn unsent_call_lengthens_interval() {
        let mut rounds = rounds(1);
        for (minute, ended) in
            [Outcome::Answered, Outcome::NotSent, Outcome::Answered].into_iter().enumerate()
        {
            let now = MINUTE * u32::try_from(minute).unwrap();
            let id = rounds.take(now).unwrap();
            rounds.done(id, now, ended);
        }
        assert_eq!(rounds.interval(2 * MINUTE), 2 * MINUTE);
    }

    #[test]
    fn id_returning_during_call_is_due_afterwards() {
        let mut rounds = rounds(1);
        let id = rounds.take(Duration::ZERO).unwrap();
        rounds.retain(|_| false);
        rounds.join(id.clone(), SECOND, true);
        assert!(rounds.take(10 * MINUTE).is_none());
        rounds.done(id, 10 * MINUTE, Outcome::Answered);
        assert!(rounds.take(12 * MINUTE).is_some() && rounds.take(12 * MINUTE).is_none());
    }

    #[test]
    fn late_id_gets_phase_between_others() {
        let mut rounds = rounds(0);
        for n in 0..60 {
            rounds.join(id(&n.to_string()), SECOND, false);
        }
        let phases: BTreeSet<_> = rounds.phases.values().map(|(phase, _)| *phase).collect();
        let phases: Vec<_> = phases.into_iter().collect();
        assert_eq!(phases.len(), 60);
        let widest = phases.windows(2).map(|w| w[1].abs_diff(w[0])).max().unwrap();
        assert!(widest < 3 * SECOND, "{widest:?}");
    }
}
