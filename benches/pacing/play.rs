//! Plays a load in virtual time: the crate's own pacer against a limiter, on a clock that jumps
//! from one event to the next.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use futures_util::{StreamExt, stream::FuturesUnordered};
use pilot_status::{
    shared_limit::{LimitState, SharedLimit, Step, StepFuture},
    simulation::{Delays, Pacer, RateLimit, Store, TurnRequest},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    best,
    limiter::Limiter,
    setting::{Setting, Strategy},
};

/// The default delays of the client.
pub(crate) const DELAYS: Delays =
    Delays { base: Duration::from_millis(500), max: Duration::from_secs(60) };
pub(crate) const MAX_ATTEMPTS: u32 = 5;
const TIMEOUT: f64 = 90.0;
/// The time that the last attempt of a call has for its response.
const PATIENCE: f64 = 1.0;

/// The result of one run. Times are in seconds since the load began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) best: f64,
    pub(crate) drain: f64,
    pub(crate) served_at: Vec<f64>,
    pub(crate) rejected_at: Vec<f64>,
    /// Requests rejected although they were sent after the first response to their process.
    pub(crate) beyond: usize,
    /// Calls whose last attempt was rejected while they had time left.
    pub(crate) given_up: usize,
    /// Calls that were not served within their timeout.
    pub(crate) out_of_time: usize,
}

struct Play {
    setting: Setting,
    limiter: RefCell<Limiter>,
    rng: RefCell<Rng>,
    outcome: RefCell<Outcome>,
    /// Start of the load, in seconds since the clock's start.
    start: f64,
    clock: Instant,
}

struct Process {
    pacer: Option<Arc<Pacer>>,
    left: RefCell<usize>,
    first_answer: RefCell<f64>,
}

/// Plays a setting to its end.
pub(crate) fn play(setting: Setting) -> Outcome {
    fastrand::seed(setting.seed);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let Ok(runtime) = runtime.enable_time().start_paused(true).build() else {
        return Outcome::default();
    };
    runtime.block_on(async { Play::new(setting).run().await })
}

impl Play {
    fn new(setting: Setting) -> Rc<Self> {
        let limiter = Limiter::new(setting.kind, setting.limit, best::offset(&setting));
        let (best, step_at, start) = best::best(&setting, &limiter);
        let outcome = Outcome { best, ..Outcome::default() };
        let play = Self {
            setting: Setting {
                scenario: crate::setting::Scenario { step_at, ..setting.scenario },
                ..setting
            },
            limiter: RefCell::new(limiter),
            rng: RefCell::new(Rng::with_seed(setting.seed)),
            outcome: RefCell::new(outcome),
            start,
            clock: now(),
        };
        Rc::new(play)
    }

    async fn run(self: Rc<Self>) -> Outcome {
        let Setting { processes, tasks, requests, scenario, .. } = self.setting;
        let store: Option<Arc<dyn SharedLimit>> = match scenario.strategy {
            Strategy::Shared(latency) => Some(Arc::new(Distant::new(latency))),
            Strategy::Paced | Strategy::Alone => None,
        };
        let processes: Vec<_> = (0..processes)
            .map(|n| {
                let store = store.clone().map(|limit| Store { limit, name: String::new() });
                let is_paced = scenario.strategy != Strategy::Alone;
                let more = usize::from(n < requests % processes);
                Rc::new(Process {
                    pacer: is_paced.then(|| Pacer::new(DELAYS, store)),
                    left: RefCell::new(requests / processes + more),
                    first_answer: RefCell::new(f64::INFINITY),
                })
            })
            .collect();
        for n in 0..scenario.served_before {
            self.call(&processes[usize::try_from(n).unwrap_or(0) % processes.len()], false).await;
            self.sleep_until(f64::from(n) + 1.0).await;
        }
        self.sleep_until(self.start).await;
        let mut all: FuturesUnordered<_> = (0..tasks)
            .map(|task| self.task(Rc::clone(&processes[task % processes.len()])))
            .collect();
        while all.next().await.is_some() {}
        let mut outcome = self.outcome.borrow().clone();
        outcome.drain = outcome.served_at.last().copied().unwrap_or_default();
        outcome
    }

    fn task(self: &Rc<Self>, process: Rc<Process>) -> impl Future<Output = ()> + use<> {
        let play = Rc::clone(self);
        async move {
            loop {
                let left = *process.left.borrow();
                if left == 0 {
                    return;
                }
                *process.left.borrow_mut() = left - 1;
                play.call(&process, true).await;
            }
        }
    }

