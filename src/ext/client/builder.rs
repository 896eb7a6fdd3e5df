//! The settings of a client. Settings that protect the key are applied last, so that
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
    call::{
        figures::Figures,
        transport::{Limits, Transport},
    },
    error::{Error, Kind, root_cause},
    pacing::{Delays, Pacing, pacer::Pacer},
    retry::{budget::Budget, policy::RetryPolicy},
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
#[derive(Default)]
#[must_use = "a builder does nothing until build() is called"]
pub struct ClientBuilder {
    /// An error is kept until `build`.
    pub(super) credential: Option<Result<Credential, Error>>,
    /// The base URL, and the name of its setting in errors.
    pub(super) base_url: Option<(String, &'static str)>,
    limits: Limits,
    retry: RetryPolicy,
    pacing: Pacing,
    user_agent: Option<String>,
    allow_insecure_http: bool,
    configure_http: Option<ConfigureHttp>,
}

impl ClientBuilder {
    /// Sets the API key (`ps_…`), which is sent as `x-api-key`. If key and key id are both set, the
    /// last one counts.
    ///
    /// Blanks, line breaks, quotes and a byte order mark around the key are removed, since no key
    /// has them. The key is copied. The copy is wiped from memory when the last clone of the client
    /// is dropped; the send buffers of hyper and of the TLS library are not wiped.
    pub fn api_key(mut self, key: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key(key.as_ref()));
        self
    }

    /// Sets the id of an API key, which is sent as `x-api-key-id`. If key and key id are both set,
    /// the last one counts.
    pub fn api_key_id(mut self, id: impl AsRef<str>) -> Self {
        self.credential = Some(Credential::api_key_id(id.as_ref()));
        self
    }

    /// Sets the base URL: scheme, host, and the path in front of the API if there is one. A `/v1`
    /// at its end is optional. Blanks, line breaks, quotes and a byte order mark around it are
    /// removed. Default: `https://pilotstatus.com.br`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some((url.into(), "the base URL"));
        self
    }

    /// Allows `http://` with a host that is not loopback. This shows the key to the network and its
    /// proxies. Default: `false`.
    pub fn allow_insecure_http(mut self, allow: bool) -> Self {
        self.allow_insecure_http = allow;
        self
    }

    /// Sets the time limit of one call, including waits and retries. Default: 90 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// Sets the time limit of one attempt, from connecting to the last byte of the body. Default:
    /// 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = timeout;
        self
    }

    /// Sets the time limit for connecting, including TLS. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets how often and when failed calls are retried. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the coordination between calls after a 429. Default: [`Pacing::Adaptive`].
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Shortens the first delay of `wait_until_open`, for tests.
    #[cfg(feature = "mock")]
    pub(crate) fn poll_delay(mut self, delay: Duration) -> Self {
        self.limits.poll_delay = delay;
        self
    }

    /// Sets the length limit of a response body, in bytes after decompression. It also limits the
    /// memory that the decoded values may take, to this or 1 MiB, whichever is more. Default: 4
    /// MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_response_bytes = bytes;
        self
    }

    /// Sets the product that precedes this crate's in `User-Agent`, such as `my-app/1.0`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Changes the `reqwest::ClientBuilder`, for example to add a proxy or a certificate.
    /// `configure` is called once.
    ///
    /// Settings that protect the key are applied afterwards and cannot be undone: redirects are not
    /// followed, no `Referer` is sent, an `https://` base URL stays https, and traffic is not
    /// logged (`connection_verbose`). A header with the key's name is overwritten. Timeouts longer
    /// than those of this builder have no effect. reqwest's own retries are off;
    /// [`retry`](Self::retry) sets the retries.
    ///
    /// The proxies of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …) apply unless
    /// `configure` changes them. A proxy of an `https://` request sees the host, but not the key. A
    /// loopback `http://` URL uses only a proxy that is set here, and needs no certificates.
    ///
    /// The protocol is HTTP/1.1, or with feature `http2` the one that the server selects.
    /// `configure` may fix one (`http1_only`, `http2_prior_knowledge`).
    ///
    /// An additional certificate authority, beside those of the platform:
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
    #[doc(alias = "proxy")]
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
    /// [`Error::is_invalid_input`] if the credential is missing or cannot be sent as a header, the
    /// key may not be sent to the base URL, a limit is zero, or reqwest rejects the result of
    /// [`configure_http`](Self::configure_http).
    pub fn build(self) -> Result<Client, Error> {
        self.refuse_zeros()?;
        let credential = self.credential.unwrap_or_else(|| Err(credential::missing()))?;
        let default = (base_url::DEFAULT.to_owned(), "the base URL");
        let (base_url, name) = self.base_url.unwrap_or(default);
        let base_url = base_url::parse(name, &base_url, self.allow_insecure_http)?;

        let product = self.user_agent.map(|product| product + " ").unwrap_or_default();
        let user_agent = HeaderValue::try_from(product + CRATE_USER_AGENT).map_err(|_| {
            Error::invalid_input(
                "user_agent contains a line break or another character that is invalid in a header: give a product such as my-app/1.0",
            )
        })?;
        let http = tls(version(reqwest::Client::builder(), self.limits.attempt_timeout))
            .connect_timeout(self.limits.connect_timeout)
            .user_agent(user_agent);
        let mut http = match self.configure_http {
            Some(configure) => configure(http),
            None => http,
        };
        // A proxy of the environment would see a key that should stay on this machine.
        if base_url.scheme() == "http" && base_url::is_loopback(&base_url) {
            http = without_trust_store(without_environment(http)?);
        }
        let http = http
            // Each attempt is exactly one request. A maximum of 0 retries also saves reqwest a copy
            // of each request.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connection_verbose(false)
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(base_url.scheme() == "https")
            .build()
            .map_err(http_client_error)?;

        let pacer = pacer(&self.pacing, &self.retry, &credential);
        let transport = Transport {
            http,
            retry: self.retry,
            pacer,
            budget: Budget::new(),
            limits: self.limits,
            figures: Figures::default(),
        };
        Ok(Client::assemble(&base_url, credential, transport))
    }

    /// Rejects limits of zero, with which every call would fail.
    fn refuse_zeros(&self) -> Result<(), Error> {
        if self.retry.max_attempts == 0 {
            let text = "max_attempts is 0, so no request would be sent: use RetryPolicy::none() for a single attempt";
            return Err(Error::invalid_input(text));
        }
        let settings = [
            ("timeout", self.limits.timeout.is_zero()),
            ("attempt_timeout", self.limits.attempt_timeout.is_zero()),
            ("connect_timeout", self.limits.connect_timeout.is_zero()),
            ("max_response_bytes", self.limits.max_response_bytes == 0),
        ];
        let Some((name, _)) = settings.iter().find(|(_, is_zero)| *is_zero) else { return Ok(()) };
        let text = format!("{name} is 0, so every call would fail: omit it to use the default");
        Err(Error::invalid_input(text))
    }
}

