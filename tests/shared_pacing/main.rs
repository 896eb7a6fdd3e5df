//! Pacing that the processes of a key share, through a store that may fail in any way. A process of
//! its own, with a `redis-server` on loopback where there is one.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

mod any_store;
mod redis_server;
mod script;
mod with_redis;