    /// Makes a call. A call that times out is counted, and goes on with a new timeout.
    async fn call(&self, process: &Process, is_counted: bool) {
        let began = self.now();
        let (mut attempts, mut rejections, mut ticket, mut lives) = (0, 0, None, 1.0);
        loop {
            let now = now();
            let in_flight = match &process.pacer {
                Some(pacer) => {
                    let end = self.clock + Duration::from_secs_f64(began + lives * TIMEOUT);
                    let is_last_chance = rejections > 1 && attempts + 1 >= MAX_ATTEMPTS;
                    let request =
                        TurnRequest { now, deadline: end, is_last_chance, ticket: &mut ticket };
                    let Ok(in_flight) = pacer.admit(request).await else {
                        lives += 1.0;
                        continue;
                    };
                    Some(in_flight)
                }
                None => None,
            };
            attempts += 1;
            let sent = self.now();
            self.trip().await;
            let verdict = self.answer();
            self.trip().await;
            let is_beyond = sent >= *process.first_answer.borrow();
            let first = process.first_answer.borrow().min(self.now());
            *process.first_answer.borrow_mut() = first;
            let is_in_time = self.now() - began <= TIMEOUT;
            if verdict.is_served {
                if let Some(in_flight) = in_flight {
                    in_flight.served(verdict.quota);
                }
                if is_counted {
                    let mut outcome = self.outcome.borrow_mut();
                    outcome.served_at.push(self.now() - self.start);
                    outcome.out_of_time += usize::from(!is_in_time);
                }
                return;
            }
            rejections += 1;
            let is_given_up = attempts == MAX_ATTEMPTS && self.now() - began < TIMEOUT - PATIENCE;
            self.count_rejection(is_beyond, is_given_up);
            let requested = verdict.retry_after.map(Duration::from_secs_f64);
            match in_flight {
                // The client reads the reset of a 429 as a requested wait.
                Some(in_flight) => in_flight.rejected(requested.or(verdict.reset())),
                None => sleep(self.alone(requested, attempts)).await,
            }
        }
    }

    fn count_rejection(&self, is_beyond: bool, is_given_up: bool) {
        let mut outcome = self.outcome.borrow_mut();
        outcome.rejected_at.push(self.now() - self.start);
        outcome.beyond += usize::from(is_beyond);
        outcome.given_up += usize::from(is_given_up);
    }

    /// Returns the wait of a task without pacing.
    fn alone(&self, requested: Option<Duration>, attempts: u32) -> Duration {
        let random = self.rng.borrow_mut().f64();
        let ceiling = 0.5 * 2_f64.powi(attempts.min(20).cast_signed() - 1);
        let backoff = Duration::from_secs_f64(ceiling.min(60.0) * random);
        requested.map_or(backoff, |wait| wait.mul_f64(1.0 + 0.1 * random))
    }

    async fn trip(&self) {
        let part = 0.9 + 0.2 * self.rng.borrow_mut().f64();
        // The clock has whole milliseconds.
        let milliseconds = (self.setting.round_trip * 500.0 * part).round();
        sleep(Duration::from_secs_f64(milliseconds / 1e3)).await;
    }

    fn answer(&self) -> Verdict {
        let scenario = &self.setting.scenario;
        let (now, mut limiter) = (self.now(), self.limiter.borrow_mut());
        if now >= scenario.step_at {
            limiter.scale_once(scenario.step);
        }
        let outage_end = self.start + scenario.outage;
        let is_out = (self.start..outage_end).contains(&now);
        let admitted = if is_out { Err(outage_end) } else { limiter.admit(now) };
        let retry_after = match admitted {
            Err(next) if self.setting.retry_after => Some((next - now).ceil().max(1.0)),
            _ => None,
        };
        let quota = scenario.reports_quota.then(|| limiter.quota(now));
        Verdict { is_served: admitted.is_ok(), retry_after, quota }
    }

    fn now(&self) -> f64 {
        (now() - self.clock).as_secs_f64()
    }

    async fn sleep_until(&self, seconds: f64) {
        sleep_until(self.clock + Duration::from_secs_f64(seconds.max(0.0))).await;
    }
}

struct Verdict {
    is_served: bool,
    retry_after: Option<f64>,
    quota: Option<RateLimit>,
}

impl Verdict {
    /// Returns the reset that the quota reports, unless it exceeds the maximum delay of the client.
    fn reset(&self) -> Option<Duration> {
        self.quota
            .filter(|quota| quota.remaining == 0 && quota.reset <= DELAYS.max)
            .map(|quota| quota.reset)
    }
}

/// A store with this round-trip time.
#[derive(Debug)]
pub(crate) struct Distant {
    latency: Duration,
    state: Mutex<LimitState>,
    start: Instant,
}

impl Distant {
    pub(crate) fn new(latency: f64) -> Self {
        let latency = Duration::from_secs_f64(latency);
        Self { latency, state: Mutex::default(), start: now() }
    }
}

impl SharedLimit for Distant {
    fn step<'a>(&'a self, _: &'a str, step: Step) -> StepFuture<'a> {
        Box::pin(async move {
            sleep(self.latency / 2).await;
            let reply = {
                let mut state = self.state.lock().map_err(|_| "poisoned")?;
                state.step(step, now() - self.start)
            };
            sleep(self.latency / 2).await;
            Ok(reply)
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of the simulation")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
