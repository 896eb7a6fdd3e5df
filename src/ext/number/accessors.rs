//! What users ask of a number. The API has some facts in two places, and any may be absent: here is
//! decided which counts.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::types::{
    ConnectionState, MessagingLimitTier, MetaPhone, Number, NumberHealth, PhoneStatus, Provider,
    QualityRating,
};

/// What users ask of a number. `None` means that the server did not say.
impl Number {
    /// Whether it is a number of Meta's official API, which has a `meta` block.
    #[must_use]
    pub fn is_meta(&self) -> bool {
        match &self.provider {
            Some(provider) => *provider == Provider::Meta,
            None => self.meta.is_some(),
        }
    }

    /// Whether it is connected to WhatsApp, as far as `state` and `isFullyConnected` say; `false`
    /// if neither is there, or one cannot be read.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let open = self.state.as_ref().map(|s| *s == ConnectionState::Open);
        let facts = [open, self.is_fully_connected];
        let is_unreadable =
            ["state", "isFullyConnected"].iter().any(|f| self.extra.contains_key(*f));
        facts.contains(&Some(true)) && !facts.contains(&Some(false)) && !is_unreadable
    }

    /// Whether it can send: `health.sendable`, and no extra charge unpaid, which blocks sending
    /// without showing in `health`; `false` if `health` is absent, or either cannot be read. It is one
    /// fact of [`readiness`](Self::readiness), which also says why.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        let sendable = self.health.as_ref().and_then(|h| h.sendable);
        let is_unpaid = self.extra_charge_unpaid_since.is_some()
            || self.extra.contains_key("extraChargeUnpaidSince");
        sendable == Some(true) && !is_unpaid
    }

    /// The quality as Meta rates it.
    #[must_use]
    pub fn quality(&self) -> Option<&QualityRating> {
        self.health_or_phone(|h| h.quality_rating.as_ref(), |p| p.quality_rating.as_ref())
    }

    /// The status at Meta.
    #[must_use]
    pub fn meta_status(&self) -> Option<&PhoneStatus> {
        self.health_or_phone(|h| h.meta_status.as_ref(), |p| p.status.as_ref())
    }

    /// How many customers may be written to first in 24 hours: the business portfolio's limit,
    /// which its numbers share; where that is not given, the number's.
    #[must_use]
    pub fn messaging_limit(&self) -> Option<&MessagingLimitTier> {
        self.health_or_phone(
            |h| h.portfolio_messaging_limit_tier.as_ref(),
            |p| p.business_manager_messaging_limit.as_ref(),
        )
        .or_else(|| {
            self.health_or_phone(
                |h| h.messaging_limit_tier.as_ref(),
                |p| p.messaging_limit_tier.as_ref(),
            )
        })
    }

    /// The display name that Meta verified.
    #[must_use]
    pub fn verified_name(&self) -> Option<&str> {
        self.phone()?.verified_name.as_deref()
    }

    /// The phone number as customers see it, such as `+55 11 99999-9999`.
    #[must_use]
    pub fn display_phone_number(&self) -> Option<&str> {
        self.phone()?.display_phone_number.as_deref()
    }

    /// The id of the WhatsApp Business Account that owns it.
    #[must_use]
    pub fn waba_id(&self) -> Option<&str> {
        self.meta.as_ref()?.waba.as_ref()?.id.as_deref()
    }

    /// When the snapshot was taken; `None` also if the text is no RFC 3339 date.
    #[must_use]
    pub fn fetched_at(&self) -> Option<DateTime<Utc>> {
        self.meta.as_ref()?.fetched_at.as_deref()?.parse().ok()
    }

    /// How old the snapshot is at `now`; zero if it is dated later than that.
    #[must_use]
    pub fn snapshot_age(&self, now: DateTime<Utc>) -> Option<Duration> {
        Some((now - self.fetched_at()?).to_std().unwrap_or_default())
    }

    /// What `health` says, else what the phone number object says.
    fn health_or_phone<'a, T: ?Sized>(
        &'a self,
        health: impl Fn(&'a NumberHealth) -> Option<&'a T>,
        phone: impl Fn(&'a MetaPhone) -> Option<&'a T>,
    ) -> Option<&'a T> {
        self.health.as_ref().and_then(health).or_else(|| self.phone().and_then(phone))
    }

    fn phone(&self) -> Option<&MetaPhone> {
        self.meta.as_ref()?.phone.as_ref()
    }
}
