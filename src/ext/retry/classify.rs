//! Which failures may be retried. A request that is not safe is repeated only where it cannot have
//! been carried out.

use std::{error::Error, io};

use http::{Method, StatusCode};

/// What came of one attempt, as far as retrying is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// An answer with this status.
    Answered(StatusCode),
    /// The request was not processed: there was no connection, or the server says so.
    NotSent,
    /// The request may have been sent, and no whole answer came back: reset, time-out, body cut
    /// short.
    Broken,
    /// A failure that would only repeat itself, such as an answer over the size limit.
    Final,
}

/// Whether another attempt may follow.
///
/// A method that is not safe (RFC 9110, section 9.2.1) is repeated only where the request cannot
/// have been carried out.
pub(crate) fn may_retry(method: &Method, outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Answered(StatusCode::TOO_MANY_REQUESTS) | AttemptOutcome::NotSent => true,
        AttemptOutcome::Answered(status) => method.is_safe() && is_transient(status),
        AttemptOutcome::Broken => method.is_safe(),
        AttemptOutcome::Final => false,
    }
}

/// Whether a connection failed since one side refused the other's TLS, which it would do again.
pub(crate) fn is_refused_handshake(error: &(dyn Error + 'static)) -> bool {
    // So rustls's errors reach us, but for those that only mean a connection cut short. Connecting
    // itself has no such kind.
    let mut cause = Some(error);
    let mut is_refused = false;
    while let Some(e) = cause {
        is_refused |= is_native_refusal(e);
        cause = match e.downcast_ref::<io::Error>() {
            Some(e) if e.kind() == io::ErrorKind::InvalidData => return true,
            // Its source would be that of the error inside.
            Some(e) => {
                is_refused = false;
                e.get_ref().map(|inner| inner as _)
            }
            None => e.source(),
        };
    }
    is_refused
}

/// An error of native-tls; with an `io::Error` below it, the connection was cut short.
#[cfg(feature = "native-tls")]
fn is_native_refusal(error: &(dyn Error + 'static)) -> bool {
    // OpenSSL has no other mark of an end of the connection.
    let is_end = |e: &dyn Error| e.to_string().to_ascii_lowercase().contains("unexpected eof");
    error.is::<native_tls::Error>() && !is_end(error)
}

#[cfg(not(feature = "native-tls"))]
fn is_native_refusal(_: &(dyn Error + 'static)) -> bool {
    false
}

/// Whether a code says that the same call will fail again, whatever its status says.
pub(crate) fn is_permanent(code: Option<&str>) -> bool {
    code == Some("PROVIDER_NOT_CONFIGURED")
}

/// The statuses that say "not now" rather than "no".
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_handshake_is_found_within_other_errors() {
        let refused = || io::Error::new(io::ErrorKind::InvalidData, "certificate");
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        assert!(is_refused_handshake(&refused()));
        assert!(is_refused_handshake(&io::Error::other(refused())));
        assert!(is_refused_handshake(&io::Error::other(io::Error::other(refused()))));
        assert!(!is_refused_handshake(&io::Error::other(cut())));
        assert!(!is_refused_handshake(&io::Error::from(io::ErrorKind::ConnectionRefused)));
    }

    #[test]
    fn what_is_retried_by_method() {
        let answered = |status| AttemptOutcome::Answered(StatusCode::from_u16(status).unwrap());
        let cases = [
            // outcome, GET, DELETE
            (answered(429), true, true),
            (AttemptOutcome::NotSent, true, true),
            (AttemptOutcome::Broken, true, false),
            (AttemptOutcome::Final, false, false),
            (answered(408), true, false),
            (answered(500), true, false),
            (answered(502), true, false),
            (answered(503), true, false),
            (answered(504), true, false),
            (answered(200), false, false),
            (answered(302), false, false),
            (answered(401), false, false),
            (answered(501), false, false),
        ];
        for (outcome, get, delete) in cases {
            assert_eq!(may_retry(&Method::GET, outcome), get, "GET {outcome:?}");
            assert_eq!(may_retry(&Method::DELETE, outcome), delete, "DELETE {outcome:?}");
        }
    }
}
