//! How a client is made: the builder and the environment.

use std::{env, fmt, time::Duration};

use http::HeaderValue;
use reqwest::redirect;

use super::{
    base_url,
    credential::Credential,
    pacing::Pacing,
    retry::RetryPolicy,
    transport::{Limits, Transport},
};
use crate::{Client, Error};

/// The environment variable that holds the API key (`ps_…`).
const API_KEY: &str = "PILOT_STATUS_API_KEY";
/// The environment variable that holds the API key id, used when there is no key.
const API_KEY_ID: &str = "PILOT_STATUS_API_KEY_ID";
/// The environment variable that holds the base URL, if it is not the default.
const BASE_URL: &str = "PILOT_STATUS_BASE_URL";

const CRATE_USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

type ConfigureHttp = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

impl Client {
    /// Starts the configuration of a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with the defaults and the credential of the environment: `PILOT_STATUS_API_KEY`, or without it
    /// `PILOT_STATUS_API_KEY_ID`; and `PILOT_STATUS_BASE_URL`, where that is set. An empty variable counts as not set.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if neither credential is set, or a value cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_vars(|name| env::var_os(name))?.build()
    }
}

/// Configures a [`Client`]; made by [`Client::builder`].
///
/// ```
/// use pilot_status::{Client, RetryPolicy};
/// use std::time::Duration;
///
/// let client = Client::builder()
///     .api_key("ps_example")
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().max_attempts(3))
///     .build()?;
/// # Ok::<(), pilot_status::Error>(())
/// ```
#[must_use = "a builder does nothing until build() is called"]
pub struct ClientBuilder {
    credential: Option<Result<Credential, Error>>,
    base_url: String,
    limits: Limits,
    connect_timeout: Duration,
    retry: RetryPolicy,
    pacing: Pacing,
    user_agent: Option<String>,
    allow_insecure_http: bool,
    configure_http: Option<ConfigureHttp>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            credential: None,
            base_url: base_url::DEFAULT.to_owned(),
            limits: Limits {
                timeout: Duration::from_secs(90),
                attempt_timeout: Duration::from_secs(30),
                max_response_bytes: 4 * 1024 * 1024,
            },
            connect_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            pacing: Pacing::default(),
            user_agent: None,
            allow_insecure_http: false,
            configure_http: None,
        }
    }
}

impl ClientBuilder {
    /// The API key (`ps_…`), sent as `x-api-key`. Of key and key id, the last one set wins.
    ///
    /// It is copied; the copy is wiped from memory when the last clone of the client is dropped. The buffers from which hyper and
    /// the TLS library sent it are not.
    pub fn api_key(mut self, key: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key(key.as_ref()));
        self
    }

    /// The id of an API key, sent as `x-api-key-id`. Of key and key id, the last one set wins.
    pub fn api_key_id(mut self, id: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key_id(id.as_ref()));
        self
    }

    /// Scheme, host and, where the API is behind a path, that path. Default: `https://pilotstatus.com.br`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Lets `http://` be used with a host that is not loopback, which shows the key to the network and its proxies. Default: `false`.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// The time that one call may take, waits and retries included. Default: 90 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// The time that one attempt may take, from connecting to the last byte of the body. Default: 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = timeout;
        self
    }

    /// The time that connecting may take, TLS included. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// When to try again. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Whether calls wait for each other after a 429. Default: [`Pacing::Adaptive`].
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// The longest body that is read, in bytes, after decompression if there is any, and what its values may take in memory (at
    /// least 1 MiB). Default: 4 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// The product that is named before this crate's own in `User-Agent`, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Changes the `reqwest::ClientBuilder`, for instance to add a proxy or a certificate. Called once.
    ///
    /// What keeps the key safe is set after it, and cannot be undone: redirects are not followed, there is no `Referer`, an `https://`
    /// base URL stays https, and what is sent is not logged (`connection_verbose`). A header of the key's name is overwritten, longer
    /// timeouts than this builder's have no effect, and reqwest's own retries are off: [`retry`](Self::retry) says what is tried again.
    ///
    /// Proxies are those of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …) unless it says otherwise. A proxy of an
    /// `https://` request sees the host and not the key. `http://` to loopback goes through none but one that is set here.
    ///
    /// An authority of your own, beside those of the platform:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pem = b"";
    /// let authority = reqwest::Certificate::from_pem_bundle(pem)?;
    /// let client = pilot_status::Client::builder()
    ///     .api_key("ps_example")
    ///     .configure_http(|http| http.tls_certs_merge(authority))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.configure_http = Some(Box::new(configure));
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if the credential is missing or cannot be a header, the base URL is not one that a key may
    /// be sent to, a limit is zero, or reqwest refuses what [`configure_http`](Self::configure_http) made.
    pub fn build(self) -> Result<Client, Error> {
        let credential = self.credential.unwrap_or_else(|| Err(no_credential()))?;
        let base_url = base_url::parse(&self.base_url, self.allow_insecure_http)?;
        self.retry.validate()?;
        self.limits.validate()?;
        refuse_zero("connect_timeout", self.connect_timeout.is_zero())?;

        let user_agent = self.user_agent.map_or_else(
            || CRATE_USER_AGENT.to_owned(),
            |product| format!("{product} {CRATE_USER_AGENT}"),
        );
        let user_agent = HeaderValue::try_from(user_agent).map_err(|_| bad_user_agent())?;
        let mut http =
            reqwest::Client::builder().connect_timeout(self.connect_timeout).user_agent(user_agent);
        if base_url.scheme() == "http" && base_url::is_loopback(&base_url) {
            // A proxy of the environment would be shown the key, which is meant to stay on this machine.
            http = http.no_proxy();
        }
        if let Some(configure) = self.configure_http {
            http = configure(http);
        }
        let http = http
            // An attempt is one request; and with room for none, reqwest makes no copy of each.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connection_verbose(false)
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(base_url.scheme() == "https")
            .build()
            .map_err(Error::http_client)?;

        let transport = Transport::new(
            http.clone(),
            &base_url,
            credential,
            self.retry,
            self.pacing,
            self.limits,
        );
        Ok(Client {
            // Every operation's path begins with the slash.
            baseurl: base_url.as_str().trim_end_matches('/').to_owned(),
            client: http,
            inner: transport,
        })
    }

    fn from_vars(get: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Self, Error> {
        let read = |name: &str| {
            let value = get(name).filter(|v| !v.is_empty());
            value
                .map(std::ffi::OsString::into_string)
                .transpose()
                .map_err(|_| Error::invalid_input(format!("{name} is not UTF-8: set it again")))
        };
        let mut builder = Self::default();
        if let Some(key) = read(API_KEY)? {
            builder.credential = Some(Credential::api_key(&key).map_err(|e| e.about(API_KEY)));
        } else if let Some(id) = read(API_KEY_ID)? {
            builder.credential = Some(Credential::api_key_id(&id).map_err(|e| e.about(API_KEY_ID)));
        }
        if let Some(url) = read(BASE_URL)? {
            builder = builder.base_url(url);
        }
        Ok(builder)
    }
}

