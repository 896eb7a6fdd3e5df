//! Checks the base URL. The key is sent there, so a URL by which it could leak is refused.

use std::net::IpAddr;

use reqwest::Url;

use crate::ext::error::error::Error;

pub(crate) const DEFAULT: &str = "https://pilotstatus.com.br";

/// Checks a base URL; the result ends before `/v1`, with which every operation's path begins, since
/// the vendor's pages give it with and without.
pub(crate) fn parse(text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    // The URL itself is not repeated: it may hold a password.
    let refuse = |why: &str| Error::invalid_input(format!("the base URL {why}, such as {DEFAULT}"));
    let mut url = Url::parse(text)
        .map_err(|_| refuse("has no scheme or no host, or is not a URL: give both"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(refuse("has neither https:// nor http:// as its scheme: give a full URL"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("has a query or a fragment: give only scheme, host and path"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("holds a user name or a password: give only scheme, host and path"));
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allow_insecure_http {
        return Err(Error::invalid_input(
            "the base URL is http:// to a host that is not loopback, which would show the key to the network: use https://, \
             or allow_insecure_http(true) if that network is trusted",
        ));
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether the host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.') == "localhost"
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_that_are_taken() {
        let cases = [
            ("https://pilotstatus.com.br", "https://pilotstatus.com.br/"),
            ("https://pilotstatus.com.br/", "https://pilotstatus.com.br/"),
            ("https://proxy.example/pilot//", "https://proxy.example/pilot"),
            ("https://pilotstatus.com.br/v1", "https://pilotstatus.com.br/"),
            ("https://pilotstatus.com.br/v1/", "https://pilotstatus.com.br/"),
            ("https://proxy.example/pilot/v1//", "https://proxy.example/pilot"),
            ("https://proxy.example/v1/pilot", "https://proxy.example/v1/pilot"),
            ("https://proxy.example/apiv1", "https://proxy.example/apiv1"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("http://127.8.9.10/x/", "http://127.8.9.10/x"),
            ("http://[::1]:80", "http://[::1]/"),
            ("http://localhost.:1", "http://localhost.:1/"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, false).unwrap().as_str(), expected, "{text}");
        }
        assert!(parse("http://pilotstatus.com.br", true).is_ok());
    }

    #[test]
    fn base_urls_that_are_refused_with_a_sentence() {
        let cases = [
            ("", "no scheme or no host"),
            ("pilotstatus.com.br", "no scheme or no host"),
            ("pilotstatus.com.br:443", "full URL"),
            ("localhost:8080", "full URL"),
            ("ftp://pilotstatus.com.br", "full URL"),
            ("https://", "no scheme or no host"),
            ("https://pilotstatus.com.br?x=1", "query"),
            ("https://pilotstatus.com.br/?", "query"),
            ("https://pilotstatus.com.br#x", "fragment"),
            ("https://user:secret@pilotstatus.com.br", "password"),
            ("http://pilotstatus.com.br", "allow_insecure_http"),
            ("http://localhost.example", "allow_insecure_http"),
            ("http://10.0.0.1", "allow_insecure_http"),
        ];
        for (text, expected) in cases {
            let error = parse(text, false).unwrap_err();
            assert!(error.is_invalid_input());
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}
