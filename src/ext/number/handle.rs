//! `client.number(id)`: the calls for one number.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{FutureExt, TryFutureExt};

use crate::{
    ext::{
        call::Answer,
        client::Client,
        clock,
        error::{Error, Target, TimeoutScope},
        number_id::NumberId,
    },
    types::{Number, NumberRemoved, NumberStatus, Provider},
};

/// Tolerated clock skew within the API: a snapshot may be dated this far ahead of its response.
pub(crate) const MAX_SKEW: TimeDelta = TimeDelta::seconds(60);

impl Client {
    /// Returns a handle for the number with this id, which may be a `&str`, `String`, `&String`,
    /// [`NumberId`] or `&NumberId`. Nothing is sent yet.
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

/// A handle for one number of the API; made by [`Client::number`].
///
/// It owns its id and a clone of the client, so it can be stored, cloned and sent to other tasks.
/// The futures of its calls can be, too. Cloning is cheap.
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
    /// The id, or the reason why no call can be made.
    pub(super) id: Result<NumberId, Error>,
    pub(super) timeout: Option<Duration>,
}

// Each call is boxed, so that it is compiled once, here, instead of in every crate that uses it.
impl NumberHandle {
    /// Sets the time limit of each call of this handle, including waits and retries. It replaces
    /// [`ClientBuilder::timeout`](crate::ClientBuilder::timeout), and may be shorter or longer. The
    /// calls wait in the same queue as all other calls of the client.
    #[must_use = "it changes a copy of the handle"]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Returns the number as the API last saw it: a cached snapshot. Its age is
    /// [`Number::snapshot_age`].
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if the id is invalid (see [`NumberId`]); nothing is sent then.
    /// Otherwise the error of the call after its retries.
    ///
    /// A response for another id than the requested one is returned unchanged, and feature
    /// `tracing` logs a warning: test servers that are generated from the API document return one
    /// id for all.
    pub fn get(&self) -> impl Future<Output = Result<Number, Error>> + Send + use<> {
        self.clone().answered_get(false).map_ok(|answer| answer.value).boxed()
    }

    /// Returns the number as Meta sees it now. The API queries the Meta Graph, and stores the
    /// result as its new snapshot.
    ///
    /// Overlapping calls for one number share one refresh, including calls of other clones of the
    /// client. Each call keeps its own deadline: if the shared refresh times out, or takes longer
    /// than the time limit of one attempt, the remaining calls start a new one.
    ///
    /// # Errors
    /// The errors of [`get`](Self::get).
    pub fn refresh(&self) -> impl Future<Output = Result<Number, Error>> + Send + use<> {
        self.clone().joined_refresh().map_ok(|answer| answer.value).boxed()
    }

    /// Sends one or two API calls, and returns the number with a snapshot that is at most `max_age`
    /// old: the API's cached one if it is recent enough, otherwise a [`refresh`](Self::refresh). This
    /// crate caches nothing; for frequent reads, such as a health endpoint, use
    /// [`Watch::table`](crate::Watch::table). The calls share one timeout. The age counts by the
    /// server's clock: the `Date` of the response, plus its `Age`.
    ///
    /// A number without a snapshot is refreshed, unless its provider never has one (`PILOT_STATUS`,
    /// `EVO_GO`). A number whose snapshot is dated more than a minute ahead is refreshed, too.
    ///
    /// # Errors
    /// The errors of [`get`](Self::get).
    #[doc(alias = "cache")]
    pub fn get_fresh(
        &self,
        max_age: Duration,
    ) -> impl Future<Output = Result<Number, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let start = clock::now();
            let answer = this.clone().answered_get(false).await?;
            let Answer { value: number, attempts, server_time } = answer;
            let now = server_time.into();
            let is_fresh = match number.snapshot_age(now) {
                // A snapshot that is dated further ahead has no known age.
                Some(age) => age <= max_age && number.fetched_at() <= Some(now + MAX_SKEW),
                None => matches!(number.provider, Some(Provider::PilotStatus | Provider::EvoGo)),
            };
            if is_fresh {
                return Ok(number);
            }
            let left = this.time().saturating_sub(clock::now() - start);
            if left.is_zero() {
                let error = Error::timed_out(this.time(), TimeoutScope::Call);
                return Err(error.after(attempts).about(Target::Number(this.id()?.clone())));
            }
            this.timeout(left).refresh().await.map_err(|error| error.after(attempts))
        }
        .boxed()
    }

    /// Returns only the state of the connection; cheaper than [`get`](Self::get).
    ///
    /// # Errors
    /// The errors of [`get`](Self::get). A 503 with `PROVIDER_NOT_CONFIGURED` is not retried,
    /// because it is permanent.
    pub fn status(&self) -> impl Future<Output = Result<NumberStatus, Error>> + Send + use<> {
        self.clone().answered_status().map_ok(|answer| answer.value).boxed()
    }

    /// Removes the number and logs out its device. The number can be restored for 30 days.
    ///
    /// The removal is retried only if the number cannot have been removed: after a 429, a failure to
    /// connect, or the report of an HTTP/2 server that it did not process the request.
    ///
    /// # Errors
    /// The errors of [`get`](Self::get). After a timeout, a broken connection or a 5xx the number may
    /// have been removed, and the error warns of it.
    pub fn delete(&self) -> impl Future<Output = Result<NumberRemoved, Error>> + Send + use<> {
        let this = self.clone();
        async move {
            let id = this.id()?;
            let raw = this.client.begin(Some(id), this.timeout);
            Ok(raw.inner.finish(raw.delete_numbers_id(id).await)?.value)
        }
        .boxed()
    }

    pub(crate) async fn joined_refresh(self) -> Result<Answer<Number>, Error> {
        let (id, state) = (self.id()?, self.client.state());
        let attempt_timeout = state.transport.limits.attempt_timeout;
        let refresh = |left| self.clone().timeout(left).answered_get(true).boxed();
        let joined = state.refreshes.join(id.as_str(), self.time(), attempt_timeout, refresh);
        // The error may come from a request for another caller, or from no request.
        joined.await.map_err(|error| error.about(Target::Number(id.clone())))
    }

    pub(super) async fn answered_status(self) -> Result<Answer<NumberStatus>, Error> {
        let id = self.id()?;
        let raw = self.client.begin(Some(id), self.timeout);
        let answer = raw.inner.finish(raw.get_numbers_id_status(id).await)?;
        raw.inner.compare(answer.value.id.as_deref());
        Ok(answer)
    }

    pub(super) fn time(&self) -> Duration {
        self.timeout.unwrap_or(self.client.state().transport.limits.timeout)
    }

    pub(crate) async fn answered_get(self, refresh: bool) -> Result<Answer<Number>, Error> {
        let id = self.id()?;
        let raw = self.client.begin(Some(id), self.timeout);
        let answer = raw.inner.finish(raw.get_numbers_id(id, refresh.then_some("1")).await)?;
        raw.inner.compare(Some(&answer.value.id));
        Ok(answer)
    }

    pub(super) fn id(&self) -> Result<&NumberId, Error> {
        check_timeout(self.timeout)?;
        self.id.as_ref().map_err(Error::clone)
    }
}

pub(super) fn check_timeout(timeout: Option<Duration>) -> Result<(), Error> {
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        let text = "timeout is 0, so the call would fail: omit it to use the timeout of the client";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}
