//! Tasks of one or several processes that drain requests against one limiter, in virtual time.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "virtual time and small counts"
)]

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use fastrand::Rng;

use crate::{
    limiter::{Kind, Limit, Limiter},
    pacer::{Pacer, Permit, Ticket, Turn},
};

/// How the tasks answer a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// The crate's shared pacer.
    Paced,
    /// Each task for itself: `Retry-After` where it is given, else backoff.
    Alone,
    /// Each task for itself: backoff, whatever the server says.
    BackoffAlone,
    /// The request is given up.
    NoRetry,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) strategy: Strategy,
    pub(crate) kind: Kind,
    pub(crate) limit: Limit,
    pub(crate) retry_after: bool,
    pub(crate) processes: usize,
    pub(crate) tasks: usize,
    pub(crate) requests: usize,
    /// What the limit is multiplied by, half-way.
    pub(crate) step: f64,
    /// Seconds.
    pub(crate) round_trip: f64,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) completed: usize,
    pub(crate) rejected: usize,
    pub(crate) lost: usize,
    pub(crate) drain: f64,
    pub(crate) best: f64,
    /// Of the requests that began after the first 429.
    pub(crate) times: Vec<f64>,
    /// When each request was served or rejected.
    pub(crate) served_at: Vec<f64>,
    pub(crate) rejected_at: Vec<f64>,
    pub(crate) most_attempts: u32,
    /// Requests that needed more attempts than the default policy allows.
    pub(crate) beyond_default: usize,
}

const DEFAULT_ATTEMPTS: u32 = 5;
const MAX_DELAY: Duration = Duration::from_secs(60);
const BASE_DELAY: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug)]
struct Call {
    process: usize,
    began: f64,
    attempts: u32,
    ticket: Ticket,
    permit: Option<Permit>,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Begin(usize),
    Send(Call),
    Arrive(Call),
    Answer(Call, Result<(), Option<f64>>),
    Wake(usize),
    Step,
}

struct Simulation {
    setting: Setting,
    limiter: Limiter,
    pacers: Vec<Pacer<()>>,
    waiting: Vec<BTreeMap<Ticket, Call>>,
    left: Vec<usize>,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    pending: BTreeMap<u64, Event>,
    sequence: u64,
    now: f64,
    first_rejection: Option<f64>,
    rng: Rng,
    outcome: Outcome,
}

/// Runs a setting to its end.
pub(crate) fn run(setting: Setting) -> Outcome {
    let offset = offset(setting.seed, setting.limit);
    let limiter = Limiter::new(setting.kind, setting.limit, offset);
    let middle = best(limiter.clone(), &setting, f64::INFINITY) / 2.0;
    let best = best(limiter.clone(), &setting, middle);
    let share = setting.requests / setting.processes;
    let mut simulation = Simulation {
        setting,
        limiter,
        pacers: (0..setting.processes).map(|_| Pacer::new(BASE_DELAY, MAX_DELAY)).collect(),
        waiting: vec![BTreeMap::new(); setting.processes],
        left: vec![share; setting.processes],
        events: BinaryHeap::new(),
        pending: BTreeMap::new(),
        sequence: 0,
        now: 0.0,
        first_rejection: None,
        rng: Rng::with_seed(setting.seed),
        outcome: Outcome { best: best + setting.round_trip, ..Outcome::default() },
    };
    simulation.at(middle, Event::Step);
    for task in 0..setting.tasks {
        let start = simulation.rng.f64() * 1e-3;
        simulation.at(start, Event::Begin(task % setting.processes));
    }
    simulation.run();
    simulation.outcome
}

/// How far into its window a limiter is when the first request comes.
pub(crate) fn offset(seed: u64, limit: Limit) -> f64 {
    Rng::with_seed(!seed).f64() * limit.per
}

/// The earliest that all can be served: every request sent at the moment that it would be let through, by as many tasks.
fn best(mut limiter: Limiter, setting: &Setting, step_at: f64) -> f64 {
    let (mut now, mut served, mut stepped) = (0.0_f64, 0, false);
    while served < setting.requests {
        now = now.max((served / setting.tasks) as f64 * setting.round_trip);
        if !stepped && now >= step_at {
            limiter.scale(setting.step);
            stepped = true;
        }
        match limiter.admit(now) {
            Ok(()) => served += 1,
            Err(next) if !stepped && next > step_at => now = step_at,
            Err(next) => now = next,
        }
    }
    now
}

fn seconds(time: f64) -> Duration {
    Duration::from_secs_f64(time.max(0.0))
}

