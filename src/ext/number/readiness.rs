//! The verdict on whether a number can send, with its reasons. The facts are spread over many fields;
//! this file combines them.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::{
    accessors::{blocks, non_empty},
    named_enum::named_enum,
    open_enums::OpenEnum,
};
use crate::{
    ext::error::plain::plain,
    types::{
        AccountMode, AccountReviewStatus, BusinessVerificationStatus, ConnectionState, NameStatus,
        Number, PhoneStatus, QualityRating,
    },
};

/// The verdict on whether a number can send, from all facts of its snapshot. The first row that
/// applies decides; every row that blocks or degrades adds a reason.
///
/// | Fact | Verdict |
/// |---|---|
/// | `state` is not `OPEN`, or `isFullyConnected` is false | blocked |
/// | `health.sendable` is false | blocked |
/// | `extraChargeUnpaidSince` is set | blocked |
/// | `health.code` is 131042: a payment to Meta is missing | blocked |
/// | status is `BANNED`, `DISCONNECTED`, `OFFLINE`, `PENDING`, `UNVERIFIED`, `UNLINKED`, `MIGRATED` or `DELETED` | blocked |
/// | status is `FLAGGED`, `RESTRICTED`, `RATE_LIMITED`, `LINKED` or unknown to this crate | degraded |
/// | quality is `YELLOW` or `RED` | degraded |
/// | the name's status is `DECLINED`, `REJECTED`, `EXPIRED`, `DEFERRED`, `PENDING`, `PENDING_REVIEW`, `NONE` or unknown to this crate | degraded |
/// | the business is not verified | degraded |
/// | the account's review is not `APPROVED` | degraded |
/// | the account is a `SANDBOX` | degraded |
/// | `meta.errors` is not empty | degraded |
/// | one of these facts is malformed | degraded |
/// | `health.sendable` is true | ready |
/// | the status is `CONNECTED` | ready |
/// | the provider is not Meta, and the number is connected | ready |
/// | none of the above | unknown |
///
/// A fact that is absent, null or an empty text does not count. The age of the snapshot does not
/// count either.
///
/// Status and quality occur in `health` (`metaStatus`, `qualityRating`) and in `meta.phone`
/// (`status`, `qualityRating`). If the two values differ, the worse one counts. The order
/// of statuses, the worst first, is: those that block, those that degrade, `CONNECTED`. The order of
/// qualities is `RED`, `YELLOW`, any other. A placeholder such as `UNKNOWN` or `NA` counts only if
/// there is no other value.
///
/// A `Readiness` is serialized with its level and reasons, without free text of the server:
/// `{"level":"degraded","reasons":[{"code":"quality","value":"RED"}]}`. It can be read back from any
/// serde format that writes field names, such as JSON.
///
/// ```
/// use pilot_status::{ReadinessLevel, ReadinessReason, types::Number};
///
/// let number: Number = serde_json::from_str(r#"{"id":"num_1","health":{"sendable":false}}"#)?;
/// let readiness = number.readiness();
/// assert_eq!(readiness.level(), ReadinessLevel::Blocked);
/// assert_eq!(readiness.reasons()[0].code(), "not_sendable");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(try_from = "Verdict", into = "Verdict")]
pub enum Readiness {
    /// The number can send, and no fact counts against it.
    Ready,
    /// No known fact blocks sending, but at least one counts against the number or cannot be read.
    /// The list is never empty.
    Degraded(Vec<ReadinessReason>),
    /// The number cannot send. The blocking reasons come first, and the list is never empty.
    Blocked(Vec<ReadinessReason>),
    /// The snapshot does not show whether the number can send.
    Unknown,
}

named_enum! {
    /// The verdict without its reasons, ordered from best to worst. `Unknown` ranks before
    /// `Degraded`, because no problem is known. Even so, `can_send` is true for `Degraded` and
    /// not for `Unknown`.
    ReadinessLevel {
        /// The level of [`Readiness::Ready`].
        Ready = "ready",
        /// The level of [`Readiness::Unknown`].
        Unknown = "unknown",
        /// The level of [`Readiness::Degraded`].
        Degraded = "degraded",
        /// The level of [`Readiness::Blocked`].
        Blocked = "blocked",
    }
}

