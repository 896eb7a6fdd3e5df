//! How a call ended, in a few words.

use std::{error::Error as _, fmt};

use pilot_status::Error;

/// The ending of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) what: String,
    pub(crate) attempts: usize,
    pub(crate) is_success: bool,
}

impl Outcome {
    /// `attempts` is what the server saw of a success; an error knows its own.
    pub(crate) fn of(result: &Result<(), Error>, attempts: usize) -> Self {
        match result {
            Ok(()) => Self { what: "success".to_owned(), attempts, is_success: true },
            Err(e) => Self { what: what(e), attempts: e.attempts() as usize, is_success: false },
        }
    }
}

/// Everything that an error shows of itself.
pub(crate) fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?}", error.hint());
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

fn what(error: &Error) -> String {
    let text = error.to_string();
    match error.status() {
        _ if error.is_decode() => "not as documented".to_owned(),
        None if text.contains("not sent") => "not sent".to_owned(),
        Some(status) => format!("status {}", status.as_u16()),
        None if error.is_connect() => "cannot connect".to_owned(),
        None if error.is_timeout() => "timed out".to_owned(),
        None if text.contains("longer than the limit") => "too long".to_owned(),
        None if text.contains("more memory than the limit") => "too many values".to_owned(),
        None if text.contains("over the connection") => "connection broke".to_owned(),
        None => panic!("no word for {text}"),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {}", self.what, self.attempts)
    }
}
