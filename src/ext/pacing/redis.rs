//! Feature `redis`: a Redis or Valkey server as the store, changed by one atomic script.

use std::{error::Error, fmt, time::Duration};

use redis::{Script, aio::ConnectionManager};

use super::{
    limiter::{Reply, Slot, Step},
    store::{SharedLimit, StepFuture},
};

/// Prefix of each key. It contains the version of the layout of the state.
const PREFIX: &str = "pilot-status:limit:2:";

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
            let mut call = self.script.key(format!("{PREFIX}{name}"));
            for argument in arguments(&step) {
                call.arg(argument);
            }
            let reply: Vec<String> = call.invoke_async(&mut connection).await?;
            read(&reply).ok_or_else(|| {
                Box::<dyn Error + Send + Sync>::from("unexpected reply of the script")
            })
        })
    }
}

fn arguments(step: &Step) -> Vec<String> {
    let seconds = |time: &Duration| time.as_secs_f64().to_string();
    match step {
        Step::Look => vec!["look".to_owned()],
        Step::Admit { served, want, slot } => vec![
            "admit".to_owned(),
            served.to_string(),
            want.max(&1).to_string(),
            slot.epoch.to_string(),
            slot.turns.to_string(),
        ],
        Step::Rejected(rejection) => vec![
            "rejected".to_owned(),
            rejection.served.to_string(),
            seconds(&rejection.lasted),
            rejection.epoch.to_string(),
            seconds(&rejection.age),
            rejection.requested.as_ref().map_or_else(|| "-1".to_owned(), seconds),
            seconds(&rejection.base_delay),
            seconds(&rejection.max_delay),
            rejection.random.to_string(),
        ],
        Step::Served { served, epoch, latency } => {
            vec!["served".to_owned(), served.to_string(), epoch.to_string(), seconds(latency)]
        }
        Step::Unanswered { epoch } => vec!["unanswered".to_owned(), epoch.to_string()],
    }
}

fn read(reply: &[String]) -> Option<Reply> {
    let parts: Vec<_> = reply.iter().map(String::as_str).collect();
    let rate = |text: &str| text.parse().ok().filter(|rate: &f64| rate.is_finite());
    Some(match parts[..] {
        ["free"] => Reply::Free,
        ["limited"] => Reply::Limited,
        ["noted"] => Reply::Noted,
        [kind @ ("go" | "probe"), epoch, turns, per_second] => Reply::Go {
            epoch: epoch.parse().ok()?,
            is_probe: kind == "probe",
            turns: turns.parse().ok()?,
            rate: rate(per_second)?,
        },
        ["wait", time, epoch, turns, per_second] => {
            let time = Duration::try_from_secs_f64(time.parse().ok()?).ok()?;
            let slot = Slot { epoch: epoch.parse().ok()?, turns: turns.parse().ok()? };
            Reply::Wait { time, slot, rate: rate(per_second)? }
        }
        _ => return None,
    })
}

impl fmt::Debug for RedisLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the connection, which may show a password.
        f.debug_struct("RedisLimit").field("name", &self.name).finish_non_exhaustive()
    }
}