fn bad_user_agent() -> Error {
    Error::invalid_input(
        "user_agent has a line break or another character that no header can have: give a product such as my-app/1.0",
    )
}

fn no_credential() -> Error {
    Error::invalid_input(format!(
        "there is no credential: set {API_KEY} or {API_KEY_ID}, or call api_key or api_key_id on the builder (dashboard, Profile → API); an empty variable counts as not set"
    ))
}

/// Refuses a setting of zero, under which every call would fail.
pub(super) fn refuse_zero(name: &str, is_zero: bool) -> Result<(), Error> {
    if is_zero {
        let text = format!("{name} is 0, so every call would fail: leave it out for the default");
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the credential nor the base URL, which is not yet checked for a password.
        f.debug_struct("ClientBuilder")
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .field("retry", &self.retry)
            .field("pacing", &self.pacing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_gives_credential_and_base_url() {
        type Expected = Result<(&'static str, &'static str), &'static str>;
        let cases: [(&[(&str, &str)], Expected); 8] = [
            (&[(API_KEY, "ps_1")], Ok(("x-api-key", base_url::DEFAULT))),
            (&[(API_KEY_ID, "id_1")], Ok(("x-api-key-id", base_url::DEFAULT))),
            (&[(API_KEY, "ps_1"), (API_KEY_ID, "id_1")], Ok(("x-api-key", base_url::DEFAULT))),
            (
                &[(API_KEY, "ps_1"), (BASE_URL, "http://[::1]:9/")],
                Ok(("x-api-key", "http://[::1]:9")),
            ),
            (&[(API_KEY, ""), (BASE_URL, "")], Err("PILOT_STATUS_API_KEY")),
            (&[(API_KEY, "ps_1\n")], Err("PILOT_STATUS_API_KEY: the API key has")),
            (&[(API_KEY_ID, "id 1")], Err("PILOT_STATUS_API_KEY_ID: the API key id has")),
            (&[(API_KEY, "ps_1"), (BASE_URL, "localhost")], Err("base URL")),
        ];
        for (vars, expected) in cases {
            let get = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
            let client = ClientBuilder::from_vars(get).and_then(ClientBuilder::build);
            match (client, expected) {
                (Ok(client), Ok((header, base_url))) => {
                    assert_eq!(client.inner.credential_name(), header);
                    assert_eq!(client.baseurl, base_url);
                }
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (client, expected) => panic!("{vars:?}: {client:?}, expected {expected:?}"),
            }
        }
    }
}
