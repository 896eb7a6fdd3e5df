//! [`Client`], the type that users hold. [`builder`] or [`environment`] makes it from a
//! [`credential`] and a [`base_url`]; [`bridge`] makes its calls.

pub(crate) mod base_url;
pub(crate) mod bridge;
pub(crate) mod builder;
pub(crate) mod credential;
pub(crate) mod environment;
mod parse_id;

use std::{fmt, sync::Arc};

use crate::{
    ext::{call::figures::Stats, pacing::PacingStats},
    generated,
};

/// A client of the Pilot Status API. It holds the key, a connection pool, and the queue and retry
/// budget of its calls.
///
/// Make one and clone it: clones share all of these, and cloning is cheap. Begin with
/// [`from_env`](Self::from_env) or [`builder`](Self::builder), then call [`number`](Self::number)
/// for one number or [`numbers`](Self::numbers) for many.
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
    /// Returns counts of the calls of all clones since this client was made, and the current state
    /// of pacing. The counts only grow, and reading them is cheap.
    ///
    /// ```
    /// # let client = pilot_status::Client::builder().api_key("ps_example").build()?;
    /// let stats = client.stats();
    /// println!("pilot_status_calls_total {}", stats.calls);
    /// for (kind, count) in stats.errors() {
    ///     println!("pilot_status_errors_total{{kind=\"{kind}\"}} {count}");
    /// }
    /// println!("pilot_status_queued {}", stats.queued);
    /// # Ok::<(), pilot_status::Error>(())
    /// ```
    #[must_use]
    #[doc(alias = "metrics")]
    #[doc(alias = "prometheus")]
    pub fn stats(&self) -> Stats {
        self.state().transport.figures.stats(self.pacing_stats())
    }

    /// Returns the state of pacing, which is also part of [`stats`](Self::stats). All of it is zero
    /// with [`Pacing::Off`](crate::Pacing::Off).
    #[must_use]
    pub fn pacing_stats(&self) -> PacingStats {
        let pacer = self.state().transport.pacer.as_ref();
        pacer.map(|pacer| pacer.stats()).unwrap_or_default()
    }

    /// Returns the generated client, which has the operations under their names in the API
    /// document. Retry, pacing and the key are the same; its errors carry less: see
    /// [`raw`](crate::raw).
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
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.raw.baseurl)
            .field("inner", &self.raw.inner)
            .finish()
    }
}
