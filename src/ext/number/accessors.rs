//! Accessors of a number, its status and its removal. The API has some facts in two places, and
//! each may be absent: this file decides which value counts.

use std::{borrow::Cow, cmp::Reverse, time::Duration};

use chrono::{DateTime, Utc};

use crate::types::{
    ConnectionState, MessagingLimitTier, MetaPhone, Number, NumberHealth, NumberRemoved,
    NumberStatus, PhoneStatus, Provider, QualityRating,
};

/// Facts about a number. `None` means that the response has no value; an empty text counts as no
/// value.
///
/// Quality, status and limits occur in `health` and in the phone number object. If both have a
/// value, the worse one counts. A placeholder such as `UNKNOWN` or `NA` counts only if the other
/// place has no value either.
impl Number {
    /// Returns true if this is a number of Meta's official API, which has a `meta` block.
    #[must_use]
    pub fn is_meta(&self) -> bool {
        match non_empty(self.provider.as_ref()) {
            Some(provider) => *provider == Provider::Meta,
            None => self.meta.is_some(),
        }
    }

    /// Returns true if `state` and `isFullyConnected` show that the number is connected to
    /// WhatsApp. Returns false if both are absent, or if one of them cannot be read.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let open = non_empty(self.state.as_ref()).map(|s| *s == ConnectionState::Open);
        let facts = [open, self.is_fully_connected];
        let is_unreadable =
            ["state", "isFullyConnected"].iter().any(|f| self.extra.contains_key(*f));
        facts.contains(&Some(true)) && !facts.contains(&Some(false)) && !is_unreadable
    }

    /// Returns `health.sendable`, with two exceptions that block sending but do not show there: it
    /// returns false if an extra charge is unpaid, or if Meta lacks a payment (`health.code`
    /// 131042). It also returns false if `health` is absent or one of these values cannot be read.
    /// This is one fact of [`readiness`](Self::readiness), which also returns the reasons.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        let Some(health) = &self.health else { return false };
        let is_unpaid = non_empty(self.extra_charge_unpaid_since.as_ref()).is_some()
            || self.extra.contains_key("extraChargeUnpaidSince");
        let has_unread_code = health.extra.contains_key("code") && self.health_code().is_none();
        let is_blocked = is_unpaid || has_unread_code || self.is_payment_missing();
        health.sendable == Some(true) && !is_blocked
    }

    /// Returns the quality as rated by Meta.
    #[must_use]
    pub fn quality(&self) -> Option<&QualityRating> {
        use QualityRating::{Green, Other, Red, Yellow};
        self.both_values(|h| h.quality_rating.as_ref(), |p| p.quality_rating.as_ref()).max_by_key(
            |quality| match quality {
                Red => 4,
                Yellow => 3,
                Other(text) if !is_placeholder(text) => 2,
                Green => 1,
                _ => 0,
            },
        )
    }

    /// Returns the status at Meta.
    #[must_use]
    pub fn meta_status(&self) -> Option<&PhoneStatus> {
        self.both_values(|h| h.meta_status.as_ref(), |p| p.status.as_ref()).max_by_key(|status| {
            match status {
                status if blocks(status) => 3,
                PhoneStatus::Connected => 1,
                PhoneStatus::Other(text) if is_placeholder(text) => 0,
                _ => 2,
            }
        })
    }

    /// Returns the number of customers that the business may start conversations with in 24 hours.
    /// This is the limit of the business portfolio, which its numbers share. The number's own limit
    /// is returned if the portfolio has none, or only a placeholder such as `TIER_NOT_SET`.
    #[must_use]
    pub fn messaging_limit(&self) -> Option<&MessagingLimitTier> {
        let number = self
            .both_values(|h| h.messaging_limit_tier.as_ref(), |p| p.messaging_limit_tier.as_ref());
        let portfolio = self.both_values(
            |h| h.portfolio_messaging_limit_tier.as_ref(),
            |p| p.business_manager_messaging_limit.as_ref(),
        );
        // `Reverse`: the lower of two values counts.
        let limits = [number, portfolio].into_iter().filter_map(|values| {
            values.max_by_key(|tier: &&MessagingLimitTier| tier.recipients().map(Reverse))
        });
        limits.max_by_key(|tier| tier.recipients().is_some())
    }

    /// Returns the display name that Meta verified.
    #[must_use]
    pub fn verified_name(&self) -> Option<&str> {
        non_empty(self.meta_phone()?.verified_name.as_ref()).map(String::as_str)
    }

    /// Returns the phone number as customers see it, such as `+55 11 99999-9999`.
    #[must_use]
    pub fn display_phone_number(&self) -> Option<&str> {
        non_empty(self.meta_phone()?.display_phone_number.as_ref()).map(String::as_str)
    }

    /// Returns the id of the WhatsApp Business Account that owns the number.
    #[must_use]
    pub fn waba_id(&self) -> Option<&str> {
        non_empty(self.meta.as_ref()?.waba.as_ref()?.id.as_ref()).map(String::as_str)
    }

    /// Returns the time of the snapshot; `None` also if the text is not an RFC 3339 date.
    #[must_use]
    pub fn fetched_at(&self) -> Option<DateTime<Utc>> {
        self.meta.as_ref()?.fetched_at.as_deref()?.parse().ok()
    }

    /// Returns the age of the snapshot at `now`; zero if its date is later.
    #[must_use]
    pub fn snapshot_age(&self, now: DateTime<Utc>) -> Option<Duration> {
        Some((now - self.fetched_at()?).to_std().unwrap_or_default())
    }

    /// Returns `health.code`, which may be sent as a JSON number.
    pub(super) fn health_code(&self) -> Option<Cow<'_, str>> {
        let health = self.health.as_ref()?;
        let number = || Some(health.extra.get("code")?.as_number()?.to_string().into());
        non_empty(health.code.as_ref()).map(|code| code.as_str().into()).or_else(number)
    }

    /// Returns true if Meta blocks sending because a payment is missing.
    pub(super) fn is_payment_missing(&self) -> bool {
        self.health_code().is_some_and(|code| code.trim() == "131042")
    }

    /// Returns the values of one fact in the phone number object and in `health`. `health` comes
    /// last, because [`Iterator::max_by_key`] returns the last of equal values.
    fn both_values<'a, T: AsRef<str> + 'a>(
        &'a self,
        health: fn(&'a NumberHealth) -> Option<&'a T>,
        phone: fn(&'a MetaPhone) -> Option<&'a T>,
    ) -> impl Iterator<Item = &'a T> {
        let values = [self.meta_phone().and_then(phone), self.health.as_ref().and_then(health)];
        values.into_iter().filter_map(non_empty)
    }

    pub(super) fn meta_phone(&self) -> Option<&MetaPhone> {
        self.meta.as_ref()?.phone.as_ref()
    }
}

