//! Tasks of one or several processes that drain requests against one limiter, in virtual time.
#![expect(clippy::cast_precision_loss, reason = "virtual time and small counts")]

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use fastrand::Rng;
use pilot_status::shared_limit::{LimitState, Reply, Step};

use crate::{
    answer::{self, Verdict},
    best,
    limiter::{Limit, Limiter},
    outcome::Outcome,
    pacer::{Pacer, Turn},
    queue::Ticket,
    setting::{Setting, Strategy, TIMEOUT},
    under_way::Permit,
};

/// The defaults of the client.
const MAX_DELAY: Duration = Duration::from_secs(60);
const BASE_DELAY: Duration = Duration::from_millis(500);
const MAX_ATTEMPTS: u32 = 5;
/// Every so many calls there comes one that is kept unpolled, until there are as many as there are
/// to be.
const KEPT_EVERY: usize = 25;
/// Before an idle spell so many requests are served, one a second.
const SERVED_BEFORE: usize = 20;
const IDLE: f64 = 11.0;

#[derive(Clone, Copy, Debug)]
struct Call {
    process: usize,
    /// Of the load that is measured, not from before the idle spell.
    is_counted: bool,
    began: f64,
    sent: f64,
    attempts: u32,
    ticket: Ticket,
    permit: Option<Permit>,
    /// Of the store, as it was sent.
    epoch: u64,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    ServeBefore(usize),
    Begin(usize),
    Send(Call),
    Arrive(Call),
    Answer(Call, Verdict),
    Wake(usize, Ticket),
    /// A call asks the store, with the slot it was given.
    AskStore(Call, u64),
    /// The store's reply to it.
    StoreSays(Call, Reply),
    TellStore(Call, Verdict, (u32, Duration)),
    Look(usize),
    LookSays(usize, bool),
    Step,
}

/// What one process knows.
struct Process {
    pacer: Pacer<()>,
    waiting: BTreeMap<Ticket, Call>,
    /// Requests that have not begun.
    left: usize,
    first_answer: Option<f64>,
    /// Who is woken, and when.
    planned: BTreeMap<Ticket, f64>,
    is_limited: bool,
    served: u32,
    served_since: f64,
    looked: f64,
}

struct Simulation {
    setting: Setting,
    limiter: Limiter,
    ledger: LimitState,
    processes: Vec<Process>,
    /// When the load begins.
    start: f64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    pending: BTreeMap<u64, Event>,
    sequence: u64,
    now: f64,
    rng: Rng,
    /// Calls that are counted.
    begun: usize,
    kept: usize,
    outcome: Outcome,
}

/// Runs a setting to its end.
pub(crate) fn run(setting: Setting) -> Outcome {
    let offset = offset(setting.seed, setting.limit);
    let limiter = Limiter::new(setting.kind, setting.limit, offset);
    let is_idle_before = setting.scenario.is_idle_before;
    let before = if is_idle_before { SERVED_BEFORE } else { 0 };
    let last_before = before as f64 - 1.0 + setting.round_trip;
    let start = if is_idle_before { last_before + IDLE } else { 0.0 };
    let mut used = limiter.clone();
    for n in 0..before {
        used.admit(n as f64).ok();
    }
    let end = best::end(&best::times(used.clone(), &setting, start, None));
    let step_at = start + setting.scenario.step_at * (end - start);
    let best_at = best::times(used, &setting, start, Some(step_at));
    let outcome = Outcome {
        best: best::end(&best_at) - start + setting.round_trip,
        out_of_time_at_best: best::out_of_time(&best_at, &setting, start),
        best_at,
        ..Outcome::default()
    };
    let mut simulation = Simulation::new(setting, limiter, start, outcome);
    simulation.at(step_at, Event::Step);
    for n in 0..before {
        simulation.at(n as f64, Event::ServeBefore(n % setting.processes));
    }
    for task in 0..setting.tasks {
        let begin = start + simulation.rng.f64() * 1e-3;
        simulation.at(begin, Event::Begin(task % setting.processes));
    }
    simulation.run();
    simulation.outcome
}

/// How far into its window a limiter is when the first request comes.
pub(crate) fn offset(seed: u64, limit: Limit) -> f64 {
    Rng::with_seed(!seed).f64() * limit.per
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time.max(0.0)).unwrap_or(Duration::MAX)
}

