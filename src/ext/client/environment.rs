//! Makes a client from environment variables, so that a program needs no configuration code.

use std::{env, ffi::OsString};

use super::{
    Client,
    builder::ClientBuilder,
    credential::{API_KEY, API_KEY_ID, Credential, trim},
};
use crate::ext::error::{Error, Target};

const BASE_URL: &str = "PILOT_STATUS_BASE_URL";

impl Client {
    /// Makes a client with default settings from the environment. The credential is
    /// `PILOT_STATUS_API_KEY`, or `PILOT_STATUS_API_KEY_ID` if there is no key.
    /// `PILOT_STATUS_BASE_URL` is optional. An empty variable counts as not set. Blanks, line
    /// breaks, quotes and a byte order mark around a value are removed.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if neither credential is set, or a value cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// Starts a builder with the variables of [`Client::from_env`], to set more before it is built.
    ///
    /// ```no_run
    /// use pilot_status::ClientBuilder;
    /// use std::time::Duration;
    ///
    /// let client = ClientBuilder::from_env()?.timeout(Duration::from_secs(20)).build()?;
    /// # Ok::<(), pilot_status::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if a variable is not UTF-8. A missing credential is an error of
    /// [`build`](Self::build), since it may still be set.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_vars(|name| env::var_os(name))
    }

    fn from_vars(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let read = |name: &str| match get(name).map(OsString::into_string) {
            Some(Ok(value)) => Ok(Some(trim(&value).to_owned()).filter(|value| !value.is_empty())),
            Some(Err(_)) => {
                Err(Error::invalid_input(format!("{name} is not valid UTF-8: set it again")))
            }
            None => Ok(None),
        };
        let mut builder = Self::default();
        let about = |variable| move |error: Error| error.about(Target::Other(variable));
        if let Some(key) = read(API_KEY)? {
            builder.credential = Some(Credential::api_key(&key).map_err(about(API_KEY)));
        } else if let Some(id) = read(API_KEY_ID)? {
            builder.credential = Some(Credential::api_key_id(&id).map_err(about(API_KEY_ID)));
        }
        if let Some(url) = read(BASE_URL)? {
            builder.base_url = Some((url, BASE_URL));
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use progenitor_client::ClientInfo;

    use super::*;
    use crate::ext::client::base_url;

    #[test]
    fn environment_sets_credential_and_base_url() {
        type Expected = Result<(&'static str, &'static str), &'static str>;
        let cases: [(&[(&str, &str)], Expected); 9] = [
            (&[(API_KEY, "ps_1")], Ok(("x-api-key", base_url::DEFAULT))),
            (&[(API_KEY_ID, "id_1")], Ok(("x-api-key-id", base_url::DEFAULT))),
            (&[(API_KEY, "ps_1"), (API_KEY_ID, "id_1")], Ok(("x-api-key", base_url::DEFAULT))),
            (
                &[(API_KEY, "ps_1"), (BASE_URL, "http://[::1]:9/")],
                Ok(("x-api-key", "http://[::1]:9")),
            ),
            (&[(API_KEY, ""), (BASE_URL, "")], Err("PILOT_STATUS_API_KEY")),
            (&[(API_KEY, "\"\""), (API_KEY_ID, "'id_1'")], Ok(("x-api-key-id", base_url::DEFAULT))),
            (
                &[(API_KEY, "ps_\n1")],
                Err("PILOT_STATUS_API_KEY: the API key contains a line break"),
            ),
            (&[(API_KEY_ID, "id 1")], Err("PILOT_STATUS_API_KEY_ID: the API key id contains")),
            (
                &[(API_KEY, "ps_1"), (BASE_URL, "localhost")],
                Err("PILOT_STATUS_BASE_URL has no scheme"),
            ),
        ];
        for (vars, expected) in cases {
            let get = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
            let client = ClientBuilder::from_vars(get).and_then(ClientBuilder::build);
            match (client, expected) {
                (Ok(client), Ok((header, base_url))) => {
                    assert_eq!(client.state().credential.name.as_str(), header);
                    assert_eq!(client.raw().baseurl(), base_url);
                }
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (client, expected) => panic!("{vars:?}: {client:?}, expected {expected:?}"),
            }
        }
    }
}
