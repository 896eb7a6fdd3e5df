//! The [`Client`] that users hold. It wraps the generated one, whose errors know neither attempts
//! nor hints.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use progenitor_client::ResponseValue;

use super::{inner::Inner, outcome_slot::OutcomeSlot, shared::Shared};
use crate::{
    ext::{
        call::trace,
        clock,
        decode::field::Field,
        error::error::{Error, Target},
        pacing::PacingStats,
    },
    generated,
    types::ApiError,
};

/// The client of the Pilot Status API. It holds the key, a connection pool, and the queue and
/// budget that all its calls share.
///
/// Make one and clone it: a clone counts one reference, and shares them. Begin with
/// [`from_env`](Self::from_env) or [`builder`](Self::builder), then [`number`](Self::number) for
/// one number or [`numbers`](Self::numbers) for many.
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> Result<(), pilot_status::Error> {
/// let client = pilot_status::Client::from_env()?;
/// let number = client.number("num_01HZX").get().await?;
/// println!("{}", number.readiness());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    raw: Arc<generated::Client>,
}

impl Client {
    /// The generated client, for operations as the document names them. Retry, pacing and the key
    /// are the same; its errors know less: see [`raw`](crate::raw).
    ///
    /// ```no_run
    /// # async fn example(client: pilot_status::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let id = "num_01HZX".parse()?;
    /// let response = client.raw().get_numbers_id(&id, Some("1")).await?;
    /// println!("{} {:?}", response.status(), response.into_inner().name);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn raw(&self) -> &generated::Client {
        &self.raw
    }

    /// What pacing is doing, over all clones of this client; all zero with
    /// [`Pacing::Off`](crate::Pacing::Off).
    #[must_use]
    pub fn pacing_stats(&self) -> PacingStats {
        self.shared().transport.pacer.as_ref().map(|pacer| pacer.stats()).unwrap_or_default()
    }

    pub(super) fn new(baseurl: String, http: reqwest::Client, shared: Shared) -> Self {
        let inner = Inner::new(shared);
        Self { raw: Arc::new(generated::Client { baseurl, client: http, inner }) }
    }

    pub(crate) fn shared(&self) -> &Shared {
        self.raw.inner.shared()
    }

    /// Makes a call of the generated client, within this time or the client's own. An error says
    /// what became of it, and names its target. An answer with another id than was asked for is
    /// accepted: servers made from the document answer all ids alike.
    pub(crate) async fn call<T: Field, F>(
        &self,
        timeout: Option<Duration>,
        operation: impl FnOnce(generated::Client) -> F,
        is_about: impl FnOnce(&T) -> bool,
        target: impl FnOnce() -> Target,
    ) -> Result<Answer<T>, Error>
    where
        F: Future<Output = Result<ResponseValue<T>, progenitor_client::Error<ApiError>>>,
    {
        let slot = OutcomeSlot::default();
        let generated::Client { baseurl, client, inner } = &*self.raw;
        let inner = inner.for_call(slot.clone(), timeout);
        let raw = generated::Client { baseurl: baseurl.clone(), client: client.clone(), inner };
        match operation(raw).await {
            Ok(response) => {
                if !is_about(&response) {
                    trace::other_id(slot.operation());
                }
                trace::unreadable(|| slot.operation(), &*response);
                Ok(Answer { response, attempts: slot.outcome().attempts })
            }
            Err(error) => Err(slot.error(error, &self.shared().credential).about(target())),
        }
    }
}

/// A success, with what it took.
pub(crate) struct Answer<T> {
    response: ResponseValue<T>,
    pub(crate) attempts: u32,
}

impl<T> Answer<T> {
    pub(crate) fn into_value(self) -> T {
        self.response.into_inner()
    }

    /// The server's wall clock, by which the dates of its answer are meant.
    pub(crate) fn server_time(&self) -> SystemTime {
        clock::of_server(self.response.headers(), clock::wall())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.raw.baseurl)
            .field("shared", self.shared())
            .finish()
    }
}
