//! Feature `redis`: a Redis or Valkey server as the store, changed by one atomic script.

use std::fmt;

use redis::{Script, aio::ConnectionManager};

use super::{
    limiter::Step,
    store::{SharedLimit, StepFuture},
};

/// Prefix of each key. It contains the version of the script and its state.
const PREFIX: &str = "pilot-status:limit:3:";

/// A limit that is shared through Redis or Valkey. Its state is one hash of numbers, which one
/// script (`EVALSHA`, loaded if it is missing) changes by the server's own clock. It expires two
/// minutes after the last hold.
///
/// The caller makes the connection, including TLS and password; a wrong URL or password is an error
/// there. Use a connection that reconnects, such as the `ConnectionManager` of the crate `redis`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use pilot_status::{Client, Pacing, shared_limit::RedisLimit};
///
/// let redis = redis::Client::open("redis://127.0.0.1")?.get_connection_manager().await?;
/// let client =
///     Client::builder().api_key("ps_example").pacing(Pacing::shared(RedisLimit::new(redis))).build()?;
/// # Ok(()) }
/// ```
pub struct RedisLimit {
    connection: ConnectionManager,
    script: Script,
    name: Option<String>,
}

impl RedisLimit {
    /// Shares a limit under a name that is derived from a hash of the credential.
    #[must_use]
    pub fn new(connection: ConnectionManager) -> Self {
        Self { connection, script: Script::new(include_str!("redis.lua")), name: None }
    }

    /// Sets the name of the limit, which may be any text. Clients with one name share one limit,
    /// even if their credentials differ.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl SharedLimit for RedisLimit {
    fn step<'a>(&'a self, name: &'a str, step: Step) -> StepFuture<'a> {
        let name = self.name.as_deref().unwrap_or(name);
        let mut connection = self.connection.clone();
        Box::pin(async move {
            let key = format!("{PREFIX}{name}");
            let step = serde_json::to_string(&step)?;
            let reply: String =
                self.script.key(key).arg(step).invoke_async(&mut connection).await?;
            Ok(serde_json::from_str(&reply)?)
        })
    }
}

impl fmt::Debug for RedisLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the connection, which may show a password.
        f.debug_struct("RedisLimit").field("name", &self.name).finish_non_exhaustive()
    }
}
