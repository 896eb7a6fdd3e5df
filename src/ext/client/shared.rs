//! What all clones of a client share. The key is added to requests here, where it is known where
//! the key may go.

use std::{fmt, time::SystemTime};

use http::HeaderName;
use reqwest::{Request, Url};

use super::credential::Credential;
use crate::{
    ext::call::{single_flight::SingleFlight, transport::Transport},
    types::Number,
};

const API_VERSION: HeaderName = HeaderName::from_static("api-version");

pub(crate) struct Shared {
    /// Where the key may go: what the URL of a request begins with, up to its path and with the
    /// slash.
    origin: String,
    pub(crate) credential: Credential,
    pub(crate) transport: Transport,
    /// Each with the server's wall clock at its answer.
    pub(crate) refreshes: SingleFlight<(Number, SystemTime)>,
}

impl Shared {
    pub(super) fn new(base_url: &Url, credential: Credential, transport: Transport) -> Self {
        let origin = format!("{}/", base_url.origin().ascii_serialization());
        Self { origin, credential, transport, refreshes: SingleFlight::default() }
    }

    /// Adds the credential, if the request goes where the key may go.
    pub(super) fn authorize(&self, request: &mut Request) -> Result<(), String> {
        if !request.url().as_str().starts_with(&self.origin) {
            return Err(
                "the request does not go to the client's base URL, so it gets no key".to_owned()
            );
        }
        let Credential { name, value } = &self.credential;
        let headers = request.headers_mut();
        // Generated code sends it on every request; this API has no such header.
        headers.remove(&API_VERSION);
        headers.insert(name, value.clone());
        Ok(())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("credential", &self.credential)
            .field("retry", &self.transport.retry)
            .field("limits", &self.transport.limits)
            .finish_non_exhaustive()
    }
}
