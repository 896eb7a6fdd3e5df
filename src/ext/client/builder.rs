//! The settings of a client. Those that keep the key safe are applied last, so that
//! `configure_http` cannot undo them.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use reqwest::{NoProxy, Proxy, redirect};

use super::{
    Client, base_url,
    credential::{self, Credential},
};
#[cfg(feature = "shared-pacing")]
use crate::ext::pacing::store::Store;
use crate::ext::{
    call::transport::{Limits, Transport},
    error::Error,
    pacing::{Delays, Pacing, limiter::Law, pacer::Pacer},
    retry::policy::RetryPolicy,
};

const CRATE_USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

type ConfigureHttp = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

impl Client {
    /// Starts the configuration of a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
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
    /// What an error calls it.
    base_url_name: &'static str,
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
            base_url_name: "the base URL",
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
    /// Blanks, line breaks, quotes and a byte order mark around it are dropped, since no key has them.
    /// It is copied; the copy is wiped from memory when the last clone of the client is dropped.
    /// The buffers from which hyper and the TLS library sent it are not.
    pub fn api_key(mut self, key: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key(key.as_ref()));
        self
    }

    /// The id of an API key, sent as `x-api-key-id`. Of key and key id, the last one set wins.
    pub fn api_key_id(mut self, id: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key_id(id.as_ref()));
        self
    }

    /// Scheme, host and, where the API is behind a path, that path; with or without `/v1` at its
    /// end. Blanks, line breaks, quotes and a byte order mark around it are dropped. Default:
    /// `https://pilotstatus.com.br`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self.base_url_name = "the base URL";
        self
    }

    /// Lets `http://` be used with a host that is not loopback, which shows the key to the network
    /// and its proxies. Default: `false`.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// The time that one call may take, waits and retries included. Default: 90 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// The time that one attempt may take, from connecting to the last byte of the body. Default:
    /// 30 s.
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

    /// The longest body that is read, in bytes, after decompression if there is any, and what its
    /// values may take in memory (at least 1 MiB). Default: 4 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// The product that is named before this crate's own in `User-Agent`, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Changes the `reqwest::ClientBuilder`, for instance to add a proxy or a certificate. Called
    /// once.
    ///
    /// What keeps the key safe is set after it, and cannot be undone: redirects are not followed,
    /// there is no `Referer`, an `https://` base URL stays https, and what is sent is not logged
    /// (`connection_verbose`). A header of the key's name is overwritten, longer timeouts than this
    /// builder's have no effect, and reqwest's own retries are off: [`retry`](Self::retry) says
    /// what is tried again.
    ///
    /// Proxies are those of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …) unless it
    /// says otherwise. A proxy of an `https://` request sees the host and not the key. `http://` to
    /// loopback goes through none but one that is set here, and needs no certificates.
    ///
    /// HTTP/1.1 is spoken, or with feature `http2` what the server offers; it may choose one
    /// (`http1_only`, `http2_prior_knowledge`).
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
    /// [`Error::is_invalid_input`] if the credential is missing or cannot be a header, the base URL
    /// is not one that a key may be sent to, a limit is zero, or reqwest refuses what
    /// [`configure_http`](Self::configure_http) made.
    pub fn build(self) -> Result<Client, Error> {
        self.retry.validate()?;
        self.refuse_zeros()?;
        let credential = self.credential.unwrap_or_else(|| Err(credential::missing()))?;
        let base_url =
            base_url::parse(self.base_url_name, &self.base_url, self.allow_insecure_http)?;

        let user_agent = self.user_agent.map_or_else(
            || CRATE_USER_AGENT.to_owned(),
            |product| format!("{product} {CRATE_USER_AGENT}"),
        );
        let user_agent = HeaderValue::try_from(user_agent).map_err(|_| bad_user_agent())?;
        let mut http = tls(version(reqwest::Client::builder(), self.limits.attempt_timeout))
            .connect_timeout(self.connect_timeout)
            .user_agent(user_agent);
        // A proxy of the environment would be shown a key that is meant to stay on this machine.
        let stays_here = base_url.scheme() == "http" && base_url::is_loopback(&base_url);
        if stays_here {
            http = http.no_proxy();
        }
        if let Some(configure) = self.configure_http {
            http = configure(http);
            if stays_here {
                http = without_environment(http)?;
            }
        }
        if stays_here {
            http = without_trust_store(http);
        }
        let http = http
            // An attempt is one request; and with room for none, reqwest makes no copy of each.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connection_verbose(false)
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(base_url.scheme() == "https")
            .build()
            .map_err(http_client_error)?;

        let pacer = pacer(self.pacing, &self.retry, &credential);
        let transport = Transport::new(http.clone(), self.retry, pacer, self.limits);
        Ok(Client::assemble(&base_url, http, credential, transport))
    }

    /// The environment's base URL, of which an error names the variable.
    pub(super) fn base_url_of(mut self, variable: &'static str, url: String) -> Self {
        self.base_url = url;
        self.base_url_name = variable;
        self
    }

    /// The environment's credential goes on as it is, so that an error names its variable.
    pub(super) fn credential(mut self, credential: Result<Credential, Error>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Under a limit of zero every call would fail.
    fn refuse_zeros(&self) -> Result<(), Error> {
        let limits = [
            ("timeout", self.limits.timeout.is_zero()),
            ("attempt_timeout", self.limits.attempt_timeout.is_zero()),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("max_response_bytes", self.limits.max_response_bytes == 0),
        ];
        match limits.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(Error::invalid_input(format!(
                "{name} is 0, so every call would fail: leave it out for the default"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg_attr(
    not(feature = "shared-pacing"),
    expect(unused_variables, reason = "the credential names what is shared")
)]
fn pacer(pacing: Pacing, retry: &RetryPolicy, credential: &Credential) -> Option<Arc<Pacer>> {
    let (base, max) = retry.delays();
    let store = match pacing {
        Pacing::Adaptive => None,
        Pacing::Off => return None,
        #[cfg(feature = "shared-pacing")]
        Pacing::Shared(limit) => Some(Store { limit, name: credential.fingerprint() }),
    };
    Some(Pacer::new(Law::DEFAULT, Delays { base, max }, store))
}

/// HTTP/1.1, also where another crate switches HTTP/2 on in reqwest: there, a connection that has
/// gone silent fails every call, and one of HTTP/1.1 an attempt.
#[cfg(not(feature = "http2"))]
fn version(http: reqwest::ClientBuilder, _: Duration) -> reqwest::ClientBuilder {
    http.http1_only()
}

/// HTTP/2 as well, with pings, so that a connection that has gone silent is given up within half
/// an attempt, and with room for as long a head as hyper has in HTTP/1.1.
#[cfg(feature = "http2")]
fn version(http: reqwest::ClientBuilder, attempt_timeout: Duration) -> reqwest::ClientBuilder {
    const MAX_HEAD_BYTES: u32 = 400 * 1024;
    let patience = (attempt_timeout / 4).min(Duration::from_secs(10));
    http.http2_keep_alive_interval(patience)
        .http2_keep_alive_timeout(patience)
        .http2_max_header_list_size(MAX_HEAD_BYTES)
}

/// The TLS library of this crate's feature, whatever others switch on in reqwest, and no TLS before
/// 1.2.
fn tls(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
    let http = http.tls_backend_rustls();
    #[cfg(all(
        feature = "native-tls",
        not(any(feature = "rustls", feature = "rustls-no-provider"))
    ))]
    let http = http.tls_backend_native();
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
    let http = http.tls_version_min(reqwest::tls::Version::TLS_1_2);
    http
}

/// Makes a client that trusts only the certificates that are given to it, so that it needs none of
/// the system.
fn without_trust_store(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
    let http = http.tls_certs_only([]);
    http
}

/// Finds by trial whether certificates of the system are missing, since reqwest's error does not
/// tell it.
fn http_client_error(error: reqwest::Error) -> Error {
    let plain = || tls(reqwest::Client::builder());
    if plain().build().is_err() && without_trust_store(plain()).build().is_ok() {
        return Error::no_trust_store(error);
    }
    Error::http_client(error)
}

/// Switches off the proxies of the environment, and no others, in a builder that may be a new one:
/// any proxy does, and this one takes no request.
fn without_environment(http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
    let proxy = Proxy::all("http://127.0.0.1").map_err(Error::http_client)?;
    Ok(http.proxy(proxy.no_proxy(NoProxy::from_string("*, 0.0.0.0/0, ::/0"))))
}

fn bad_user_agent() -> Error {
    Error::invalid_input(
        "user_agent has a line break or another character that no header can have: give a product such as my-app/1.0",
    )
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