/// Facts about the connection of a number.
impl NumberStatus {
    /// Returns true if the number is connected to WhatsApp: `state` is `OPEN`, and
    /// `isFullyConnected` is not false. Returns false if `state` is absent, or if
    /// `isFullyConnected` cannot be read.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_partial =
            self.is_fully_connected == Some(false) || self.extra.contains_key("isFullyConnected");
        self.state == Some(ConnectionState::Open) && !is_partial
    }

    /// Returns true if this is a live reading rather than the last remembered one; false if the
    /// response does not say.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.stale == Some(false)
    }

    /// Returns the time of the reading, live or remembered; `None` also if the text is not an RFC
    /// 3339 date.
    #[must_use]
    pub fn read_at(&self) -> Option<DateTime<Utc>> {
        let text = self.checked_at.as_ref().filter(|_| self.stale != Some(true));
        text.or(self.last_known_at.as_ref())?.parse().ok()
    }
}

/// Facts about a removal.
impl NumberRemoved {
    /// Returns the time until which the number can be restored; `None` also if the text is not an
    /// RFC 3339 date.
    #[must_use]
    pub fn restorable_until(&self) -> Option<DateTime<Utc>> {
        self.restorable_until.as_ref()?.parse().ok()
    }
}

/// Returns the value, unless it is an empty text.
pub(super) fn non_empty<T: AsRef<str>>(value: Option<&T>) -> Option<&T> {
    value.filter(|value| !value.as_ref().trim().is_empty())
}

/// Returns true if a number with this status cannot send at all.
pub(super) fn blocks(status: &PhoneStatus) -> bool {
    use PhoneStatus::{
        Banned, Deleted, Disconnected, Migrated, Offline, Pending, Unlinked, Unverified,
    };
    matches!(
        status,
        Banned | Deleted | Disconnected | Migrated | Offline | Pending | Unlinked | Unverified
    )
}

fn is_placeholder(text: &str) -> bool {
    let placeholders = ["NA", "N/A", "NONE", "NOT_SET", "NULL", "UNDEFINED", "UNKNOWN"];
    placeholders.iter().any(|known| text.trim().eq_ignore_ascii_case(known))
}
