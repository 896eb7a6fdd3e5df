//! Events of a store, with feature `tracing`.

/// The store cannot be asked: told once, until it can.
#[cfg(feature = "tracing")]
pub(super) fn down(why: &str) {
    tracing::warn!(why, "pacing is not shared");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn down(_: &str) {}

/// The store answers again.
#[cfg(feature = "tracing")]
pub(super) fn up() {
    tracing::info!("pacing is shared again");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn up() {}