impl Process {
    fn new(setting: &Setting, n: usize) -> Self {
        // What does not divide goes to the first ones.
        let more = usize::from(n < setting.requests % setting.processes);
        Self {
            pacer: Pacer::new(BASE_DELAY, MAX_DELAY),
            waiting: BTreeMap::new(),
            left: setting.requests / setting.processes + more,
            first_answer: None,
            planned: BTreeMap::new(),
            is_limited: false,
            served: 0,
            served_since: f64::NAN,
            looked: 0.0,
        }
    }
}

impl Simulation {
    fn new(setting: Setting, limiter: Limiter, start: f64, outcome: Outcome) -> Self {
        Self {
            setting,
            limiter,
            ledger: LimitState::default(),
            processes: (0..setting.processes).map(|n| Process::new(&setting, n)).collect(),
            start,
            events: BinaryHeap::new(),
            pending: BTreeMap::new(),
            sequence: 0,
            now: 0.0,
            rng: Rng::with_seed(setting.seed),
            begun: 0,
            kept: 0,
            outcome,
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.pending.insert(self.sequence, event);
        let nanos = u64::try_from(seconds(time).as_nanos()).unwrap_or(u64::MAX);
        self.events.push(Reverse((nanos, self.sequence)));
    }

    fn run(&mut self) {
        while let Some(Reverse((time, sequence))) = self.events.pop() {
            self.now = time as f64 / 1e9;
            if self.now > 20.0 * self.outcome.best + 1000.0 {
                self.outcome.drain = f64::INFINITY;
                break;
            }
            if let Some(event) = self.pending.remove(&sequence) {
                self.step(event);
            }
        }
        // Calls that are never served.
        self.outcome.out_of_time += self.begun - self.outcome.served_at.len();
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::ServeBefore(process) => self.submit_new(process, false),
            Event::Begin(process) => self.begin(process),
            Event::Send(call) => self.send(call),
            Event::Arrive(call) => self.arrive(call),
            Event::Answer(call, verdict) => self.answer(call, verdict),
            Event::Wake(process, ticket) => self.wake(process, ticket),
            Event::AskStore(call, slot) => self.ask_store(call, slot),
            Event::StoreSays(call, turn) => self.store_says(call, turn),
            Event::TellStore(call, verdict, report) => self.tell_store(call, verdict, report),
            Event::Look(process) => {
                let is_limited = self.store_step(Step::Look) == Reply::Limited;
                let back = self.store() / 2.0;
                self.at(self.now + back, Event::LookSays(process, is_limited));
            }
            Event::LookSays(process, is_limited) => {
                self.processes[process].is_limited |= is_limited;
            }
            Event::Step => self.limiter.scale(self.setting.scenario.step),
        }
    }

    fn begin(&mut self, process: usize) {
        if self.processes[process].left > 0 {
            self.processes[process].left -= 1;
            self.begun += 1;
            self.submit_new(process, true);
            if self.begun.is_multiple_of(KEPT_EVERY) && self.kept < self.setting.scenario.kept {
                self.keep(process);
            }
        }
    }

    /// A call that has to wait is kept; one that has not is dropped.
    fn keep(&mut self, process: usize) {
        let pacer = &mut self.processes[process].pacer;
        let ticket = pacer.queue.ticket();
        match pacer.turn(ticket, seconds(self.now)) {
            Turn::Now(permit, _) => pacer.unanswered(permit),
            Turn::At(_) => self.kept += 1,
        }
    }

    fn submit_new(&mut self, process: usize, is_counted: bool) {
        let (began, sent) = (self.now, self.now);
        self.submit(Call {
            process,
            is_counted,
            began,
            sent,
            attempts: 0,
            ticket: 0,
            permit: None,
            epoch: 0,
        });
    }

    /// For one more attempt, with a new place in the line.
    fn submit(&mut self, call: Call) {
        if self.setting.scenario.strategy == Strategy::Alone {
            return self.send(call);
        }
        if self.is_shared() {
            return self.submit_shared(call, 0);
        }
        let process = &mut self.processes[call.process];
        let ticket = process.pacer.queue.ticket();
        process.waiting.insert(ticket, Call { ticket, ..call });
        self.wake(call.process, ticket);
    }

    /// Lets one ask, and then the head.
    fn wake(&mut self, process: usize, ticket: Ticket) {
        let head = self.processes[process].pacer.head().map(|(head, ())| head);
        if head != Some(ticket) {
            self.poll(process, ticket);
        }
        self.wake_head(process);
    }

    /// Lets the head ask, for as long as there is a new one.
    fn wake_head(&mut self, process: usize) {
        while let Some((head, ())) = self.processes[process].pacer.head() {
            if !self.poll(process, head) {
                break;
            }
        }
    }

