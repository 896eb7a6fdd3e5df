//! Pacing shared between processes with the same key, through a store that may fail in any way. The
//! Redis tests need a `redis-server` and are skipped without one.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

mod any_store;
mod redis_server;
mod script;
mod with_redis;
