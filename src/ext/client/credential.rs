//! The key, as the header that carries it. It is marked sensitive, so that it is never printed, and
//! is wiped from memory with the last client that holds it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
#[cfg(feature = "shared-pacing")]
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::ext::error::Error;

pub(super) const API_KEY: &str = "PILOT_STATUS_API_KEY";
/// The environment variable that holds the API key id, used when there is no key.
pub(super) const API_KEY_ID: &str = "PILOT_STATUS_API_KEY_ID";

/// Name and value of the key's header. The value is marked sensitive, so it is never printed.
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

    /// Returns true if one of these texts of a response contains the secret, ignoring case. The body
    /// may contain it escaped, so the API's code and other decoded texts are given separately.
    pub(super) fn is_echoed(&self, texts: &[&[u8]]) -> bool {
        let secret = self.value.as_bytes();
        let is_secret = |window: &[u8]| window.eq_ignore_ascii_case(secret);
        texts.iter().any(|text| text.windows(secret.len()).any(is_secret))
    }

    /// Returns a name that does not reveal the secret: half of a SHA-256 hash.
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
            let text = format!("the {what} is empty: copy it from the dashboard (Profile → API)");
            return Err(Error::invalid_input(text));
        }
        let invalid = |fault: &str| {
            let text =
                format!("the {what} contains {fault}: copy it again (dashboard, Profile → API)");
            Error::invalid_input(text)
        };
        if let Some(fault) = secret.chars().find_map(invalid_character) {
            return Err(invalid(fault));
        }
        // A header wipes nothing itself. These bytes are wiped when the last header that shares
        // them is dropped.
        let secret = Bytes::from_owner(Zeroizing::new(secret.as_bytes().to_vec()));
        let mut value = HeaderValue::from_maybe_shared(secret)
            .map_err(|_| invalid("a character that no header can contain"))?;
        value.set_sensitive(true);
        Ok(Self { name: HeaderName::from_static(name), value })
    }
}

/// Describes a character that is invalid in a key; `None` for valid ones.
fn invalid_character(character: char) -> Option<&'static str> {
    match character {
        '\n' | '\r' => Some("a line break"),
        '"' | '\'' => Some("a quote"),
        c if c.is_whitespace() => Some("white space"),
        c if c.is_control() => Some("a control character"),
        c if !c.is_ascii() => Some("a character that is not ASCII"),
        _ => None,
    }
}

/// Removes blanks, line breaks, quotes and byte order marks at both ends, which env files, editors and
/// web pages leave around a copied value. No key, id or URL has them there.
pub(super) fn trim(value: &str) -> &str {
    const MARKS: &str = "\"'“”‘’\u{feff}\u{200b}";
    value.trim_matches(|c: char| c.is_whitespace() || MARKS.contains(c))
}

pub(super) fn missing() -> Error {
    Error::invalid_input(format!(
        "there is no credential: set {API_KEY} or {API_KEY_ID}, or call api_key or api_key_id on the builder (dashboard, Profile → API); an empty variable counts as not set"
    ))
}
