//! The client's behaviour and the reasons for it. This module has documentation only.
// Each page is preceded by its own link definitions, because the first of two definitions counts.
// The pages have no title: rustdoc writes one, and a list of files shows their names.

/// [guide-service]: crate::guide::in_a_service
///
#[doc = include_str!("../docs/guide/retry_and_pacing.md")]
///
/// <figure>
#[doc = include_str!("../docs/guide/pacing.svg")]
/// <figcaption>Requests served and rejected over time, paced and each task alone.</figcaption></figure>
pub mod retry_and_pacing {}

#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {}

// Its code needs axum, so the package of the tests compiles it.
#[cfg_attr(not(doctest), doc = include_str!("../docs/guide/in_a_service.md"))]
pub mod in_a_service {}

/// [security]: https://docs.rs/crate/pilot-status/latest/source/SECURITY.md
///
#[doc = include_str!("../docs/guide/safety.md")]
pub mod safety {}

/// [guide-errors]: crate::guide::errors
///
#[doc = include_str!("../docs/guide/sync.md")]
pub mod sync {}
