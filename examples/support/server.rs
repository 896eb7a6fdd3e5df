//! For `benches/pacing`, until it names the crate itself.

pub(crate) use support::{Reply, Server};
