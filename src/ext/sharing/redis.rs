//! Feature `redis`: a Redis or Valkey server as the store, by one script that is atomic.

use std::{error::Error, fmt, time::Duration};

use redis::{Script, aio::ConnectionManager};

use super::shared_limit::{Reply, SharedLimit, Step, StepFuture};

/// What stands before each name; the layout of what is kept is a part of it.
const PREFIX: &str = "pilot-status:limit:1:";

/// A limit that is shared through Redis or Valkey: one hash of numbers, by one script (`EVALSHA`,
/// loaded when it is missing), with the server's own clock. It expires two minutes after the last
/// hold.
///
/// The connection is the caller's, with its TLS and password; a wrong URL or password is an error
/// there. It is to be one that reconnects, such as the crate's `ConnectionManager`.
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
    /// Shares under a name that is derived from a hash of the credential.
    #[must_use]
    pub fn new(connection: ConnectionManager) -> Self {
        Self { connection, script: Script::new(include_str!("redis.lua")), name: None }
    }

    /// Shares under this name, which may be any text. Clients with one name share one limit,
    /// whatever their credentials.
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
            read(&reply).ok_or_else(|| Box::<dyn Error + Send + Sync>::from("an odd reply"))
        })
    }
}

fn arguments(step: &Step) -> Vec<String> {
    let seconds = |time: &Duration| time.as_secs_f64().to_string();
    let of = |step: &str, served: &u32, lasted: &Duration| {
        vec![step.to_owned(), served.to_string(), seconds(lasted)]
    };
    match step {
        Step::Look => vec!["look".to_owned()],
        Step::Admit { served, lasted, slot, is_last } => {
            let more = vec![slot.to_string(), u8::from(*is_last).to_string()];
            [of("admit", served, lasted), more].concat()
        }
        Step::Rejected { served, lasted, epoch, asked, base_delay, max_delay, random } => {
            let asked = asked.as_ref().map_or_else(|| "-1".to_owned(), seconds);
            let more = [asked, seconds(base_delay), seconds(max_delay), random.to_string()];
            [of("rejected", served, lasted), vec![epoch.to_string()], more.into()].concat()
        }
        Step::Served { served, lasted, epoch, latency } => {
            [of("served", served, lasted), vec![epoch.to_string(), seconds(latency)]].concat()
        }
    }
}

fn read(reply: &[String]) -> Option<Reply> {
    let parts: Vec<_> = reply.iter().map(String::as_str).collect();
    Some(match parts[..] {
        ["free"] => Reply::Free,
        ["limited"] => Reply::Limited,
        ["noted"] => Reply::Noted,
        ["go", epoch] => Reply::Go { epoch: epoch.parse().ok()?, is_probe: false },
        ["probe", epoch] => Reply::Go { epoch: epoch.parse().ok()?, is_probe: true },
        ["wait", time, slot] => {
            let time = Duration::try_from_secs_f64(time.parse().ok()?).ok()?;
            Reply::Wait { time, slot: slot.parse().ok()? }
        }
        _ => return None,
    })
}

impl fmt::Debug for RedisLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the connection, which may show a password.
        f.debug_struct("RedisLimit").field("name", &self.name).finish_non_exhaustive()
    }
}
