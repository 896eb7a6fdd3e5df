//! Feature `shared-pacing`: what the processes of a key know of its limit, shared by a store.
//!
//! [`link`] is what a client has of it; it asks a [`shared_limit`], such as [`in_memory`] or
//! [`redis`], which plays a [`limit_state`].

pub(crate) mod in_memory;
pub(crate) mod limit_state;
pub(crate) mod link;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod shared_limit;
mod trace;
