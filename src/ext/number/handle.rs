//! `client.number(id)`: the calls on one number.

use std::time::Duration;

use futures_util::FutureExt;

use super::id::NumberId;
use crate::{
    ext::{client::client::Client, clock, error::error::Error},
    generated,
    types::{self, Provider},
};

impl Client {
    /// The number with this id; nothing is sent yet.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pilot_status::Error> {
    /// let client = pilot_status::Client::from_env()?;
    /// let number = client.number("num_1").get().await?;
    /// println!("{:?}", number.quality());
    /// # Ok(()) }
    /// ```
    #[must_use = "a handle does nothing until one of its calls is awaited"]
    pub fn number(&self, id: impl Into<String>) -> NumberHandle<'_> {
        NumberHandle { client: self, id: id.into() }
    }
}

/// One number of the API; made by [`Client::number`].
#[derive(Clone, Debug)]
pub struct NumberHandle<'a> {
    client: &'a Client,
    id: String,
}

// Each call is boxed, so that it is compiled here, once, and not by every crate that makes it.
impl NumberHandle<'_> {
    /// The number as the API last saw it: a cached snapshot, whose age
    /// [`types::Number::snapshot_age`] tells.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if the id cannot be one (see [`NumberId`]), before anything is
    /// sent; else what became of the call after its retries.
    pub fn get(&self) -> impl Future<Output = Result<types::Number, Error>> + Send {
        async {
            let id = self.id()?;
            let call = |raw: generated::Client| async move { raw.get_numbers_id(&id, None).await };
            self.client.call(call, || self.target()).await
        }
        .boxed()
    }

    /// The number as Meta sees it now: the API asks the Meta Graph and keeps the answer as its new
    /// snapshot.
    ///
    /// Calls for one number that overlap share one refresh, whoever of a client's clones makes
    /// them. Each keeps its own deadline: where the shared refresh runs out of time first, or takes
    /// longer than one attempt may, the others begin a new one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn refresh(&self) -> impl Future<Output = Result<types::Number, Error>> + Send {
        async {
            let id = self.id()?;
            let refresh = || {
                let (client, id) = (self.client.clone(), id.clone());
                async move {
                    let target = target(id.as_str());
                    let call = |raw: generated::Client| async move {
                        raw.get_numbers_id(&id, Some("1")).await
                    };
                    client.call(call, || target).await
                }
            };
            let shared = self.client.shared();
            let number = shared.refreshes.join(&self.id, &shared.transport.limits, refresh).await;
            // The error may be of another's call, or of none.
            number.map_err(|error| error.about(self.target()))
        }
        .boxed()
    }

    /// The number from a snapshot that is no older than `max_age`: the cached one if it is young
    /// enough, else a [`refresh`](Self::refresh). So the API is asked once, or twice.
    ///
    /// A number without a snapshot is refreshed, too, unless its provider is known to have none
    /// (`PILOT_STATUS`, `EVO_GO`): that is returned as it is.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_fresh(&self, max_age: Duration) -> Result<types::Number, Error> {
        let number = self.get().await?;
        let is_fresh = match number.snapshot_age(clock::wall().into()) {
            Some(age) => age <= max_age,
            None => matches!(number.provider, Some(Provider::PilotStatus | Provider::EvoGo)),
        };
        if is_fresh { Ok(number) } else { self.refresh().await }
    }

    /// The state of the connection alone: cheaper than [`get`](Self::get).
    ///
    /// # Errors
    /// As [`get`](Self::get); a 503 with `PROVIDER_NOT_CONFIGURED` is not retried, since it lasts.
    pub fn status(&self) -> impl Future<Output = Result<types::NumberStatus, Error>> + Send {
        async {
            let id = self.id()?;
            let call = |raw: generated::Client| async move { raw.get_numbers_id_status(&id).await };
            self.client.call(call, || self.target()).await
        }
        .boxed()
    }

    /// Removes the number and logs its device out. For 30 days it can be restored.
    ///
    /// Tried again only where the number cannot have been removed: after a 429, and when there was
    /// no connection.
    ///
    /// # Errors
    /// As [`get`](Self::get). After a time-out or a broken connection the number may or may not be
    /// removed.
    pub fn delete(&self) -> impl Future<Output = Result<types::NumberRemoved, Error>> + Send {
        async {
            let id = self.id()?;
            let call = |raw: generated::Client| async move { raw.delete_numbers_id(&id).await };
            self.client.call(call, || self.target()).await
        }
        .boxed()
    }

    fn id(&self) -> Result<NumberId, Error> {
        self.id.as_str().try_into()
    }

    fn target(&self) -> String {
        target(&self.id)
    }
}

fn target(id: &str) -> String {
    format!("number {}", printable(id))
}

/// An id as it stands, or quoted and cut where it would mislead in a line of a log.
fn printable(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match id.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}…", &id[..end]),
        None if !id.is_empty() && id.chars().all(plain) => id.to_owned(),
        None => format!("{id:?}"),
    }
}
