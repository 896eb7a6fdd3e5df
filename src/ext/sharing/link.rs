//! A client's side of a shared limit. The store is never in the way: while nothing is limited it is
//! asked in the background, once a second; and where it does not answer in time, the process goes on
//! by itself, and asks again a second later.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

use super::{
    shared_limit::{Reply, SharedLimit, Step},
    trace,
};
use crate::ext::clock;

/// How long an answer of the store is waited for.
const PATIENCE: Duration = Duration::from_millis(50);
/// From one look to the next, and from a failure to the next question.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two questions about one turn.
const LEAST_WAIT: Duration = Duration::from_millis(1);
/// What is not yet told of, at most.
const MOST_NEWS: usize = 256;

#[derive(Debug)]
pub(crate) struct Link {
    limit: Arc<dyn SharedLimit>,
    name: String,
    base_delay: Duration,
    max_delay: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// As far as is known.
    is_limited: bool,
    served: u32,
    served_since: Option<Instant>,
    looked: Option<Instant>,
    /// The store is not asked before.
    down_until: Option<Instant>,
    is_down: bool,
    news: VecDeque<News>,
}

#[derive(Debug)]
enum News {
    Rejected { epoch: u64, asked: Option<Duration> },
    Served { epoch: u64, latency: Duration },
}

/// Lets one request through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    epoch: u64,
    is_probe: bool,
    sent: Instant,
}

pub(crate) enum Admission {
    Go(Grant),
    /// The turn would come in this time, which is too late.
    TooLate(Duration),
    /// The process's own pacing has the say.
    Local,
}

impl Link {
    pub(crate) fn new(
        limit: Arc<dyn SharedLimit>,
        name: String,
        base_delay: Duration,
        max_delay: Duration,
    ) -> Self {
        Self { limit, name, base_delay, max_delay, state: Mutex::default() }
    }

    /// Waits for the turn of a call, if anything is limited.
    pub(crate) async fn admit(&self, deadline: Option<Instant>, is_last: bool) -> Admission {
        let (mut slot, mut waited) = (0, Duration::ZERO);
        // A hold and a turn after it take no longer; a store that lies might, for ever.
        while self.lock().is_limited && waited <= self.max_delay.saturating_mul(2) {
            self.tell().await;
            let (served, lasted) = self.report();
            match self.ask(Step::Admit { served, lasted, slot, is_last }).await {
                Some(Reply::Go { epoch, is_probe }) => {
                    return Admission::Go(Grant { epoch, is_probe, sent: clock::now() });
                }
                Some(Reply::Wait { time, slot: next }) => {
                    let left = deadline.map(|end| end.saturating_duration_since(clock::now()));
                    if left.is_some_and(|left| time >= left) {
                        return Admission::TooLate(time);
                    }
                    sleep(time).await;
                    waited = waited.saturating_add(time);
                    slot = next;
                }
                Some(Reply::Free) => self.lock().is_limited = false,
                Some(Reply::Limited | Reply::Noted) | None => break,
            }
        }
        Admission::Local
    }

    /// A request was served. Of a probe it is told at once, since others wait for it.
    pub(crate) fn served(self: &Arc<Self>, grant: Option<Grant>) {
        let mut state = self.lock();
        state.served = state.served.saturating_add(1);
        state.served_since.get_or_insert_with(clock::now);
        if let Some(Grant { epoch, is_probe: true, sent }) = grant {
            let latency = clock::now().saturating_duration_since(sent);
            state.tell_later(News::Served { epoch, latency });
            drop(state);
            let this = Arc::clone(self);
            background(async move { this.tell().await });
        }
    }

    /// A request met a 429. It is told with the next question, which mostly follows at once.
    pub(crate) fn rejected(&self, grant: Option<Grant>, asked: Option<Duration>) {
        let mut state = self.lock();
        state.is_limited = true;
        let epoch = grant.map_or(0, |grant| grant.epoch);
        state.tell_later(News::Rejected { epoch, asked });
    }

    /// Tells what is not yet told.
    async fn tell(&self) {
        loop {
            let Some(news) = self.lock().news.pop_front() else { return };
            let (served, lasted) = self.report();
            let step = match news {
                News::Served { epoch, latency } => Step::Served { served, lasted, epoch, latency },
                News::Rejected { epoch, asked } => Step::Rejected {
                    served,
                    lasted,
                    epoch,
                    asked,
                    base_delay: self.base_delay,
                    max_delay: self.max_delay,
                    random: clock::random(),
                },
            };
            if self.ask(step).await.is_none() {
                return;
            }
        }
    }

    /// Looks in the background whether others have met the limit, when it is time to.
    pub(crate) fn look_when_due(self: &Arc<Self>) {
        let mut state = self.lock();
        let now = clock::now();
        let is_due = state.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_EVERY);
        if state.is_limited || !is_due {
            return;
        }
        state.looked = Some(now);
        drop(state);
        let this = Arc::clone(self);
        background(async move {
            if this.ask(Step::Look).await == Some(Reply::Limited) {
                this.lock().is_limited = true;
            }
        });
    }

    /// `None` where the store does not answer, or did not a moment ago.
    async fn ask(&self, step: Step) -> Option<Reply> {
        if self.lock().down_until.is_some_and(|until| clock::now() < until) {
            return None;
        }
        let why = match timeout(PATIENCE, self.limit.step(&self.name, step)).await {
            Ok(Ok(reply)) => {
                if self.lock().up() {
                    trace::up();
                }
                return Some(self.sane(reply));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer within 50 ms".to_owned(),
        };
        if self.lock().down(clock::now()) {
            trace::down(&why);
        }
        None
    }

    /// What comes out of a store is input.
    fn sane(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Wait { time, slot } => {
                Reply::Wait { time: time.min(self.max_delay).max(LEAST_WAIT), slot }
            }
            reply => reply,
        }
    }

    /// What was served since it was last asked for.
    fn report(&self) -> (u32, Duration) {
        let mut state = self.lock();
        let now = clock::now();
        let since = state.served_since.replace(now).unwrap_or(now);
        (mem::take(&mut state.served), now.saturating_duration_since(since))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if it did, the state would still be one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Beside the calls, which wait for none of it.
fn background(task: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime no call could be made either.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(task);
    }
}

impl State {
    fn tell_later(&mut self, news: News) {
        if self.news.len() == MOST_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }

    /// Whether this is new.
    fn up(&mut self) -> bool {
        self.down_until = None;
        mem::take(&mut self.is_down)
    }

    /// Whether this is new. What was to be told is old by the time the store answers again.
    fn down(&mut self, now: Instant) -> bool {
        self.down_until = now.checked_add(LOOK_EVERY);
        self.news.clear();
        !mem::replace(&mut self.is_down, true)
    }
}