impl ReadinessLevel {
    /// Returns true for `Ready` and `Degraded`. Returns false for `Unknown`, because nothing shows that
    /// the number can send.
    #[must_use]
    pub fn can_send(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded)
    }
}

impl Readiness {
    /// Returns the verdict without its reasons, for comparisons and metrics.
    #[must_use]
    pub fn level(&self) -> ReadinessLevel {
        match self {
            Self::Ready => ReadinessLevel::Ready,
            Self::Unknown => ReadinessLevel::Unknown,
            Self::Degraded(_) => ReadinessLevel::Degraded,
            Self::Blocked(_) => ReadinessLevel::Blocked,
        }
    }

    /// Returns the reasons why it is degraded or blocked; empty if it is neither.
    #[must_use]
    pub fn reasons(&self) -> &[ReadinessReason] {
        match self {
            Self::Ready | Self::Unknown => &[],
            Self::Degraded(reasons) | Self::Blocked(reasons) => reasons,
        }
    }
}

/// The serialized form of a [`Readiness`].
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(rename = "Readiness"))]
struct Verdict {
    level: ReadinessLevel,
    #[serde(default)]
    reasons: Vec<ReadinessReason>,
}

impl From<Readiness> for Verdict {
    fn from(readiness: Readiness) -> Self {
        Self { level: readiness.level(), reasons: readiness.reasons().to_vec() }
    }
}

impl TryFrom<Verdict> for Readiness {
    type Error = String;

    fn try_from(Verdict { level, reasons }: Verdict) -> Result<Self, String> {
        match (level, reasons.is_empty()) {
            (ReadinessLevel::Ready, true) => Ok(Self::Ready),
            (ReadinessLevel::Unknown, true) => Ok(Self::Unknown),
            (ReadinessLevel::Degraded, false) => Ok(Self::Degraded(reasons)),
            (ReadinessLevel::Blocked, false) => Ok(Self::Blocked(reasons)),
            (_, true) => Err(format!("the level {level} needs a reason")),
            (_, false) => Err(format!("the level {level} must have no reasons")),
        }
    }
}

/// A reason why a number is blocked or degraded. It is serialized with its code
/// and its data, such as `{"code":"quality","value":"RED"}`.
///
/// Its fields hold codes, dates and paths. Free text, which may be personal data, is
/// only in the [`Number`](crate::types::Number).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadinessReason {
    /// The number is not connected to WhatsApp. Holds `state`, unless only
    /// `isFullyConnected` is the reason.
    NotConnected(Option<ConnectionState>),
    /// `health.sendable` is false. Holds `health.code`, such as `131042`, unless it is absent or
    /// free text. The number's `health.reason` may explain it.
    NotSendable(Option<String>),
    /// The payment of an extra charge failed, and sending is blocked until it is paid.
    ExtraChargeUnpaid {
        /// The time since which it is unpaid, ISO 8601, if it can be read.
        since: Option<String>,
        /// The time at which the number will be disconnected, ISO 8601, if given.
        #[serde(rename = "disconnectAt")]
        disconnect_at: Option<String>,
    },
    /// Meta blocks sending because a payment is missing (Meta's error 131042).
    PaymentMissing,
    /// Meta's status of the number.
    Status(PhoneStatus),
    /// Meta's rating of the number.
    Quality(QualityRating),
    /// The display name is not approved.
    Name(NameStatus),
    /// The business is not verified.
    BusinessVerification(BusinessVerificationStatus),
    /// The account is not approved.
    AccountReview(AccountReviewStatus),
    /// The account is for tests.
    Sandbox,
    /// The snapshot lacks the data of these calls to the Meta Graph (`phone`, `profile`, `waba`),
    /// because they failed. Empty if this version of the crate knows none of the failed calls.
    IncompleteSnapshot(Vec<String>),
    /// The fact at this path, such as `health.sendable`, is malformed, so its real value may count
    /// against the number. See [`Number::unreadable`].
    Unreadable(String),
}

