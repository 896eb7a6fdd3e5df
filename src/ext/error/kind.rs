//! [`ErrorKind`]: a classification of errors, for `match` and for metrics.

use std::str::FromStr;

use super::{Error, Kind};
use crate::ext::decode::text_enum::text_enum;

macro_rules! kinds {
    ($(#[doc = $doc:literal] $kind:ident = $name:literal $(, $predicate:ident)?;)+) => {
        /// The kind of an error; returned by [`Error::kind`].
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
            $(#[doc = $doc] $kind,)+
        }

        impl ErrorKind {
            /// All kinds that this version of the crate knows.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Returns a stable name for metrics and logs, such as `rate_limited`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }

        /// Predicates for single kinds.
        impl Error {
            $($(
                #[doc = concat!("Returns true for [`ErrorKind::", stringify!($kind), "`].\n\n", $doc)]
                #[must_use]
                pub fn $predicate(&self) -> bool {
                    self.kind() == ErrorKind::$kind
                }
            )?)+
        }
    };
}

kinds! {
    /// A setting or an argument is invalid.
    InvalidInput = "invalid_input", is_invalid_input;
    /// The credential is missing or wrong: 401.
    Unauthorized = "unauthorized", is_unauthorized;
    /// The subscription does not cover the call: 402.
    PaymentRequired = "payment_required", is_payment_required;
    /// The credential does not permit the call: 403.
    Forbidden = "forbidden", is_forbidden;
    /// No number of the key's tenant has this id: 404.
    NotFound = "not_found", is_not_found;
    /// The number's state conflicts with the call: 409.
    Conflict = "conflict", is_conflict;
    /// A 429, or a turn after a 429 that would have come after the call's timeout.
    RateLimited = "rate_limited", is_rate_limited;
    /// The server or a provider behind it failed: 5xx.
    Server = "server", is_server;
    /// Any other error status, such as 400 or a redirect; or a success whose body is an error.
    Status = "status", is_status;
    /// No connection could be made, so nothing was sent.
    Connect = "connect", is_connect;
    /// The connection failed before the response was complete.
    Network = "network", is_network;
    /// The response was not complete in time; see also [`Error::is_timeout`].
    Timeout = "timeout";
    /// A success that does not match the API's documentation.
    Decode = "decode", is_decode;
    /// The response exceeds `max_response_bytes`.
    TooLarge = "too_large", is_too_large;
    /// Several numbers have the requested phone number; see [`Error::candidates`].
    Ambiguous = "ambiguous", is_ambiguous;
    /// The number was not open within the limit of a wait; see [`Error::last_status`].
    NotOpen = "not_open", is_not_open;
}

text_enum!(ErrorKind, ALL);

impl FromStr for ErrorKind {
    type Err = Error;

    /// Parses the name of a kind, such as `rate_limited`.
    fn from_str(name: &str) -> Result<Self, Error> {
        let kind = Self::ALL.iter().find(|kind| kind.as_str() == name);
        kind.copied().ok_or_else(|| {
            Error::invalid_input("unknown error kind: use a name that ErrorKind::as_str returns")
        })
    }
}

impl Error {
    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.kind {
            Kind::InvalidInput(_) | Kind::NoTrustStore => ErrorKind::InvalidInput,
            Kind::Status(status, _) => match status.as_u16() {
                401 => ErrorKind::Unauthorized,
                402 => ErrorKind::PaymentRequired,
                403 => ErrorKind::Forbidden,
                404 => ErrorKind::NotFound,
                409 => ErrorKind::Conflict,
                429 => ErrorKind::RateLimited,
                500..=599 => ErrorKind::Server,
                _ => ErrorKind::Status,
            },
            Kind::NotAdmitted => ErrorKind::RateLimited,
            Kind::Connect(_) => ErrorKind::Connect,
            Kind::Network if self.is_timeout() => ErrorKind::Timeout,
            Kind::Network => ErrorKind::Network,
            Kind::TimedOut(..) => ErrorKind::Timeout,
            Kind::Decode(..) => ErrorKind::Decode,
            Kind::TooLarge { .. } => ErrorKind::TooLarge,
            Kind::Ambiguous(_) => ErrorKind::Ambiguous,
            Kind::NotOpen(wait) => match &wait.failure {
                Some(failure) if failure.is_rate_limited() => ErrorKind::RateLimited,
                _ => ErrorKind::NotOpen,
            },
        }
    }
}
