//! The outcome of a call, in the terms of docs/measured/trust.md.

use std::error::Error as _;

use pilot_status::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The outcome's name in docs/measured/trust.md.
    pub what: &'static str,
    pub attempts: usize,
}

impl Outcome {
    /// Creates the outcome of a result. `attempts` is the server's count and applies to a success;
    /// an error has its own.
    pub fn of(result: &Result<(), Error>, attempts: usize) -> Self {
        match result {
            Ok(()) => Self { what: "success", attempts },
            Err(e) => Self { what: what(e), attempts: e.attempts() as usize },
        }
    }
}

/// Returns every text that an error can print.
pub fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?}", error.hint());
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

fn what(error: &Error) -> &'static str {
    let text = error.to_string();
    match error.status() {
        _ if error.is_decode() => "not as documented",
        None if error.is_rate_limited() => "not sent",
        Some(_) => "its status",
        None if error.is_connect() => "cannot connect",
        None if error.is_timeout() => "timed out",
        None if error.is_retryable() => "connection failed",
        None if text.contains("longer than the limit") => "too long",
        None if text.contains("more memory than the limit") => "too many values",
        None => panic!("unknown outcome: {text}"),
    }
}
