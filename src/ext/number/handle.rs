//! `client.number(id)`: the calls on one number.

use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};

use crate::{
    ext::{
        client::{Client, bridge::Answer, number_id::NumberId},
        clock,
        error::{Error, Target, TimeoutScope, outcome::CallOutcome, plain::printable_id},
    },
    types::{self, Provider},
};

/// How far a snapshot may be dated ahead of its answer, since two of the API's clocks may differ.
pub(crate) const MAX_SKEW: TimeDelta = TimeDelta::seconds(60);

impl Client {
    /// The number with this id, which may be a `&str`, `String`, `&String`, [`NumberId`] or
    /// `&NumberId`. Nothing is sent yet.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pilot_status::Error> {
    /// let client = pilot_status::Client::from_env()?;
    /// let number = client.number("num_1").get().await?;
    /// println!("{:?}", number.quality());
    /// # Ok(()) }
    /// ```
    #[must_use = "a handle does nothing until one of its calls is awaited"]
    pub fn number(&self, id: impl Into<String>) -> NumberHandle {
        NumberHandle { client: self.clone(), id: id.into().try_into(), timeout: None }
    }
}

/// One number of the API; made by [`Client::number`].
///
/// It owns a clone of the client, which counts one reference, and its id. So it can be stored,
/// cloned and sent to other tasks, and so can the futures of its calls.
///
/// ```no_run
/// # async fn example(client: pilot_status::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let handle: pilot_status::NumberHandle = client.number("num_1");
/// let task = tokio::spawn(handle.get());
/// let status = handle.status().await?;
/// println!("{:?} {}", status.state, task.await??.readiness());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct NumberHandle {
    pub(super) client: Client,
    /// Or why no call can be made.
    id: Result<NumberId, Error>,
    timeout: Option<Duration>,
}

// Each call is boxed, so that it is compiled here, once, and not by every crate that makes it.
impl NumberHandle {
    /// The time that each call of this handle may take, waits and retries included, in place of
    /// [`ClientBuilder::timeout`](crate::ClientBuilder::timeout); shorter or longer. It waits
    /// in the same queue as all other calls of the client.
    #[must_use = "it changes a copy of the handle"]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The number as the API last saw it: a cached snapshot, whose age
    /// [`types::Number::snapshot_age`] tells.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if the id cannot be one (see [`NumberId`]), before anything is
    /// sent; else what became of the call after its retries.
    ///
    /// An answer with another id than was asked for is returned as it is, with a warning by feature
    /// `tracing`: test servers made from the document answer all ids alike.
    pub fn get(&self) -> impl Future<Output = Result<types::Number, Error>> + Send + use<> {
        let this = self.clone();
        async move { this.answered_get(None).await.map(|answer| answer.value) }.boxed()
    }

