//! The number that a messaging-limit tier stands for, so that nobody parses `TIER_2K`.

use std::fmt;

use crate::types::MessagingLimitTier;

impl MessagingLimitTier {
    /// The number that the tier stands for; `None` where it stands for none.
    ///
    /// ```
    /// use pilot_status::{RecipientLimit, types::MessagingLimitTier};
    ///
    /// assert_eq!(MessagingLimitTier::Tier2K.recipients(), Some(RecipientLimit::Count(2_000)));
    /// assert_eq!(MessagingLimitTier::NotSet.recipients(), None);
    /// ```
    #[must_use]
    pub fn recipients(&self) -> Option<RecipientLimit> {
        Some(match self {
            Self::Tier50 => RecipientLimit::Count(50),
            Self::Tier250 => RecipientLimit::Count(250),
            Self::Tier1K => RecipientLimit::Count(1_000),
            Self::Tier2K => RecipientLimit::Count(2_000),
            Self::Tier10K => RecipientLimit::Count(10_000),
            Self::Tier100K => RecipientLimit::Count(100_000),
            Self::Unlimited => RecipientLimit::Unlimited,
            Self::NotSet | Self::Untiered | Self::Other(_) => return None,
        })
    }
}

/// Distinct customers that a business may start conversations with in a rolling 24 hours. No number
/// is more than unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecipientLimit {
    /// This many.
    Count(u32),
    /// Any number.
    Unlimited,
}

impl fmt::Display for RecipientLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}
