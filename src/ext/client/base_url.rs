//! Checks the base URL. The key is sent there, so a URL that could leak it is rejected.

use std::{net::IpAddr, str::FromStr};

use reqwest::Url;

use super::credential::trim;
use crate::ext::error::Error;

pub(crate) const DEFAULT: &str = "https://pilotstatus.com.br";

type ParseError = <Url as FromStr>::Err;

/// Checks a base URL, and removes a trailing `/v1`: every operation's path begins with it, and the
/// vendor's pages give the URL with and without. An error calls the setting by `name`.
pub(crate) fn parse(name: &str, text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    // The error does not quote the URL, which may hold a password.
    let refuse = |why: &str| Err(Error::invalid_input(format!("{name}{why}, such as {DEFAULT}")));
    let text = trim(text);
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refuse(" contains white space or a control character: give one URL");
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => {
            return refuse(" has no scheme: give a full URL");
        }
        Err(ParseError::EmptyHost) => return refuse(" has no host: give a full URL"),
        Err(ParseError::InvalidPort) => {
            let why = match port(text) {
                Some(port) => format!(": port {port} is out of range; omit it, or give"),
                None => ": the port is not a number up to 65535; omit it, or give".to_owned(),
            };
            return refuse(&(why + " a URL"));
        }
        Err(_) => return refuse(" has an invalid host: give a full URL"),
    };
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return refuse(" has neither https:// nor http:// as its scheme: give a full URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(" has a query or a fragment: give only scheme, host and path");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(" contains a user name or a password: give only scheme, host and path");
    }
    if url.scheme() == "http" && !is_loopback(&url) && !allow_insecure_http {
        return Err(Error::invalid_input(format!(
            "{name} is http:// to a host that is not loopback, which would show the key to the network: use https://, \
             or allow_insecure_http(true) if that network is trusted",
        )));
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Returns the text of a port that is out of range; `None` if it may be part of a password.
fn port(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://").filter(|_| !text.contains('@'))?;
    let (_, port) = rest.split(['/', '?', '#']).next()?.rsplit_once(':')?;
    let is_number = port.len() <= 10 && port.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(port)
}

/// Returns true if the host is this machine.
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
    fn base_url_is_accepted_without_its_v1() {
        let cases = [
            ("https://pilotstatus.com.br", "https://pilotstatus.com.br/"),
            ("https://proxy.example/pilot//", "https://proxy.example/pilot"),
            ("https://pilotstatus.com.br/v1", "https://pilotstatus.com.br/"),
            ("https://proxy.example/pilot/v1//", "https://proxy.example/pilot"),
            ("https://proxy.example/v1/pilot", "https://proxy.example/v1/pilot"),
            ("https://proxy.example/apiv1", "https://proxy.example/apiv1"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("http://127.8.9.10/x/", "http://127.8.9.10/x"),
            ("http://[::1]:80", "http://[::1]/"),
            ("http://localhost.:1", "http://localhost.:1/"),
            ("\u{feff}https://pilotstatus.com.br\r\n", "https://pilotstatus.com.br/"),
            (" 'https://pilotstatus.com.br' ", "https://pilotstatus.com.br/"),
            ("https://pilotstatus.com.br:65535", "https://pilotstatus.com.br:65535/"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse("the base URL", text, false).unwrap().as_str(), expected, "{text}");
        }
        assert!(parse("the base URL", "http://pilotstatus.com.br", true).is_ok());
    }

    #[test]
    fn unsafe_base_url_is_rejected_with_a_reason() {
        let cases = [
            ("", "X has no scheme"),
            ("pilotstatus.com.br", "X has no scheme"),
            ("localhost:8080", "X has neither https:// nor http:// as its scheme"),
            ("ftp://pilotstatus.com.br", "X has neither https:// nor http:// as its scheme"),
            ("https://", "X has no host"),
            ("https://pilotstatus.com.br:99999", "X: port 99999 is out of range"),
            ("http://[::1]:65536/v1", "X: port 65536 is out of range"),
            ("https://pilotstatus.com.br:443a", "X: the port is not a number up to 65535"),
            ("https://user:99999/@pilotstatus.com.br", "X: the port is not a number up to 65535"),
            ("https://user:secret/x@pilotstatus.com.br", "X: the port is not a number up to 65535"),
            ("https://pilotstatus.com.br:12345678@", "X has no host"),
            ("https://[::1", "X has an invalid host"),
            ("https://1.2.3.999", "X has an invalid host"),
            ("https://a b.example", "X contains white space"),
            ("https://a.exa\nmple", "X contains white space"),
            ("https://pilotstatus.com.br?secret", "query"),
            ("https://pilotstatus.com.br#x", "fragment"),
            ("https://user:secret@pilotstatus.com.br", "password"),
            ("http://pilotstatus.com.br", "allow_insecure_http"),
            ("http://localhost.example", "allow_insecure_http"),
            ("http://10.0.0.1", "allow_insecure_http"),
        ];
        for (text, expected) in cases {
            let error = parse("X", text, false).unwrap_err();
            assert!(error.is_invalid_input());
            assert!(error.to_string().contains(expected), "{text}: {error}");
            let printed = format!("{error} {error:?}");
            assert!(!printed.contains("secret") && !printed.contains("12345678"), "{printed}");
        }
    }
}
