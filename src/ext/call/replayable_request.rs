//! A request that can be sent again. Sending consumes a request. Copying each one with `try_clone`
//! cost 2.6 % of a call's instructions and 6 allocations more than a copy of two headers, measured by
//! `cargo run --release --package speed -- --check`. The list of headers takes one allocation more than
//! that copy.

use http::{HeaderName, HeaderValue, Method};
use reqwest::{Request, Url};

/// The parts needed to send a request again.
pub(super) enum ReplayableRequest {
    /// A request without a body. Copying the whole request costs more, and most calls need no copy.
    Head(Method, Url, Vec<(HeaderName, HeaderValue)>),
    Whole(Box<Request>),
}

impl ReplayableRequest {
    /// Copies a request; `None` if its body can be read only once.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if request.body().is_some() {
            return request.try_clone().map(|copy| Self::Whole(Box::new(copy)));
        }
        let headers = request.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
        Some(Self::Head(request.method().clone(), request.url().clone(), headers.collect()))
    }

    pub(super) fn into_request(self) -> Request {
        match self {
            Self::Head(method, url, headers) => {
                let mut request = Request::new(method, url);
                request.headers_mut().extend(headers);
                request
            }
            Self::Whole(request) => *request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, HeaderValue)]) -> Request {
        let url = "http://127.0.0.1/a?b=c".parse().unwrap();
        let mut request = Request::new(Method::DELETE, url);
        for (name, value) in headers {
            request.headers_mut().append(*name, value.clone());
        }
        request
    }

    #[test]
    fn replayed_request_equals_the_original() {
        let value = HeaderValue::from_static;
        let mut secret = value("ps_1");
        secret.set_sensitive(true);
        let accept = ("accept", value("application/json"));
        let key = ("x-api-key", secret);
        let mut with_body = request(&[accept.clone(), key.clone()]);
        *with_body.body_mut() = Some("body".into());
        for (request, has_body) in [
            (request(&[accept.clone(), key.clone()]), false),
            (request(&[accept, ("x-other", value("1")), ("x-other", value("2"))]), false),
            (request(&[key.clone(), key]), false),
            (with_body, true),
        ] {
            let replayable = ReplayableRequest::of(&request).unwrap();
            assert_eq!(matches!(replayable, ReplayableRequest::Whole(_)), has_body);
            let again = replayable.into_request();
            assert_eq!(again.method(), request.method());
            assert_eq!(again.url(), request.url());
            assert_eq!(again.headers(), request.headers());
            let sensitive = |request: &Request| -> Vec<bool> {
                request.headers().values().map(HeaderValue::is_sensitive).collect()
            };
            assert_eq!(sensitive(&again), sensitive(&request));
            let bytes =
                |request: &Request| request.body().and_then(|b| b.as_bytes().map(<[u8]>::to_vec));
            assert_eq!(bytes(&again), bytes(&request));
        }
    }
}