/// The calls to the Meta Graph that make up a snapshot.
const CALLS: [&str; 3] = ["phone", "profile", "waba"];
/// The paths of the facts that decide the verdict. `Unreadable` reasons have the same order.
const FACTS: [&str; 19] = [
    "provider",
    "state",
    "isFullyConnected",
    "extraChargeUnpaidSince",
    "health",
    "health.sendable",
    "health.code",
    "health.metaStatus",
    "health.qualityRating",
    "meta",
    "meta.errors",
    "meta.phone",
    "meta.phone.status",
    "meta.phone.qualityRating",
    "meta.phone.nameStatus",
    "meta.phone.accountMode",
    "meta.waba",
    "meta.waba.businessVerificationStatus",
    "meta.waba.accountReviewStatus",
];

impl Number {
    /// Returns the verdict on whether this number can send; see the table at [`Readiness`].
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let (mut blocking, degrading) = (self.blocking_reasons(), self.degrading_reasons());
        if !blocking.is_empty() {
            blocking.extend(degrading);
            return Readiness::Blocked(blocking);
        }
        if !degrading.is_empty() {
            return Readiness::Degraded(degrading);
        }
        let can_send = self.is_sendable()
            || self.meta_status() == Some(&PhoneStatus::Connected)
            || (!self.is_meta() && self.is_connected());
        if can_send { Readiness::Ready } else { Readiness::Unknown }
    }

    fn blocking_reasons(&self) -> Vec<ReadinessReason> {
        let state = other_than(&[ConnectionState::Open], self.state.as_ref());
        let unconnected = state.is_some() || self.is_fully_connected == Some(false);
        let unsendable = self.health.as_ref().is_some_and(|h| h.sendable == Some(false));
        let unpaid_since = non_empty(self.extra_charge_unpaid_since.as_ref());
        let status = self.meta_status().filter(|s| blocks(s));
        let reasons = [
            unconnected.then_some(ReadinessReason::NotConnected(state)),
            unsendable
                .then(|| ReadinessReason::NotSendable(plain_text(self.health_code().as_deref()))),
            unpaid_since.map(|since| ReadinessReason::ExtraChargeUnpaid {
                since: plain_text(Some(since)),
                disconnect_at: plain_text(self.extra_charge_disconnect_at.as_deref()),
            }),
            self.is_payment_missing().then_some(ReadinessReason::PaymentMissing),
            status.map(|s| ReadinessReason::Status(s.without_free_text())),
        ];
        reasons.into_iter().flatten().collect()
    }

    fn degrading_reasons(&self) -> Vec<ReadinessReason> {
        let (meta, phone) = (self.meta.as_ref(), self.meta_phone());
        let waba = meta.and_then(|meta| meta.waba.as_ref());
        let status = self.meta_status().filter(|s| !blocks(s));
        let poor = [QualityRating::Yellow, QualityRating::Red];
        let quality = self.quality().filter(|q| poor.contains(q));
        let approved = [NameStatus::Approved, NameStatus::AvailableWithoutReview];
        let name = other_than(&approved, phone.and_then(|p| p.name_status.as_ref()));
        let is_sandbox = phone.is_some_and(|p| p.account_mode == Some(AccountMode::Sandbox));
        let verified = [BusinessVerificationStatus::Verified];
        let business = waba.and_then(|w| w.business_verification_status.as_ref());
        let review = waba.and_then(|w| w.account_review_status.as_ref());
        let failed = meta.and_then(|m| m.errors.as_ref()).filter(|e| !e.is_empty());
        let reasons = [
            other_than(&[PhoneStatus::Connected], status).map(ReadinessReason::Status),
            quality.cloned().map(ReadinessReason::Quality),
            name.map(ReadinessReason::Name),
            is_sandbox.then_some(ReadinessReason::Sandbox),
            other_than(&verified, business).map(ReadinessReason::BusinessVerification),
            other_than(&[AccountReviewStatus::Approved], review)
                .map(ReadinessReason::AccountReview),
            failed.map(|errors| {
                let calls = CALLS.into_iter().filter(|call| errors.contains_key(*call));
                ReadinessReason::IncompleteSnapshot(calls.map(str::to_owned).collect())
            }),
        ];
        reasons.into_iter().flatten().chain(self.unreadable_facts()).collect()
    }

    fn unreadable_facts(&self) -> impl Iterator<Item = ReadinessReason> {
        let mut paths = self.unreadable();
        // A `health.code` that is a JSON number counts as readable.
        paths.retain(|path| path != "health.code" || self.health_code().is_none());
        // The response may list its fields in a different order each time; `FACTS` has a fixed
        // order.
        let facts = FACTS.iter().filter(move |fact| paths.iter().any(|path| path == *fact));
        facts.map(|fact| ReadinessReason::Unreadable((*fact).to_owned()))
    }
}

