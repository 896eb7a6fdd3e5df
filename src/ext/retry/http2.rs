//! What a server of HTTP/2 says by ending a stream. Only the errors of h2 know it, so all of it
//! needs feature `http2`.

#[cfg(feature = "http2")]
use h2::{Error, Reason};

/// Whether the server says that it has not processed the request, so that any may be sent again
/// (RFC 9113, section 8.7).
#[cfg(feature = "http2")]
pub(crate) fn is_unprocessed(error: &reqwest::Error) -> bool {
    // h2 gives a GOAWAY to the streams that are after the last one it names.
    let refused = |e: &Error| e.is_go_away() || e.reason() == Some(Reason::REFUSED_STREAM);
    // After the head of an answer it would not be true.
    error.is_request() && by_server(error).is_some_and(refused)
}

/// The reason of a GOAWAY. The error itself has the server's words, too, which may be anything.
#[cfg(feature = "http2")]
pub(crate) fn go_away(error: &reqwest::Error) -> Option<String> {
    let reason = by_server(error).filter(|e| e.is_go_away())?.reason()?;
    Some(format!("{reason:?}"))
}

#[cfg(feature = "http2")]
fn by_server(error: &reqwest::Error) -> Option<&Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(e) = cause {
        if let Some(e) = e.downcast_ref::<Error>() {
            return Some(e).filter(|e| e.is_remote());
        }
        cause = e.source();
    }
    None
}

#[cfg(not(feature = "http2"))]
pub(crate) fn is_unprocessed(_: &reqwest::Error) -> bool {
    false
}

#[cfg(not(feature = "http2"))]
pub(crate) fn go_away(_: &reqwest::Error) -> Option<String> {
    None
}
