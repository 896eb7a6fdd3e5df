//! The client that users hold, and how it is made.
//!
//! [`builder`] (and [`environment`]) makes a [`client`] of the generated one, which carries an
//! [`inner`] with what all clones share ([`shared`]). By the [`hooks`] generated code reaches the
//! attempt loop; by the [`outcome_slot`] the caller learns what became of a call.
//! Values from files and the environment go through [`trim`].

pub(crate) mod base_url;
pub(crate) mod builder;
#[expect(clippy::module_inception, reason = "a file is named after what it defines")]
pub(crate) mod client;
pub(crate) mod credential;
pub(crate) mod environment;
pub(crate) mod hooks;
pub(crate) mod inner;
pub(crate) mod outcome_slot;
pub(crate) mod shared;
pub(crate) mod trim;
