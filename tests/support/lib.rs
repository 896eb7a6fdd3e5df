//! Helpers shared by the tests and examples of `pilot-status`: servers on loopback,
//! clients for them, and faults.
#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    missing_docs,
    reason = "it is written for tests, which fail by panics"
)]

mod client;
mod example;
pub mod faults;
pub mod hostile;
pub mod http2;
mod log;
pub mod outcome;
pub mod process;
mod server;

pub use client::{KEY, builder, client};
pub use example::{DOCUMENTED_ID, example, number};
pub use hostile::Request;
pub use log::Log;
pub use server::{Reply, Server, always, ok, refusing, replies, serve};

/// A page of the guide whose code needs more than the crate's own dependencies.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/in_a_service.md")]
mod in_a_service {}
