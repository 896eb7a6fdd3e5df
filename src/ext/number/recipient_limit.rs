//! The number that a messaging-limit tier stands for, so that users need not parse `TIER_2K`.

use std::fmt;

use crate::types::MessagingLimitTier;

impl MessagingLimitTier {
    /// Returns the number that the tier stands for; `None` if it stands for none. Any `TIER_` with
    /// a number is read, also in `K` or `M`, and so are `TIER_UNLIMITED` and `UNLIMITED`.
    ///
    /// ```
    /// use pilot_status::{RecipientLimit, types::MessagingLimitTier};
    ///
    /// assert_eq!(MessagingLimitTier::Tier2K.recipients(), Some(RecipientLimit::Count(2_000)));
    /// assert_eq!(MessagingLimitTier::from("TIER_2000").recipients(), Some(RecipientLimit::Count(2_000)));
    /// assert_eq!(MessagingLimitTier::NotSet.recipients(), None);
    /// ```
    #[must_use]
    pub fn recipients(&self) -> Option<RecipientLimit> {
        let text = self.as_str().trim().to_ascii_uppercase();
        match text.strip_prefix("TIER_") {
            Some("UNLIMITED") => Some(RecipientLimit::Unlimited),
            Some(number) => count(number).map(RecipientLimit::Count),
            None => (text == "UNLIMITED").then_some(RecipientLimit::Unlimited),
        }
    }
}

/// Parses a number such as `250`, `250K` or `1M`.
fn count(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(['K', 'M']);
    let factor = match &text[digits.len()..] {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        _ => return None,
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u32>().ok().filter(|_| is_number)?.checked_mul(factor)
}

/// The number of distinct customers that a business may start conversations with in a rolling 24
/// hours. `Unlimited` is greater than any count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecipientLimit {
    /// At most this number of customers.
    Count(u32),
    /// No limit.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tier_with_a_number_is_parsed() {
        use RecipientLimit::{Count, Unlimited};
        let cases = [
            ("TIER_2K", Some(Count(2_000))),
            ("tier_2000", Some(Count(2_000))),
            ("TIER_1M", Some(Count(1_000_000))),
            ("TIER_4294967295", Some(Count(u32::MAX))),
            ("TIER_UNLIMITED", Some(Unlimited)),
            ("UNLIMITED", Some(Unlimited)),
            ("TIER_4294967296", None),
            ("TIER_+5", None),
            ("TIER_1KK", None),
            ("TIER_1G", None),
            ("TIER_", None),
            ("1000", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(MessagingLimitTier::from(text).recipients(), expected, "{text}");
        }
    }
}