impl ReadinessReason {
    /// Returns a stable code for metrics: `not_connected`, `not_sendable`, `extra_charge_unpaid`,
    /// `payment_missing`, `status`, `quality`, `name`, `business_verification`, `account_review`,
    /// `sandbox`, `incomplete_snapshot` or `unreadable`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConnected(_) => "not_connected",
            Self::NotSendable(_) => "not_sendable",
            Self::ExtraChargeUnpaid { .. } => "extra_charge_unpaid",
            Self::PaymentMissing => "payment_missing",
            Self::Status(_) => "status",
            Self::Quality(_) => "quality",
            Self::Name(_) => "name",
            Self::BusinessVerification(_) => "business_verification",
            Self::AccountReview(_) => "account_review",
            Self::Sandbox => "sandbox",
            Self::IncompleteSnapshot(_) => "incomplete_snapshot",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Returns the value that the reason is based on, such as `RED`; `None` if it has none, or this
    /// version of the crate does not know it. For an incomplete snapshot it is the failed calls,
    /// separated by commas. For an unpaid extra charge it is `None`: its data are two dates.
    #[must_use]
    pub fn value(&self) -> Option<Cow<'_, str>> {
        let value = match self {
            Self::NotConnected(state) => state.as_ref()?.known()?,
            Self::NotSendable(code) => code.as_deref()?,
            Self::Status(status) => status.known()?,
            Self::Quality(quality) => quality.known()?,
            Self::Name(status) => status.known()?,
            Self::BusinessVerification(status) => status.known()?,
            Self::AccountReview(status) => status.known()?,
            Self::IncompleteSnapshot(calls) => {
                return (!calls.is_empty()).then(|| calls.join(", ").into());
            }
            Self::Unreadable(path) => path,
            Self::ExtraChargeUnpaid { .. } | Self::PaymentMissing | Self::Sandbox => return None,
        };
        Some(value.into())
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&line(self.level(), self.reasons()))
    }
}

/// Returns the verdict as a line, such as `degraded: quality RED, sandbox account`.
pub(crate) fn line(level: ReadinessLevel, reasons: &[ReadinessReason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    let colon = if reasons.is_empty() { "" } else { ": " };
    format!("{level}{colon}{}", reasons.join(", "))
}

impl fmt::Display for ReadinessReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = || self.value().map(|value| format!(" ({value})")).unwrap_or_default();
        match self {
            Self::NotConnected(None) => f.write_str("not fully connected"),
            Self::NotConnected(Some(state)) => write!(f, "not connected ({state})"),
            Self::NotSendable(_) => write!(f, "not sendable{}", because()),
            Self::ExtraChargeUnpaid { since, disconnect_at } => {
                let dated = |text: &str, date: &Option<String>| {
                    date.as_ref().map(|date| format!("{text} {date}")).unwrap_or_default()
                };
                let end = dated(", to be disconnected at", disconnect_at);
                write!(f, "extra charge unpaid{}{end}", dated(" since", since))
            }
            Self::PaymentMissing => f.write_str("payment missing"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Quality(quality) => write!(f, "quality {quality}"),
            Self::Name(status) => write!(f, "display name {status}"),
            Self::BusinessVerification(status) => write!(f, "business {status}"),
            Self::AccountReview(status) => write!(f, "account review {status}"),
            Self::Sandbox => f.write_str("sandbox account"),
            Self::IncompleteSnapshot(_) => write!(f, "incomplete snapshot{}", because()),
            Self::Unreadable(path) => write!(f, "unreadable {path}"),
        }
    }
}

/// Returns the value if it is not one of `good`. Free text of the server is withheld.
fn other_than<T: OpenEnum + PartialEq>(good: &[T], value: Option<&T>) -> Option<T> {
    non_empty(value).filter(|value| !good.contains(value)).map(OpenEnum::without_free_text)
}

/// Returns the text if it is a plain code or a date.
fn plain_text(text: Option<&str>) -> Option<String> {
    text.and_then(plain).map(str::to_owned)
}
