//! The key, as the header that carries it: marked sensitive, so that nothing prints it, and wiped
//! from memory with the last client that has it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
#[cfg(feature = "shared-pacing")]
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::trim::trim;
use crate::ext::error::Error;

/// The environment variable that holds the API key (`ps_…`).
pub(super) const API_KEY: &str = "PILOT_STATUS_API_KEY";
/// The environment variable that holds the API key id, used when there is no key.
pub(super) const API_KEY_ID: &str = "PILOT_STATUS_API_KEY_ID";

/// `x-api-key` or `x-api-key-id` with its value, which is marked sensitive and so never printed.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

impl Credential {
    pub(crate) fn api_key(key: &str) -> Result<Self, Error> {
        Self::new("x-api-key", key, "API key")
    }

    pub(crate) fn api_key_id(id: &str) -> Result<Self, Error> {
        Self::new("x-api-key-id", id, "API key id")
    }

    /// Whether a text holds the secret, in whatever case.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let secret = self.value.as_bytes();
        text.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret))
    }

    /// Whether the server sent the secret back: as the API's code, or anywhere in its answer. In
    /// the answer it may be escaped, and so stand only in the code.
    pub(super) fn is_echoed(&self, body: &[u8], code: Option<&str>) -> bool {
        self.is_in(body) || code.is_some_and(|code| self.is_in(code.as_bytes()))
    }

    /// A name for it that does not tell it: half of a SHA-256.
    #[cfg(feature = "shared-pacing")]
    pub(super) fn fingerprint(&self) -> String {
        let hash = Sha256::new()
            .chain_update("pilot-status pacing ")
            .chain_update(self.name.as_str())
            .chain_update([0])
            .chain_update(self.value.as_bytes())
            .finalize();
        hash.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn new(name: &'static str, secret: &str, what: &str) -> Result<Self, Error> {
        let secret = trim(secret);
        if secret.is_empty() {
            let text = format!("the {what} is empty: take one from the dashboard, Profile → API");
            return Err(Error::invalid_input(text));
        }
        let refused = |character: &str| {
            let text = format!(
                "the {what} has {character}, which no key has: copy it again (dashboard, Profile → API)"
            );
            Error::invalid_input(text)
        };
        if let Some(character) = secret.chars().find_map(misfit) {
            return Err(refused(character));
        }
        // Wiped when the last header that shares it is dropped, which a header's own copy is not.
        let secret = Bytes::from_owner(Zeroizing::new(secret.as_bytes().to_vec()));
        let mut value = HeaderValue::from_maybe_shared(secret)
            .map_err(|_| refused("a character that no header has"))?;
        value.set_sensitive(true);
        Ok(Self { name: HeaderName::from_static(name), value })
    }
}

/// What a character is that no key has.
fn misfit(character: char) -> Option<&'static str> {
    match character {
        '\n' | '\r' => Some("a line break inside"),
        '"' | '\'' => Some("a quote inside"),
        c if c.is_whitespace() => Some("a blank inside"),
        c if c.is_control() => Some("a control character inside"),
        c if !c.is_ascii() => Some("a character inside that is not ASCII"),
        _ => None,
    }
}

/// There is no credential.
pub(super) fn missing() -> Error {
    Error::invalid_input(format!(
        "there is no credential: set {API_KEY} or {API_KEY_ID}, or call api_key or api_key_id on the builder (dashboard, Profile → API); an empty variable counts as not set"
    ))
}