    /// The number as Meta sees it now: the API asks the Meta Graph and keeps the answer as its new
    /// snapshot.
    ///
    /// Calls for one number that overlap wait for one refresh, also those of other clones of the
    /// client. Each keeps its own deadline: if the refresh runs out of time first, or takes longer
    /// than one attempt may, the others begin a new one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn refresh(&self) -> impl Future<Output = Result<types::Number, Error>> + Send + use<> {
        self.joined_refresh().map_ok(|(number, _)| number).boxed()
    }

    /// The number from a snapshot that is no older than `max_age`: the cached one if it is young
    /// enough, else a [`refresh`](Self::refresh). So the API is asked once, or twice; both within
    /// one timeout. Its age counts by the clock of the answer: its `Date`, plus its `Age`.
    ///
    /// A number without a snapshot, or with one that is dated over a minute ahead, is refreshed, too, unless its provider is known to have none
    /// (`PILOT_STATUS`, `EVO_GO`): that is returned as it is.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_fresh(
        &self,
        max_age: Duration,
    ) -> impl Future<Output = Result<types::Number, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let start = clock::now();
            let Answer { value: number, attempts, server_time } = this.answered_get(None).await?;
            let now = server_time.into();
            let is_fresh = match number.snapshot_age(now) {
                // Dated later than that, it says nothing of its age.
                Some(age) => age <= max_age && number.fetched_at() <= Some(now + MAX_SKEW),
                None => matches!(number.provider, Some(Provider::PilotStatus | Provider::EvoGo)),
            };
            if is_fresh {
                return Ok(number);
            }
            let left = this.time().saturating_sub(clock::now() - start);
            if left.is_zero() {
                let error =
                    Error::timed_out(this.time(), TimeoutScope::Call, CallOutcome::default());
                return Err(error.after(attempts).about(target(this.id()?)));
            }
            this.timeout(left).refresh().await.map_err(|error| error.after(attempts))
        }
        .boxed()
    }

    /// The state of the connection alone: cheaper than [`get`](Self::get).
    ///
    /// # Errors
    /// As [`get`](Self::get); a 503 with `PROVIDER_NOT_CONFIGURED` is not retried, since it lasts.
    pub fn status(
        &self,
    ) -> impl Future<Output = Result<types::NumberStatus, Error>> + Send + use<> {
        self.answered_status().map_ok(|answer| answer.value).boxed()
    }

    /// Removes the number and logs its device out. For 30 days it can be restored.
    ///
    /// Tried again only where the number cannot have been removed: after a 429, and when there was
    /// no connection.
    ///
    /// # Errors
    /// As [`get`](Self::get). After a time-out or a broken connection the number may or may not be
    /// removed.
    pub fn delete(
        &self,
    ) -> impl Future<Output = Result<types::NumberRemoved, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let id = this.id()?;
            let answer = this.client.delete_number(id, this.timeout).await;
            answer.map(|answer| answer.value).map_err(|error| error.about(target(id)))
        }
        .boxed()
    }

    /// Returns what [`get`](Self::get) does, with the server's wall clock.
    pub(crate) fn dated_get(&self) -> BoxFuture<'static, Result<Dated, Error>> {
        let this = self.clone();
        async move { this.answered_get(None).await.map(dated) }.boxed()
    }

    /// Returns what [`refresh`](Self::refresh) does, with the server's wall clock.
    pub(crate) fn dated_refresh(&self) -> BoxFuture<'static, Result<Dated, Error>> {
        self.joined_refresh().boxed()
    }

    fn joined_refresh(&self) -> impl Future<Output = Result<Dated, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let id = this.id()?;
            let state = this.client.state();
            let attempt_timeout = state.transport.limits.attempt_timeout;
            let refresh = || {
                let this = this.clone();
                async move { this.answered_get(Some("1")).await.map(dated) }
            };
            let joined = state.refreshes.join(id.as_str(), this.time(), attempt_timeout, refresh);
            // The error may be of another's call, or of none.
            joined.await.map_err(|error| error.about(target(id)))
        }
    }

    /// The status, with what it took.
    pub(super) fn answered_status(
        &self,
    ) -> impl Future<Output = Result<Answer<types::NumberStatus>, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let id = this.id()?;
            let answer = this.client.get_status(id, this.timeout).await;
            answer.map_err(|error| error.about(target(id)))
        }
    }

    /// The time that a call may take.
    pub(super) fn time(&self) -> Duration {
        self.timeout.unwrap_or(self.client.state().transport.limits.timeout)
    }

    async fn answered_get(&self, refresh: Option<&str>) -> Result<Answer<types::Number>, Error> {
        let id = self.id()?;
        let answer = self.client.get_number(id, refresh, self.timeout).await;
        answer.map_err(|error| error.about(target(id)))
    }

    /// The id, if a call can be made.
    pub(super) fn id(&self) -> Result<&NumberId, Error> {
        check_timeout(self.timeout)?;
        self.id.as_ref().map_err(Error::clone)
    }
}

/// A number, and the server's wall clock at its answer.
pub(crate) type Dated = (types::Number, SystemTime);

fn dated(answer: Answer<types::Number>) -> Dated {
    (answer.value, answer.server_time)
}

pub(super) fn check_timeout(timeout: Option<Duration>) -> Result<(), Error> {
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        let text = "timeout is 0, so the call would fail: leave it out for that of the client";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

pub(super) fn target(id: &NumberId) -> Target {
    let id = id.as_str();
    Target { text: format!("number {}", printable_id(id)), is_phone_number: is_phone_number(id) }
}

/// Whether an id is what people take for one: a phone number.
fn is_phone_number(id: &str) -> bool {
    // Pages and spreadsheets write them with dashes and blanks beyond ASCII.
    let is_separator = |c: char| c.is_whitespace() || "+\u{ff0b}-‐‑–().".contains(c);
    let digits = id.chars().filter(|c| c.is_numeric()).count();
    (8..=15).contains(&digits) && id.chars().all(|c| c.is_numeric() || is_separator(c))
}
