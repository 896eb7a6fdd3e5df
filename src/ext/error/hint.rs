//! What to do about an error: sentences for people, one for each failure whose remedy is known.

use http::StatusCode;

use super::{ConnectFault, Error, Kind, decode_error::DecodeError, outcome::StopReason};
use crate::types::ApiError;

impl Error {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match &self.0.kind {
            _ if self.0.outcome.stop_reason == Some(StopReason::NotSafe) => {
                Some("check whether it was carried out before you call again")
            }
            Kind::Refused(..) if self.has_unmet_retry_after() => {
                Some(match self.0.outcome.stop_reason {
                    Some(StopReason::Timeout) => {
                        "call again after the time that the server asks for, or raise timeout"
                    }
                    Some(StopReason::Budget) => {
                        "call again after the time that the server asks for"
                    }
                    _ => {
                        "call again after the time that the server asks for, or raise max_delay and timeout above it"
                    }
                })
            }
            Kind::NotAdmitted => {
                Some("call again later, raise timeout, or send fewer requests at a time")
            }
            Kind::Refused(StatusCode::NOT_FOUND, _) if self.is_about_phone_number() => {
                Some("this id looks like a phone number: look up the id of that number first")
            }
            Kind::Refused(status, api_error) => {
                hint_for_status(status.as_u16(), api_error.as_ref(), self.is_retryable())
            }
            Kind::Connect(_) if !HAS_TLS => Some(
                "check the base URL, the network and the proxy settings; https needs one of the features rustls, native-tls, rustls-no-provider",
            ),
            Kind::Connect(ConnectFault::Handshake) => Some(
                "check the host of the base URL, the certificate and the clock; an authority of your own has to be added to the HTTP client",
            ),
            Kind::Connect(ConnectFault::Machine) => Some(
                "this machine has no file descriptors, ports or memory left: send fewer requests at a time, or raise its limits (ulimit -n)",
            ),
            Kind::Connect(ConnectFault::Network) => {
                Some("check the base URL, the network and the proxy settings")
            }
            Kind::Network => Some(
                "call again, since this is mostly temporary; if it lasts, check the base URL, the network and the proxy settings",
            ),
            Kind::Decode(Some(DecodeError::NotJson), _) => Some(
                "something other than the API answered: check the base URL, and whether a proxy or a login page is in front of it",
            ),
            Kind::Decode(Some(DecodeError::Empty | DecodeError::Truncated(_)), _) => {
                Some("check the base URL, and whether a proxy in front of it cuts answers")
            }
            Kind::Decode(..) => {
                Some("the API may have changed: see whether there is a newer version of this crate")
            }
            Kind::TimedOut(..) => Some("if the network is fine, raise timeout or attempt_timeout"),
            Kind::TooLarge(..) => {
                Some("raise max_response_bytes if the answer is meant to be that long")
            }
            Kind::Ambiguous(_) => Some("use the id of the number that is meant"),
            Kind::NotOpen(wait) => match &wait.failure {
                Some(failure) => failure.hint(),
                None => Some(
                    "see in the dashboard whether the QR code was scanned; it may have to be shown anew",
                ),
            },
            Kind::InvalidInput(_) => None,
            Kind::NoTrustStore => Some(
                "install the package ca-certificates, or set SSL_CERT_FILE to a file of certificates (PEM)",
            ),
        }
    }

    fn is_about_phone_number(&self) -> bool {
        self.0.target.as_ref().is_some_and(|target| target.is_phone_number)
    }

    /// The server named a time, and was not asked again after it for as often as the policy says.
    fn has_unmet_retry_after(&self) -> bool {
        self.retry_after().is_some() && self.0.outcome.stop_reason != Some(StopReason::Attempts)
    }
}

/// Whether a feature of this crate brings TLS; another crate may bring it, too.
const HAS_TLS: bool =
    cfg!(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"));

fn hint_for_status(
    status: u16,
    api_error: Option<&ApiError>,
    is_retryable: bool,
) -> Option<&'static str> {
    Some(match (status, api_error.and_then(ApiError::code)) {
        (300..=399, _) => {
            "redirects are not followed, so that the key stays with the configured host: set the base URL to the final address"
        }
        (429, _) => "send fewer requests at a time, or raise max_attempts, max_delay and timeout",
        (_, Some("PROVIDER_NOT_CONFIGURED")) => {
            "the number's provider is not set up: connect it in the dashboard"
        }
        (401, _) => "check the API key or the key id (dashboard, Profile → API)",
        (402, _) => "check the subscription in the dashboard",
        (403, Some("NUMBER_SCOPE_NOT_ALLOWED")) => {
            "this key is scoped to one number: use the tenant's key (dashboard, Profile → API)"
        }
        (403, _) => {
            "check what this key may do; the list and the details of numbers need the tenant's key (dashboard, Profile → API)"
        }
        (404, _) => {
            "check the id, that the key is of the tenant that owns the number, and the path of the base URL"
        }
        (500..=599, _) if is_retryable => {
            "the server or a provider behind it failed: try again later"
        }
        (500..=599, _) => {
            "the server or a provider behind it cannot answer this call: check the base URL, and report it if it lasts"
        }
        _ if api_error.is_some_and(|e| e.message().is_some()) => {
            "the API explains it in its own message, which may name personal data"
        }
        _ => return None,
    })
}
