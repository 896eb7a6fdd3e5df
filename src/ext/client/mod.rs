//! [`Client`]: what users hold. [`builder`] (or [`environment`]) makes it, of a [`credential`] and a
//! [`base_url`]; [`bridge`] makes its calls.

pub(crate) mod base_url;
pub(crate) mod bridge;
pub(crate) mod builder;
pub(crate) mod credential;
pub(crate) mod environment;
pub(crate) mod number_id;
pub(crate) mod trim;

use std::{fmt, sync::Arc};

use crate::{ext::pacing::PacingStats, generated};

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
        self.state().transport.pacer.as_ref().map(|pacer| pacer.stats()).unwrap_or_default()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.raw.baseurl)
            .field("inner", &self.raw.inner)
            .finish()
    }
}
