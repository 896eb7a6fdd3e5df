//! What became of a call, carried past the generated code, which keeps nothing of an answer but status, headers and body.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Response;
use serde::{Deserialize, Serialize};

use super::retry::GaveUp;

/// Set on answers by this crate, never sent; whatever a server put there is replaced.
const HEADER: HeaderName = HeaderName::from_static("x-pilot-status-report");

/// How a call went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) attempts: u32,
    pub(crate) gave_up: Option<GaveUp>,
    pub(crate) retry_after: Option<Duration>,
    /// Where a redirect that was not followed leads to: scheme, host and port.
    pub(crate) redirect: Option<String>,
    /// The server sent the credential back, so nothing of its answer is printed.
    pub(crate) echoes_credential: bool,
}

impl Report {
    /// A call with one attempt, which is what there was where nothing was attached.
    pub(crate) fn first_attempt() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    pub(crate) fn attach(&self, mut response: Response) -> Response {
        let json = serde_json::to_string(self).unwrap_or_default();
        if let Ok(value) = HeaderValue::try_from(json) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let json = headers.get(HEADER).map(HeaderValue::as_bytes);
        json.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_else(Self::first_attempt)
    }
}