impl Simulation {
    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.pending.insert(self.sequence, event);
        self.events.push(Reverse((seconds(time).as_nanos() as u64, self.sequence)));
    }

    fn run(&mut self) {
        while let Some(Reverse((time, sequence))) = self.events.pop() {
            self.now = time as f64 / 1e9;
            if self.now > 20.0 * self.outcome.best + 1000.0 {
                let ended = self.outcome.completed + self.outcome.lost;
                self.outcome.lost += self.setting.requests - ended;
                break;
            }
            let Some(event) = self.pending.remove(&sequence) else { continue };
            self.step(event);
        }
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Begin(process) => self.begin(process),
            Event::Send(call) => self.send(call),
            Event::Arrive(call) => {
                let verdict = self.limiter.admit(self.now).map_err(|next| {
                    self.setting.retry_after.then(|| (next - self.now).ceil().max(1.0))
                });
                let back = self.trip();
                self.at(self.now + back, Event::Answer(call, verdict));
            }
            Event::Answer(call, verdict) => self.answer(call, verdict),
            Event::Wake(process) => self.pump(process),
            Event::Step => self.limiter.scale(self.setting.step),
        }
    }

    fn trip(&mut self) -> f64 {
        self.setting.round_trip / 2.0 * (0.9 + 0.2 * self.rng.f64())
    }

    fn send(&mut self, call: Call) {
        let there = self.trip();
        self.at(self.now + there, Event::Arrive(call));
    }

    fn begin(&mut self, process: usize) {
        if self.left[process] == 0 {
            return;
        }
        self.left[process] -= 1;
        let ticket = self.pacers[process].ticket();
        let call = Call { process, began: self.now, attempts: 0, ticket, permit: None };
        self.submit(call);
    }

    fn submit(&mut self, call: Call) {
        if self.setting.strategy == Strategy::Paced {
            self.pacers[call.process].join(call.ticket);
            self.waiting[call.process].insert(call.ticket, call);
            self.pump(call.process);
        } else {
            self.send(Call { attempts: call.attempts + 1, ..call });
        }
    }

    fn pump(&mut self, process: usize) {
        let now = seconds(self.now);
        while let Some((ticket, ())) = self.pacers[process].head() {
            match self.pacers[process].turn(ticket, now) {
                Turn::Now(permit) => {
                    let Some(call) = self.waiting[process].remove(&ticket) else { break };
                    self.send(Call { attempts: call.attempts + 1, permit: Some(permit), ..call });
                }
                Turn::At(time) => {
                    self.at(time.as_secs_f64() + 1e-6, Event::Wake(process));
                    break;
                }
                Turn::Wait => break,
            }
        }
    }

    fn answer(&mut self, call: Call, verdict: Result<(), Option<f64>>) {
        self.outcome.most_attempts = self.outcome.most_attempts.max(call.attempts);
        match verdict {
            Ok(()) => {
                if let Some(permit) = call.permit {
                    self.pacers[call.process].served(permit, seconds(self.now));
                }
                self.outcome.completed += 1;
                self.outcome.beyond_default += usize::from(call.attempts > DEFAULT_ATTEMPTS);
                self.outcome.served_at.push(self.now);
                self.outcome.drain = self.now;
                if self.first_rejection.is_some_and(|t| call.began >= t) {
                    self.outcome.times.push(self.now - call.began);
                }
                self.begin(call.process);
                self.pump(call.process);
            }
            Err(asked) => self.rejected(call, asked),
        }
    }

    fn rejected(&mut self, call: Call, asked: Option<f64>) {
        self.first_rejection.get_or_insert(self.now);
        self.outcome.rejected += 1;
        self.outcome.rejected_at.push(self.now);
        let random = self.rng.f64();
        match self.setting.strategy {
            Strategy::Paced => {
                if let Some(permit) = call.permit {
                    let pacer = &mut self.pacers[call.process];
                    pacer.rejected(permit, asked.map(seconds), seconds(self.now), random);
                }
                self.submit(call);
            }
            Strategy::NoRetry => {
                self.outcome.lost += 1;
                self.begin(call.process);
            }
            strategy => {
                let asked = asked.filter(|_| strategy == Strategy::Alone);
                let ceiling = 0.5 * 2_f64.powi(call.attempts.min(20).cast_signed() - 1);
                let backoff = ceiling.min(60.0) * random;
                let delay = asked.map_or(backoff, |asked| asked * (1.0 + 0.1 * random));
                let call = Call { attempts: call.attempts + 1, ..call };
                self.at(self.now + delay, Event::Send(call));
            }
        }
    }
}
