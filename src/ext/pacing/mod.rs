//! Shared pacing: how fast the clones of a client may send once the server has limited them.
//!
//! [`pacing`] is what users see. [`shared_pacer`] is the one that clones share. It locks a
//! [`pacer`], which decides who goes and when, with [`queue`] (who is next), [`hold`] (how long
//! nobody goes), [`rate`] (how fast then), [`under_way`] (what has no answer yet) and [`quota`]
//! (what the server says is left, which [`rate_limit`] reads).

pub(crate) mod hold;
pub(crate) mod pacer;
#[expect(clippy::module_inception, reason = "a file is named after what it defines")]
pub(crate) mod pacing;
pub(crate) mod queue;
pub(crate) mod quota;
pub(crate) mod rate;
pub(crate) mod rate_limit;
pub(crate) mod shared_pacer;
pub(crate) mod under_way;
