//! The open enums. Meta adds values at any time: an unknown value is retained unchanged in `Other`.
//! A known value is recognized in any case, since endpoints differ, and is written in its
//! documented spelling.

use std::{convert::Infallible, str::FromStr};

use crate::ext::{decode::field::Field, error::plain::plain_or_withheld, text_enum::text_enum};

/// Methods of all open enums, for the rest of the crate.
pub(crate) trait OpenEnum: AsRef<str> + for<'a> From<&'a str> {
    /// Returns the value as the API spells it, if this version of the crate knows it.
    fn known(&self) -> Option<&str>;

    /// Returns the value in a form that may be printed and stored: an unknown value only if it is a
    /// plain code.
    fn printable(&self) -> &str {
        self.known().unwrap_or_else(|| plain_or_withheld(self.as_ref()))
    }

    /// Returns the value without free text of the server: an unknown value that is no plain code becomes
    /// `withheld`.
    fn without_free_text(&self) -> Self {
        self.printable().into()
    }
}

macro_rules! open_enums {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("\n\nSent as `", $text, "`.")] $variant,)+
            /// A value that this version of the crate does not know, with its original text.
            Other(String),
        }

        impl $name {
            /// The values that this version of the crate knows.
            pub const KNOWN: &[Self] = &[$(Self::$variant,)+];

            /// Returns the value as the API spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl OpenEnum for $name {
            fn known(&self) -> Option<&str> {
                if let Self::Other(_) = self { None } else { Some(self.as_str()) }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                let known = Self::KNOWN.iter().find(|v| v.as_str().eq_ignore_ascii_case(text));
                known.cloned().unwrap_or_else(|| Self::Other(text.to_owned()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Infallible> {
                Ok(text.into())
            }
        }

        text_enum!($name, KNOWN);

        impl Field for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    )+};
}

