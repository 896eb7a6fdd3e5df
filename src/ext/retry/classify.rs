//! Decides which failures may be retried. An unsafe request is repeated only if it cannot have taken
//! effect.

use std::{error::Error, io, iter::successors};

use http::{Method, StatusCode};

use crate::ext::error::StopReason;

/// The condition under which a failed request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Any method may be sent again, because the request was not processed.
    Always,
    /// Only a safe method (RFC 9110, section 9.2.1) may be sent again, because the request may have
    /// taken effect.
    SafeMethods,
    /// No request may be sent again, because it would fail in the same way.
    Never,
}

impl Resend {
    /// Classifies an error response. This is the only table of the statuses that are temporary, and
    /// of the code that overrides them.
    pub(crate) fn after(status: StatusCode, code: Option<&str>) -> Self {
        match status.as_u16() {
            429 => Self::Always,
            _ if code == Some("PROVIDER_NOT_CONFIGURED") => Self::Never,
            // Statuses from 520 on are sent by edge servers, for faults of the origin or of the
            // connection to it.
            408 | 500 | 502..=504 | 520..=524 | 529 | 530 => Self::SafeMethods,
            _ => Self::Never,
        }
    }

    /// Returns `Ok` if a request with this method may be sent again, otherwise the reason to stop.
    pub(crate) fn check(self, method: &Method) -> Result<(), StopReason> {
        match self {
            Self::Always => Ok(()),
            Self::SafeMethods if method.is_safe() => Ok(()),
            Self::SafeMethods => Err(StopReason::NotSafe),
            Self::Never => Err(StopReason::Final),
        }
    }
}

/// Returns true if a connection failed because one side rejected the other's TLS. It would fail
/// again.
pub(crate) fn is_rejected_handshake(error: &(dyn Error + 'static)) -> bool {
    // rustls reports its errors as `InvalidData`, except those that mean a broken connection.
    // Connecting itself never fails with `InvalidData`.
    let mut is_rejected = false;
    for cause in causes(error) {
        match cause.downcast_ref::<io::Error>() {
            Some(e) if e.kind() == io::ErrorKind::InvalidData => return true,
            Some(_) => is_rejected = false,
            None => is_rejected |= is_native_rejection(cause),
        }
    }
    is_rejected
}

/// Returns true if this machine lacks a resource for the connection: a descriptor, a port or
/// memory.
pub(crate) fn is_local(error: &(dyn Error + 'static)) -> bool {
    // The codes of EMFILE, ENFILE and ENOBUFS, which have no `ErrorKind`.
    const CODES: &[i32] = if cfg!(windows) {
        &[10_024, 10_055]
    } else if cfg!(any(target_os = "linux", target_os = "android")) {
        &[24, 23, 105]
    } else {
        &[24, 23, 55]
    };
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| {
        let kinds = [io::ErrorKind::AddrNotAvailable, io::ErrorKind::OutOfMemory];
        kinds.contains(&e.kind()) || e.raw_os_error().is_some_and(|code| CODES.contains(&code))
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&cause| match cause.downcast_ref::<io::Error>() {
        // `io::Error::source` returns the source of the inner error, not the inner error itself.
        Some(e) => e.get_ref().map(|inner| inner as _),
        None => cause.source(),
    })
}

/// Returns true for an error of native-tls, unless it means that the connection ended. An
/// `io::Error` below it in the chain also means that the connection ended.
#[cfg(feature = "native-tls")]
fn is_native_rejection(error: &(dyn Error + 'static)) -> bool {
    // OpenSSL marks the end of a connection only in this text.
    let is_end = |e: &dyn Error| e.to_string().to_ascii_lowercase().contains("unexpected eof");
    error.is::<native_tls::Error>() && !is_end(error)
}

#[cfg(not(feature = "native-tls"))]
fn is_native_rejection(_: &(dyn Error + 'static)) -> bool {
    false
}

/// Returns true if the server reports that it has not processed the request. Any such request may
/// be sent again (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
pub(crate) fn is_unprocessed(error: &reqwest::Error) -> bool {
    // h2 reports a GOAWAY only to streams after the last one that the server processed.
    let unprocessed =
        |e: &h2::Error| e.is_go_away() || e.reason() == Some(h2::Reason::REFUSED_STREAM);
    // Once the head of a response has arrived, the request was processed.
    error.is_request() && by_server(error).is_some_and(unprocessed)
}

/// Returns the reason of a GOAWAY. The rest of the error is omitted: it contains debug data of the
/// server, which may be anything.
#[cfg(feature = "http2")]
pub(crate) fn go_away(error: &reqwest::Error) -> Option<String> {
    let reason = by_server(error).filter(|e| e.is_go_away())?.reason()?;
    Some(format!("{reason:?}"))
}

#[cfg(feature = "http2")]
fn by_server(error: &reqwest::Error) -> Option<&h2::Error> {
    let mut causes = successors(Error::source(error), |&cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<h2::Error>()).filter(|e| e.is_remote())
}

#[cfg(not(feature = "http2"))]
pub(crate) fn is_unprocessed(_: &reqwest::Error) -> bool {
    false
}

#[cfg(not(feature = "http2"))]
pub(crate) fn go_away(_: &reqwest::Error) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_found_in_nested_errors() {
        use io::ErrorKind;
        // The kind, and true if it is a rejected handshake or a fault of this machine.
        let cases = [
            (ErrorKind::InvalidData, true, false),
            (ErrorKind::AddrNotAvailable, false, true),
            (ErrorKind::OutOfMemory, false, true),
            (ErrorKind::UnexpectedEof, false, false),
            (ErrorKind::ConnectionRefused, false, false),
        ];
        for (kind, is_rejected, is_of_machine) in cases {
            let mut error = io::Error::from(kind);
            for depth in 0..3 {
                let found = (is_rejected_handshake(&error), is_local(&error));
                assert_eq!(found, (is_rejected, is_of_machine), "{kind:?} at depth {depth}");
                error = io::Error::other(error);
            }
        }
    }
}
