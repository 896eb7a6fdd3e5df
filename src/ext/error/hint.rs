//! Hints: the next step after an error, as a sentence for people.

use super::{ConnectFault, DecodeError, Error, Kind, StopReason, Target};
use crate::types::ApiError;

impl Error {
    /// Returns a suggestion for the next step, if one is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        if self.0.outcome.stop_reason == Some(StopReason::NotSafe) {
            return Some("check in the dashboard whether it took effect before you repeat it");
        }
        Some(match &self.0.kind {
            Kind::InvalidInput(_) => return None,
            Kind::Status(status, api_error) => {
                return self.hint_for_status(status.as_u16(), api_error.as_ref());
            }
            Kind::NotAdmitted => "retry later, raise timeout, or send fewer requests at a time",
            Kind::Connect(_) if !HAS_TLS => {
                "check the base URL, the network and the proxy settings; https needs feature rustls, native-tls or rustls-no-provider"
            }
            Kind::Connect(ConnectFault::Handshake) => {
                "check the base URL's host, its certificate and this machine's clock; a private certificate authority has to be added to the HTTP client"
            }
            Kind::Connect(ConnectFault::Machine) => {
                "this machine is out of file descriptors, ports or memory: send fewer requests at a time, or raise its limits (ulimit -n)"
            }
            Kind::Connect(ConnectFault::Network) => {
                "check the base URL, the network and the proxy settings"
            }
            Kind::Network => {
                "this is usually temporary: retry; if it persists, check the base URL, the network and the proxy settings"
            }
            Kind::Decode(Some(DecodeError::NotJson), _) => {
                "something other than the API answered: check the base URL, and whether a proxy or a login page is in front of the API"
            }
            Kind::Decode(Some(DecodeError::Truncated(_)), _) => {
                "check the base URL, and whether a proxy truncates responses"
            }
            Kind::Decode(..) => "the API may have changed: check for a newer version of this crate",
            Kind::TimedOut(..) => "if the network is fine, raise timeout or attempt_timeout",
            Kind::TooLarge { .. } => {
                "raise max_response_bytes if the response is expected to be that large"
            }
            Kind::Ambiguous(_) => "use the id of the intended number",
            Kind::NotOpen(wait) => match &wait.failure {
                Some(failure) if failure.is_rate_limited() => {
                    "call again later, or with a longer limit"
                }
                Some(failure) => return failure.hint(),
                None => {
                    "check in the dashboard whether the QR code was scanned; an expired code has to be replaced by a new one"
                }
            },
            Kind::NoTrustStore => {
                "install the ca-certificates package, or set SSL_CERT_FILE to a PEM file of CA certificates"
            }
        })
    }

    fn hint_for_status(&self, status: u16, api_error: Option<&ApiError>) -> Option<&'static str> {
        let stop_reason = self.0.outcome.stop_reason;
        if self.retry_after().is_some() && stop_reason != Some(StopReason::Attempts) {
            return Some(match stop_reason {
                Some(StopReason::Timeout) => "retry after the requested wait, or raise timeout",
                Some(StopReason::Budget) => "retry after the requested wait",
                _ => "retry after the requested wait, or raise max_delay and timeout above it",
            });
        }
        Some(match (status, api_error.and_then(ApiError::code)) {
            (404, _) if self.is_about_phone_number() => {
                "this id looks like a phone number: look up the number's id first"
            }
            (300..=399, _) => {
                "redirects are not followed, to keep the key on the configured host: set the base URL to the final address"
            }
            (429, _) => {
                "send fewer requests at a time, or raise max_attempts, max_delay and timeout"
            }
            (_, Some("PROVIDER_NOT_CONFIGURED")) => {
                "the number's provider is not set up: connect it in the dashboard"
            }
            (401, _) => "check the API key or the key id (dashboard, Profile → API)",
            (402, _) => "check the subscription in the dashboard",
            (403, Some("NUMBER_SCOPE_NOT_ALLOWED")) => {
                "this key is scoped to one number: use the tenant's key (dashboard, Profile → API)"
            }
            (403, _) => {
                "check the key's permissions; listing and reading numbers needs the tenant's key (dashboard, Profile → API)"
            }
            (404, _) => {
                "check the id and the path of the base URL, and that the key belongs to the number's tenant"
            }
            (500..=599, _) if self.is_retryable() => {
                "the server or a provider behind it failed: retry later"
            }
            (500..=599, _) => {
                "the server or a provider behind it cannot handle this call: check the base URL, and contact Pilot Status if it persists"
            }
            _ if api_error.is_some_and(|e| e.message().is_some()) => {
                "the API sent an explanation, which is not printed because it may contain personal data: see Error::message"
            }
            _ => return None,
        })
    }

    /// Returns true for a call on an id that looks like a phone number, which people often pass
    /// instead of an id.
    fn is_about_phone_number(&self) -> bool {
        let Some(Target::Number(id)) = &self.0.target else { return false };
        // Web pages and spreadsheets write phone numbers with dashes and blanks beyond ASCII.
        let is_separator = |c: char| c.is_whitespace() || "+\u{ff0b}-‐‑–().".contains(c);
        let digits = id.as_str().chars().filter(|c| c.is_numeric()).count();
        (8..=15).contains(&digits) && id.as_str().chars().all(|c| c.is_numeric() || is_separator(c))
    }
}

/// True if a feature of this crate enables TLS. Another crate may enable it even so.
const HAS_TLS: bool =
    cfg!(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"));