    /// Whether this one is not the head any more.
    fn poll(&mut self, process: usize, ticket: Ticket) -> bool {
        let Some(call) = self.processes[process].waiting.get(&ticket).copied() else {
            return false;
        };
        let passed_over = match self.ask(call) {
            Turn::Now(permit, passed_over) => {
                self.send(Call { permit: Some(permit), ..call });
                passed_over
            }
            Turn::At(time) => return self.plan(&call, time.as_secs_f64() + 1e-6),
        };
        self.processes[process].waiting.remove(&ticket);
        self.processes[process].planned.remove(&ticket);
        if !passed_over.is_empty() {
            self.wake_before(process, ticket);
        }
        true
    }

    /// Lets one that has to wait ask again then; whether it is not the head.
    fn plan(&mut self, &Call { process, ticket, attempts, .. }: &Call, time: f64) -> bool {
        let is_head = self.processes[process].pacer.head().is_some_and(|(head, ())| head == ticket);
        // The one behind the head is asked when its turn comes, but one that stepped aside is not,
        // nor one behind a call that is kept.
        let is_asked = !is_head && !self.is_last(attempts) && self.kept == 0;
        let is_planned = self.processes[process].planned.get(&ticket) == Some(&time);
        if !is_planned && !is_asked {
            self.processes[process].planned.insert(ticket, time);
            self.at(time, Event::Wake(process, ticket));
        }
        !is_head
    }

    /// Lets those ask again who were passed over.
    fn wake_before(&mut self, process: usize, ticket: Ticket) {
        let waiting = self.processes[process].waiting.range(..ticket);
        for ticket in waiting.map(|(ticket, _)| *ticket).collect::<Vec<_>>() {
            self.at(self.now, Event::Wake(process, ticket));
        }
    }

    /// Whether a call that was sent so many times has one attempt left, which is kept.
    fn is_last(&self, attempts: u32) -> bool {
        self.setting.scenario.keeps_last && attempts + 1 >= MAX_ATTEMPTS
    }

    fn ask(&mut self, call: Call) -> Turn<()> {
        let (now, is_last) = (seconds(self.now), self.is_last(call.attempts));
        let pacer = &mut self.processes[call.process].pacer;
        if !is_last {
            return pacer.turn(call.ticket, now);
        }
        // A call that lives longer than its time goes on, as if its time began again.
        let patience = pacer.patience().as_secs_f64();
        let times = ((self.now - call.began + patience - 1e-6) / TIMEOUT).ceil().max(1.0);
        let until = call.began + times * TIMEOUT - patience;
        pacer.last_turn(call.ticket, seconds(until), now)
    }

    fn send(&mut self, call: Call) {
        let there = self.trip();
        let call = Call { attempts: call.attempts + 1, sent: self.now, ..call };
        self.at(self.now + there, Event::Arrive(call));
    }

    fn arrive(&mut self, call: Call) {
        let verdict = answer::answer(&self.setting, &mut self.limiter, self.start, self.now);
        let back = self.trip();
        self.at(self.now + back, Event::Answer(call, verdict));
    }

    fn is_shared(&self) -> bool {
        matches!(self.setting.scenario.strategy, Strategy::Shared(_))
    }

    fn store(&mut self) -> f64 {
        let Strategy::Shared(time) = self.setting.scenario.strategy else { return 0.0 };
        time * (0.9 + 0.2 * self.rng.f64())
    }

    fn submit_shared(&mut self, call: Call, slot: u64) {
        if self.processes[call.process].is_limited {
            let there = self.store() / 2.0;
            return self.at(self.now + there, Event::AskStore(call, slot));
        }
        if self.now - self.processes[call.process].looked >= 1.0 {
            self.processes[call.process].looked = self.now;
            let there = self.store() / 2.0;
            self.at(self.now + there, Event::Look(call.process));
        }
        self.send(Call { epoch: 0, ..call });
    }

    fn store_step(&mut self, step: Step) -> Reply {
        self.ledger.step(step, seconds(self.now))
    }

    fn report(&mut self, process: usize) -> (u32, Duration) {
        let now = self.now;
        let process = &mut self.processes[process];
        let since = if process.served_since.is_nan() { now } else { process.served_since };
        let report = (process.served, seconds(now - since));
        (process.served, process.served_since) = (0, now);
        report
    }

