//! `client.numbers(ids).watch(every)`: numbers are asked for again and again, and only what changes
//! is told.
//!
//! [`rounds`] says who is asked for when, and [`seen`] what of an answer counts and what has changed:
//! both pure. [`watch`] is the stream that drives them, [`list`] the list it may follow, [`change`] what it tells.

pub(crate) mod change;
mod list;
mod rounds;
pub(crate) mod seen;
pub(crate) mod state;
#[expect(clippy::module_inception, reason = "a file is named after what it defines")]
pub(crate) mod watch;