#[cfg_attr(
    not(feature = "shared-pacing"),
    expect(unused_variables, reason = "the credential names what is shared")
)]
fn pacer(pacing: &Pacing, retry: &RetryPolicy, credential: &Credential) -> Option<Arc<Pacer>> {
    let store = match pacing {
        Pacing::Adaptive => None,
        Pacing::Off => return None,
        #[cfg(feature = "shared-pacing")]
        Pacing::Shared(limit) => {
            Some(Store { limit: Arc::clone(limit), name: credential.fingerprint() })
        }
    };
    Some(Pacer::new(Delays { base: retry.base_delay, max: retry.max_delay }, store))
}

/// Uses HTTP/1.1 only, even if another crate enables HTTP/2 in reqwest. A silent connection fails
/// one attempt over HTTP/1.1, but would fail every call over HTTP/2.
#[cfg(not(feature = "http2"))]
fn version(http: reqwest::ClientBuilder, _: Duration) -> reqwest::ClientBuilder {
    http.http1_only()
}

/// Allows HTTP/2. Pings detect a silent connection within half an attempt's time. Response heads
/// may be as long as hyper allows in HTTP/1.1.
#[cfg(feature = "http2")]
fn version(http: reqwest::ClientBuilder, attempt_timeout: Duration) -> reqwest::ClientBuilder {
    const MAX_HEAD_BYTES: u32 = 400 * 1024;
    let patience = (attempt_timeout / 4).min(Duration::from_secs(10));
    http.http2_keep_alive_interval(patience)
        .http2_keep_alive_timeout(patience)
        .http2_max_header_list_size(MAX_HEAD_BYTES)
}

/// Selects the TLS library of this crate's feature, even if other crates enable another one in
/// reqwest, and requires TLS 1.2.
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

/// Makes a client that trusts only certificates that are added to it, so it needs none of the
/// system.
fn without_trust_store(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
    let http = http.tls_certs_only([]);
    http
}

/// Finds out by trial whether the system's certificates are missing, since reqwest's error does not
/// say.
fn http_client_error(error: reqwest::Error) -> Error {
    let plain = || tls(reqwest::Client::builder());
    if plain().build().is_err() && without_trust_store(plain()).build().is_ok() {
        return Error::new(Kind::NoTrustStore).caused_by(error);
    }
    let text = format!("cannot build the HTTP client: {}", root_cause(&error));
    Error::invalid_input(text).caused_by(error)
}

/// Disables the proxies of the environment, but no others. reqwest ignores the environment once any
/// proxy is set; this one matches no request.
fn without_environment(http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
    let proxy = Proxy::all("http://127.0.0.1").map_err(http_client_error)?;
    Ok(http.proxy(proxy.no_proxy(NoProxy::from_string("*, 0.0.0.0/0, ::/0"))))
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the credential, and the base URL, which may still hold a password.
        f.debug_struct("ClientBuilder")
            .field("limits", &self.limits)
            .field("retry", &self.retry)
            .field("pacing", &self.pacing)
            .finish_non_exhaustive()
    }
}