    fn ask_store(&mut self, call: Call, slot: u64) {
        let (served, lasted) = self.report(call.process);
        let turn = self.store_step(Step::Admit {
            served,
            lasted,
            slot,
            is_last: self.is_last(call.attempts),
        });
        let back = self.store() / 2.0;
        self.at(self.now + back, Event::StoreSays(call, turn));
    }

    fn store_says(&mut self, call: Call, reply: Reply) {
        match reply {
            Reply::Go { epoch, .. } => self.send(Call { epoch, ..call }),
            Reply::Wait { time, slot } => {
                let there = self.store() / 2.0;
                self.at(self.now + time.as_secs_f64() + there, Event::AskStore(call, slot));
            }
            _ => {
                self.processes[call.process].is_limited = false;
                self.send(Call { epoch: 0, ..call });
            }
        }
    }

    fn tell_store(&mut self, call: Call, verdict: Verdict, (served, lasted): (u32, Duration)) {
        let epoch = call.epoch;
        if verdict.is_served {
            let latency = seconds(self.setting.round_trip);
            self.store_step(Step::Served { served, lasted, epoch, latency });
            return;
        }
        let random = self.rng.f64();
        self.store_step(Step::Rejected {
            served,
            lasted,
            epoch,
            asked: verdict.retry_after.map(seconds),
            base_delay: BASE_DELAY,
            max_delay: MAX_DELAY,
            random,
        });
        let back = self.store() / 2.0;
        self.at(self.now + back, Event::AskStore(call, 0));
    }

    fn answer_shared(&mut self, call: Call, verdict: Verdict) {
        let there = self.store() / 2.0;
        let process = &mut self.processes[call.process];
        if process.served_since.is_nan() {
            process.served_since = call.sent;
        }
        process.served += u32::from(verdict.is_served);
        process.is_limited |= !verdict.is_served;
        if process.is_limited {
            let report = self.report(call.process);
            self.at(self.now + there, Event::TellStore(call, verdict, report));
        }
        if !verdict.is_served {
            return self.count_rejected(&call);
        }
        if call.is_counted {
            let is_in_time = self.now - call.began <= TIMEOUT;
            self.outcome.serve(self.now - self.start, call.attempts, is_in_time);
            self.begin(call.process);
        }
    }

    fn trip(&mut self) -> f64 {
        self.setting.round_trip / 2.0 * (0.9 + 0.2 * self.rng.f64())
    }

    fn answer(&mut self, call: Call, verdict: Verdict) {
        let now = seconds(self.now);
        let process = &mut self.processes[call.process];
        process.first_answer.get_or_insert(self.now);
        if self.is_shared() {
            return self.answer_shared(call, verdict);
        }
        let process = &mut self.processes[call.process];
        if let Some(permit) = call.permit {
            process.pacer.observe(permit, verdict.words, verdict.is_served, now);
        }
        if !verdict.is_served {
            return self.rejected(call, verdict);
        }
        if let Some(permit) = call.permit {
            process.pacer.served(permit, now);
        }
        if call.is_counted {
            let is_in_time = self.now - call.began <= TIMEOUT;
            self.outcome.serve(self.now - self.start, call.attempts, is_in_time);
            self.begin(call.process);
        }
        self.wake_head(call.process);
    }

    fn rejected(&mut self, call: Call, Verdict { retry_after, .. }: Verdict) {
        self.count_rejected(&call);
        let random = self.rng.f64();
        if self.setting.scenario.strategy == Strategy::Alone {
            let ceiling = 0.5 * 2_f64.powi(call.attempts.min(20).cast_signed() - 1);
            let backoff = ceiling.min(60.0) * random;
            let delay = retry_after.map_or(backoff, |asked| asked * (1.0 + 0.1 * random));
            return self.at(self.now + delay, Event::Send(call));
        }
        if let Some(permit) = call.permit {
            let pacer = &mut self.processes[call.process].pacer;
            pacer.rejected(permit, retry_after.map(seconds), seconds(self.now), random);
        }
        self.submit(call);
    }

    fn count_rejected(&mut self, call: &Call) {
        let Process { first_answer, pacer, .. } = &self.processes[call.process];
        let is_beyond = first_answer.is_some_and(|time| call.sent >= time);
        let is_in_time = self.now - call.began < TIMEOUT - pacer.patience().as_secs_f64();
        let is_given_up = is_in_time && call.attempts == MAX_ATTEMPTS;
        self.outcome.reject(self.now - self.start, call.attempts, is_beyond, is_given_up);
    }
}
