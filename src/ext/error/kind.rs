//! [`ErrorKind`]: errors told apart by one word, for `match` and for metrics.

use std::{borrow::Cow, fmt, str::FromStr};

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Error, Kind};

/// What went wrong, in one word. [`Error::kind`] tells it.
///
/// ```
/// use pilot_status::{Client, ErrorKind};
///
/// let error = Client::builder().build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.kind().as_str(), "invalid_input");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting or an argument was refused.
    InvalidInput,
    /// The credential is missing or wrong: 401.
    Unauthorized,
    /// The subscription does not cover the call: 402.
    PaymentRequired,
    /// The credential may not do this: 403.
    Forbidden,
    /// No number of the caller's tenant has this id: 404.
    NotFound,
    /// The number is in a state that conflicts with the call: 409.
    Conflict,
    /// 429, or a turn after a 429 that would come after the call's timeout.
    RateLimited,
    /// The server or a provider behind it failed: 5xx.
    Server,
    /// Another status that is no success, such as 400 or a redirect; or a success whose body is an
    /// error.
    Status,
    /// There was no connection, so nothing was sent.
    Connect,
    /// The connection broke before the whole answer was there.
    Network,
    /// There was no whole answer in time.
    Timeout,
    /// A success that is not what the API documents.
    Decode,
    /// The answer is longer than `max_response_bytes`.
    TooLarge,
    /// Several numbers have the phone number that was looked for.
    Ambiguous,
    /// The number was not open in the time that was waited for it.
    NotOpen,
}

impl ErrorKind {
    /// All kinds that this version of the crate knows.
    pub const ALL: &[Self] = &[
        Self::InvalidInput,
        Self::Unauthorized,
        Self::PaymentRequired,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::Server,
        Self::Status,
        Self::Connect,
        Self::Network,
        Self::Timeout,
        Self::Decode,
        Self::TooLarge,
        Self::Ambiguous,
        Self::NotOpen,
    ];

    /// A word for metrics and logs, such as `rate_limited`, which stays the same.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthorized => "unauthorized",
            Self::PaymentRequired => "payment_required",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Status => "status",
            Self::Connect => "connect",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::Ambiguous => "ambiguous",
            Self::NotOpen => "not_open",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// As its word.
impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(deserializer)?;
        word.parse().map_err(de::Error::custom)
    }
}

impl FromStr for ErrorKind {
    type Err = Error;

    /// The kind with this word, such as `rate_limited`.
    fn from_str(word: &str) -> Result<Self, Error> {
        let kind = Self::ALL.iter().find(|kind| kind.as_str() == word);
        kind.copied().ok_or_else(|| Error::invalid_input("this is no word of a kind of error"))
    }
}

impl Error {
    /// What went wrong, in one word.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.kind {
            Kind::InvalidInput(_) | Kind::NoTrustStore => ErrorKind::InvalidInput,
            Kind::Refused(status, _) => of_status(*status),
            Kind::NotAdmitted => ErrorKind::RateLimited,
            Kind::Connect(_) => ErrorKind::Connect,
            Kind::Network if self.is_timeout() => ErrorKind::Timeout,
            Kind::Network => ErrorKind::Network,
            Kind::TimedOut(..) => ErrorKind::Timeout,
            Kind::Decode(..) => ErrorKind::Decode,
            Kind::TooLarge(..) => ErrorKind::TooLarge,
            Kind::Ambiguous(_) => ErrorKind::Ambiguous,
            Kind::NotOpen(..) => ErrorKind::NotOpen,
        }
    }

    /// The subscription does not cover the call: 402.
    #[must_use]
    pub fn is_payment_required(&self) -> bool {
        self.kind() == ErrorKind::PaymentRequired
    }

    /// The number is in a state that conflicts with the call: 409.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// The server or a provider behind it failed: 5xx.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.kind() == ErrorKind::Server
    }

    /// Another status that is no success, such as 400 or a redirect; or a success whose body is an
    /// error.
    #[must_use]
    pub fn is_status(&self) -> bool {
        self.kind() == ErrorKind::Status
    }

    /// The connection broke before the whole answer was there.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.kind() == ErrorKind::Network
    }

    /// The answer is longer than `max_response_bytes`.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.kind() == ErrorKind::TooLarge
    }

    /// Several numbers have the phone number that was looked for: see
    /// [`candidates`](Self::candidates).
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.kind() == ErrorKind::Ambiguous
    }

    /// The number was not open in the time that was waited for it: see
    /// [`last_status`](Self::last_status).
    #[must_use]
    pub fn is_not_open(&self) -> bool {
        self.kind() == ErrorKind::NotOpen
    }
}

fn of_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        402 => ErrorKind::PaymentRequired,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Status,
    }
}
#[cfg(feature = "schemars")]
impl schemars::JsonSchema for ErrorKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ErrorKind".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = Self::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
        schemars::json_schema!({ "type": "string", "x-extensible-enum": names })
    }
}
