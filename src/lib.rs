// The README defines these links as paths of files. Here they point to modules and pages, because
// the first of two definitions counts.
//! [list]: Client::list_numbers
//! [find]: Client::find_number
//! [get]: NumberHandle::get
//! [refresh]: NumberHandle::refresh
//! [fresh]: NumberHandle::get_fresh
//! [status]: NumberHandle::status
//! [wait]: NumberHandle::wait_until_open
//! [delete]: NumberHandle::delete
//! [many]: Client::numbers
//! [watch]: Client::watch_all
//! [guide-retry]: guide::retry_and_pacing
//! [guide-errors]: guide::errors
//! [guide-safety]: guide::safety
//! [guide-service]: guide::in_a_service
//! [guide-sync]: guide::sync
//! [changelog]: https://docs.rs/crate/pilot-status/latest/source/CHANGELOG.md
//! [security]: https://docs.rs/crate/pilot-status/latest/source/SECURITY.md
//! [contributing]: https://docs.rs/crate/pilot-status/latest/source/CONTRIBUTING.md
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ext;
mod generated;
pub mod guide;
#[cfg(feature = "mock")]
#[cfg_attr(docsrs, doc(cfg(feature = "mock")))]
pub mod mock;
pub mod raw;
#[cfg(feature = "shared-pacing")]
#[cfg_attr(docsrs, doc(cfg(feature = "shared-pacing")))]
pub mod shared_limit;
pub mod types;

pub use chrono;
pub use ext::{
    call::figures::Stats,
    client::{Client, builder::ClientBuilder},
    error::{Error, kind::ErrorKind},
    number::{
        fleet::Numbers,
        handle::NumberHandle,
        readiness::{Readiness, ReadinessLevel, ReadinessReason},
        recipient_limit::RecipientLimit,
    },
    number_id::NumberId,
    pacing::{Pacing, PacingStats},
    retry::policy::RetryPolicy,
    watch::{
        Watch,
        change::{Change, ChangeSource},
        freshness::NotFresh,
        seen::{Changed, Seen, SeenError},
        state::WatchState,
        table::{FleetEntry, FleetTable},
    },
};
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation {
    //! The pacer and its parts, for `benches/pacing`.
    pub use crate::ext::pacing::{
        Delays,
        pacer::{InFlight, Pacer, TurnRequest},
        rate_limit::RateLimit,
        store::Store,
    };
}
