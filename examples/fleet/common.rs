//! Code that the examples share: the exit with an error, and a client of the API, or of an example
//! server if there is no credential.

use std::{env, error::Error, io, process::ExitCode};

use chrono::{DateTime, SecondsFormat, Utc};
use pilot_status::Client;
use serde_json::Value;
use support::{Reply, Request, Server};

/// Runs an example. Prints its error, and a hint on what to do about it.
pub(crate) async fn end(run: impl Future<Output = Result<ExitCode, Box<dyn Error>>>) -> ExitCode {
    match run.await {
        Ok(code) => code,
        // The reader of the output has read enough and closed the pipe, such as `head`.
        Err(error) if is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.downcast_ref().and_then(pilot_status::Error::hint) {
                eprintln!("hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Returns true if the environment has a credential.
pub(crate) fn has_credential() -> bool {
    let credentials = ["PILOT_STATUS_API_KEY", "PILOT_STATUS_API_KEY_ID"];
    credentials.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Returns a client of the API, with the credential of the environment. Without a credential it
/// returns a client of a new server that responds with `answer`, and that server, which the caller
/// keeps alive. The server knows only its own ids, so with `ids` the API is used.
pub(crate) async fn client(
    ids: &[String],
    answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
) -> Result<(Client, Option<Server>), Box<dyn Error>> {
    // Without a credential this returns an error that names the missing variable.
    if has_credential() || !ids.is_empty() {
        return Ok((Client::from_env()?, None));
    }
    let server = Server::start(answer).await?;
    eprintln!("PILOT_STATUS_API_KEY is not set: using an example server, {}", server.url());
    let client = Client::builder().api_key("ps_example").base_url(server.url()).build()?;
    Ok((client, Some(server)))
}

/// Returns the documented example, with a snapshot from now.
pub(crate) fn number() -> Value {
    let mut number = support::example();
    number["meta"]["fetchedAt"] = now().to_rfc3339_opts(SecondsFormat::Millis, true).into();
    number
}

#[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
