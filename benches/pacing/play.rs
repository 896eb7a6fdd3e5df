//! Plays a load in virtual time: the crate's own pacer against a limiter, on a clock that jumps
//! from one event to the next.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

use fastrand::Rng;
use futures_util::future::join_all;
use pilot_status::{
    shared_limit::{InMemory, SharedLimit, Step, StepFuture},
    simulation::{Delays, Pacer, RateLimit, Store, TurnRequest},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    best,
    limiter::Limiter,
    setting::{ROUND_TRIP, Setting, Strategy},
};

/// The default delays of the client.
const DELAYS: Delays = Delays { base: Duration::from_millis(500), max: Duration::from_secs(60) };
const MAX_ATTEMPTS: u32 = 5;
/// The time that the last attempt of a call has for its response.
const PATIENCE: f64 = 1.0;

/// The result of one run. Times are in seconds since the load began.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) best: f64,
    pub(crate) served_at: Vec<f64>,
    pub(crate) rejected_at: Vec<f64>,
    /// Calls whose last attempt was rejected while they had time left.
    pub(crate) given_up: usize,
    /// Calls that were not served within their timeout.
    pub(crate) out_of_time: usize,
}

impl Outcome {
    /// Returns the time until all were served.
    pub(crate) fn drain(&self) -> f64 {
        self.served_at.last().copied().unwrap_or_default()
    }
}

struct Play {
    setting: Setting,
    limiter: RefCell<Limiter>,
    rng: RefCell<Rng>,
    outcome: RefCell<Outcome>,
    /// Start of the load, in seconds since the clock's start.
    start: f64,
    /// Time of the change of the limit, in seconds since the clock's start.
    step_at: f64,
    clock: Instant,
}

struct Process {
    pacer: Option<Arc<Pacer>>,
    left: Cell<usize>,
}

/// Plays a setting to its end.
pub(crate) fn play(setting: Setting, seed: u64) -> Outcome {
    fastrand::seed(seed);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let Ok(runtime) = runtime.enable_time().start_paused(true).build() else {
        return Outcome::default();
    };
    runtime.block_on(async { Play::new(setting, seed).run().await })
}

impl Play {
    fn new(setting: Setting, seed: u64) -> Self {
        let offset = Rng::with_seed(!seed).f64() * setting.limit.per;
        let limiter = Limiter::new(setting.kind, setting.limit, offset);
        let (best, step_at, start) = best::best(&setting, &limiter);
        Self {
            setting,
            limiter: RefCell::new(limiter),
            rng: RefCell::new(Rng::with_seed(seed)),
            outcome: RefCell::new(Outcome { best, ..Outcome::default() }),
            start,
            step_at,
            clock: now(),
        }
    }

    async fn run(self) -> Outcome {
        let processes = self.processes();
        for n in 0..self.setting.served_before {
            self.call(&processes[usize::try_from(n).unwrap_or(0) % processes.len()], false).await;
            self.sleep_until(f64::from(n) + 1.0).await;
        }
        self.sleep_until(self.start).await;
        let tasks = (0..self.setting.tasks).map(|n| self.task(&processes[n % processes.len()]));
        join_all(tasks).await;
        self.outcome.into_inner()
    }

    fn processes(&self) -> Vec<Process> {
        let Setting { processes, requests, strategy, .. } = self.setting;
        let store: Option<Arc<dyn SharedLimit>> = match strategy {
            Strategy::Shared(round_trip) => {
                Some(Arc::new(Distant(Duration::from_secs_f64(round_trip), InMemory::default())))
            }
            Strategy::Paced | Strategy::Alone => None,
        };
        let process = |n| {
            let store = store.clone().map(|limit| Store { limit, name: String::new() });
            let is_paced = strategy != Strategy::Alone;
            let more = usize::from(n < requests % processes);
            Process {
                pacer: is_paced.then(|| Pacer::new(DELAYS, store)),
                left: Cell::new(requests / processes + more),
            }
        };
        (0..processes).map(process).collect()
    }

    /// Makes calls until all calls of the process have begun.
    async fn task(&self, process: &Process) {
        while let Some(left) = process.left.get().checked_sub(1) {
            process.left.set(left);
            let number = u32::try_from(self.setting.requests - 1 - left).unwrap_or_default();
            self.sleep_until(self.start + f64::from(number) * self.setting.every).await;
            self.call(process, true).await;
        }
    }

    /// Makes a call. Each timeout is followed by another one, unless the call may fail.
    async fn call(&self, process: &Process, is_counted: bool) {
        let Setting { timeout, may_fail, .. } = self.setting;
        let began = self.now();
        let (mut attempts, mut lives, mut ticket) = (0, 1.0, None);
        loop {
            let in_flight = match &process.pacer {
                Some(pacer) => {
                    let end = self.clock + Duration::from_secs_f64(began + lives * timeout);
                    let request = TurnRequest {
                        now: now(),
                        deadline: end,
                        is_last_chance: attempts + 1 >= MAX_ATTEMPTS,
                        ticket: &mut ticket,
                    };
                    match pacer.admit(request).await {
                        Ok(in_flight) => Some(in_flight),
                        Err(_) if may_fail => return,
                        Err(_) => {
                            lives += 1.0;
                            continue;
                        }
                    }
                }
                None => None,
            };
            attempts += 1;
            self.trip().await;
            let verdict = self.answer();
            self.trip().await;
            let took = self.now() - began;
            if verdict.is_served {
                if let Some(in_flight) = in_flight {
                    in_flight.served(verdict.quota);
                }
                if is_counted {
                    let mut outcome = self.outcome.borrow_mut();
                    outcome.served_at.push(self.now() - self.start);
                    outcome.out_of_time += usize::from(took > timeout);
                }
                return;
            }
            self.count_rejection(attempts == MAX_ATTEMPTS && took < timeout - PATIENCE);
            let requested = verdict.retry_after.map(Duration::from_secs_f64);
            match in_flight {
                // The client reads the reset of a 429 as a requested wait.
                Some(in_flight) => in_flight.rejected(requested.or(verdict.reset())),
                None => sleep(self.alone(requested, attempts)).await,
            }
            if may_fail && attempts == MAX_ATTEMPTS {
                return;
            }
        }
    }

    fn count_rejection(&self, is_given_up: bool) {
        let mut outcome = self.outcome.borrow_mut();
        outcome.rejected_at.push(self.now() - self.start);
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
        let milliseconds = (ROUND_TRIP * 500.0 * part).round();
        sleep(Duration::from_secs_f64(milliseconds / 1e3)).await;
    }

    fn answer(&self) -> Verdict {
        let setting = &self.setting;
        let (now, mut limiter) = (self.now(), self.limiter.borrow_mut());
        if now >= self.step_at {
            limiter.scale_once(setting.step);
        }
        // A server does not know the end of its outage.
        let admitted =
            if setting.is_out(now - self.start) { Err(now + 1.0) } else { limiter.admit(now) };
        let retry_after = match admitted {
            Err(next) if setting.retry_after => Some((next - now).ceil().max(1.0)),
            _ => None,
        };
        let quota = setting.reports_quota.then(|| limiter.quota(now));
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
struct Distant(Duration, InMemory);

impl SharedLimit for Distant {
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a> {
        Box::pin(async move {
            sleep(self.0 / 2).await;
            let reply = self.1.step(name, step).await;
            sleep(self.0 / 2).await;
            reply
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of the simulation")]
fn now() -> Instant {
    Instant::now()
}