open_enums! {
    /// The provider that connects a number to WhatsApp.
    Provider {
        /// Meta's official API: the number has a `meta` block.
        Meta = "META",
        /// Pilot Status itself, paired by QR code; `meta` is null.
        PilotStatus = "PILOT_STATUS",
        /// Evolution Go.
        EvoGo = "EVO_GO",
    }

    /// State of a number's connection to WhatsApp.
    ConnectionState {
        /// Connected.
        Open = "OPEN",
        /// Connecting: messages may fail until it is open.
        Connecting = "CONNECTING",
        /// Not connected: no message is sent.
        Close = "CLOSE",
    }

    /// Retention of message content.
    PiiMode {
        /// Not stored.
        RelayOnly = "RELAY_ONLY",
        /// Stored for `piiRetentionDays`.
        StoreXDays = "STORE_X_DAYS",
        /// Stored without a time limit.
        StoreIndefinite = "STORE_INDEFINITE",
    }

    /// Certainty that a number is also used in the WhatsApp Business app.
    CoexistenceStatus {
        /// Confirmed by Meta.
        Confirmed = "CONFIRMED",
        /// Indicated by some evidence.
        Likely = "LIKELY",
        /// The number is not used in the app.
        No = "NO",
        /// No information.
        Unknown = "UNKNOWN",
    }

    /// The evidence for a [`CoexistenceStatus`].
    CoexistenceEvidence {
        /// Meta's own flag.
        MetaIsOnBizApp = "meta_is_on_biz_app",
        /// A message history that the app synchronised.
        HistorySync = "history_sync",
        /// Fields of the phone number.
        PhoneFields = "phone_fields",
    }

    /// Quality of a number as Meta rates it, from how customers received its messages.
    QualityRating {
        /// High.
        Green = "GREEN",
        /// Medium.
        Yellow = "YELLOW",
        /// Low.
        Red = "RED",
        /// Not rated yet.
        Na = "NA",
        /// Not known.
        Unknown = "UNKNOWN",
    }

    /// The number of customers that a business may start conversations with in a rolling 24 hours.
    /// The limit belongs to the business portfolio and is shared by its numbers; it is not a quota
    /// of one number. See [`recipients`](Self::recipients).
    MessagingLimitTier {
        /// 50 customers.
        Tier50 = "TIER_50",
        /// 250 customers.
        Tier250 = "TIER_250",
        /// 1,000 customers.
        Tier1K = "TIER_1K",
        /// 2,000 customers.
        Tier2K = "TIER_2K",
        /// 10,000 customers.
        Tier10K = "TIER_10K",
        /// 100,000 customers.
        Tier100K = "TIER_100K",
        /// No limit.
        Unlimited = "TIER_UNLIMITED",
        /// Not set yet.
        NotSet = "TIER_NOT_SET",
        /// Outside the tiers.
        Untiered = "UNTIERED",
    }

    /// Status of a number at Meta.
    PhoneStatus {
        /// Can send and receive.
        Connected = "CONNECTED",
        /// Not connected to the API.
        Disconnected = "DISCONNECTED",
        /// Being set up.
        Pending = "PENDING",
        /// Not reachable.
        Offline = "OFFLINE",
        /// Ownership is not verified.
        Unverified = "UNVERIFIED",
        /// Quality is low, and under observation for 7 days.
        Flagged = "FLAGGED",
        /// The messaging limit is reached: the number may reply, but not start conversations.
        Restricted = "RESTRICTED",
        /// Slowed down by a rate limit.
        RateLimited = "RATE_LIMITED",
        /// Cannot send or receive.
        Banned = "BANNED",
        /// Linked.
        Linked = "LINKED",
        /// No longer linked.
        Unlinked = "UNLINKED",
        /// Moved to another account.
        Migrated = "MIGRATED",
        /// Deleted.
        Deleted = "DELETED",
    }

    /// Verification of a number's ownership by code.
    CodeVerificationStatus {
        /// Verified.
        Verified = "VERIFIED",
        /// Not verified.
        Unverified = "UNVERIFIED",
        /// Not verified, in the spelling of other endpoints.
        NotVerified = "NOT_VERIFIED",
        /// The verification has expired.
        Expired = "EXPIRED",
    }

    /// Review of a display name.
    NameStatus {
        /// Approved.
        Approved = "APPROVED",
        /// Usable without a review.
        AvailableWithoutReview = "AVAILABLE_WITHOUT_REVIEW",
        /// Declined.
        Declined = "DECLINED",
        /// The approval has expired.
        Expired = "EXPIRED",
        /// Under review.
        PendingReview = "PENDING_REVIEW",
        /// No display name.
        None = "NONE",
    }

    /// The platform that hosts a number.
    PlatformType {
        /// Meta's Cloud API.
        CloudApi = "CLOUD_API",
        /// The On-Premises API.
        OnPremise = "ON_PREMISE",
        /// No API.
        NotApplicable = "NOT_APPLICABLE",
    }

    /// The sending speed of a number.
    ThroughputLevel {
        /// 80 messages a second.
        Standard = "STANDARD",
        /// 1,000 messages a second.
        High = "HIGH",
        /// No throughput.
        NotApplicable = "NOT_APPLICABLE",
    }

    /// The mode of a number: live, or for tests.
    AccountMode {
        /// Live.
        Live = "LIVE",
        /// Used for tests.
        Sandbox = "SANDBOX",
    }

    /// Review of a WhatsApp Business Account.
    AccountReviewStatus {
        /// Approved.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Rejected.
        Rejected = "REJECTED",
        /// Postponed.
        Deferred = "DEFERRED",
        /// Restricted.
        Restricted = "RESTRICTED",
        /// The business has reached its maximum number of accounts.
        LimitReached = "LIMIT_REACHED",
    }

    /// The owner of a WhatsApp Business Account.
    OwnershipType {
        /// The client.
        Client = "CLIENT",
        /// The business itself.
        SelfManaged = "SELF",
        /// The business itself, in the spelling of other endpoints.
        SelfOwned = "SELF_OWNED",
        /// The client, in the spelling of other endpoints.
        ClientOwned = "CLIENT_OWNED",
        /// An agency.
        AgencyOwned = "AGENCY_OWNED",
        /// Another business, on its behalf.
        OnBehalfOf = "ON_BEHALF_OF",
    }

    /// Industry of a business.
    Vertical {
        /// An industry that is not listed.
        OtherIndustry = "OTHER",
        /// Automotive.
        Auto = "AUTO",
        /// Beauty, spa and salon.
        Beauty = "BEAUTY",
        /// Clothing and apparel.
        Apparel = "APPAREL",
        /// Education.
        Edu = "EDU",
        /// Entertainment.
        Entertain = "ENTERTAIN",
        /// Event planning and service.
        EventPlan = "EVENT_PLAN",
        /// Finance and banking.
        Finance = "FINANCE",
        /// Food and grocery.
        Grocery = "GROCERY",
        /// Public service.
        Govt = "GOVT",
        /// Hotel and lodging.
        Hotel = "HOTEL",
        /// Medical and health.
        Health = "HEALTH",
        /// Non-profit.
        Nonprofit = "NONPROFIT",
        /// Professional services.
        ProfServices = "PROF_SERVICES",
        /// Shopping and retail.
        Retail = "RETAIL",
        /// Travel and transportation.
        Travel = "TRAVEL",
        /// Restaurant.
        Restaurant = "RESTAURANT",
        /// Alcoholic beverages.
        Alcohol = "ALCOHOL",
        /// Online gambling.
        OnlineGambling = "ONLINE_GAMBLING",
        /// Gambling at a physical place.
        PhysicalGambling = "PHYSICAL_GAMBLING",
        /// Over-the-counter drugs.
        OtcDrugs = "OTC_DRUGS",
        /// Not set.
        Undefined = "UNDEFINED",
        /// Not a business.
        NotABiz = "NOT_A_BIZ",
    }

    /// Verification of a business. Endpoints of Meta differ in case.
    BusinessVerificationStatus {
        /// Verified.
        Verified = "verified",
        /// Not verified.
        NotVerified = "not_verified",
        /// Not verified, in the spelling of other endpoints.
        Unverified = "unverified",
        /// Under review.
        Pending = "pending",
        /// Under review; Meta needs more information.
        PendingNeedMoreInfo = "pending_need_more_info",
        /// Not submitted yet.
        PendingSubmission = "pending_submission",
        /// The verification failed.
        Failed = "failed",
        /// Rejected.
        Rejected = "rejected",
        /// Expired.
        Expired = "expired",
        /// Revoked.
        Revoked = "revoked",
        /// Cannot be verified.
        Ineligible = "ineligible",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        fmt,
    };

    use serde::{Deserialize, Serialize};

    use super::*;

    fn check<T>(name: &str, known: &[T], spec: &mut BTreeMap<String, BTreeSet<String>>)
    where
        T: for<'a> From<&'a str>
            + fmt::Display
            + fmt::Debug
            + PartialEq
            + Serialize
            + for<'de> Deserialize<'de>,
    {
        let texts: BTreeSet<String> = known.iter().map(T::to_string).collect();
        assert_eq!(Some(texts), spec.remove(name), "{name}");
        let unknown = T::from("something new");
        for value in known.iter().chain([&unknown]) {
            let json = serde_json::to_value(value).unwrap();
            assert_eq!(json, value.to_string());
            assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
        }
        assert!(!known.contains(&unknown));
        assert!(serde_json::from_str::<T>("1").is_err());
    }

    #[test]
    fn enums_match_the_value_sets_of_the_document() {
        let spec: serde_json::Value =
            serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
        let schemas = spec["components"]["schemas"].as_object().unwrap();
        let mut spec: BTreeMap<_, BTreeSet<_>> = schemas
            .iter()
            .filter_map(|(name, schema)| {
                Some((name.clone(), schema["x-extensible-enum"].as_array()?))
            })
            .map(|(name, values)| {
                (name, values.iter().map(|v| v.as_str().unwrap().to_owned()).collect())
            })
            .collect();
        macro_rules! check {
            ($($name:ident)+) => { $(check(stringify!($name), $name::KNOWN, &mut spec);)+ };
        }
        check!(Provider ConnectionState PiiMode CoexistenceStatus CoexistenceEvidence QualityRating);
        check!(MessagingLimitTier PhoneStatus CodeVerificationStatus NameStatus PlatformType);
        check!(ThroughputLevel AccountMode BusinessVerificationStatus AccountReviewStatus);
        check!(OwnershipType Vertical);
        assert_eq!(spec, BTreeMap::new(), "value sets without an enum");
    }

    #[test]
    fn known_value_is_recognized_in_any_case() {
        let cases = [
            ("open", ConnectionState::Open, "OPEN"),
            ("Open", ConnectionState::Open, "OPEN"),
            ("opened", ConnectionState::Other("opened".to_owned()), "opened"),
            ("", ConnectionState::Other(String::new()), ""),
        ];
        for (text, value, written) in cases {
            assert_eq!(ConnectionState::from(text), value);
            assert_eq!(value.to_string(), written);
        }
        let upper = BusinessVerificationStatus::from("VERIFIED");
        assert_eq!((&upper, upper.as_str()), (&BusinessVerificationStatus::Verified, "verified"));
    }
}
