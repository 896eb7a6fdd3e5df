//! The same request once more.

use http::{HeaderValue, Method, Version, header::ACCEPT};
use reqwest::{Request, Url};

use super::credential::Credential;

/// What it takes to send a request again.
pub(super) enum Again {
    /// `Accept`, where it has nothing else but the key: a copy of the whole costs more than most calls need.
    Plain(HeaderValue),
    Whole(Box<Request>),
}

impl Again {
    /// `None` if its body can be read only once.
    pub(super) fn of(request: &Request, credential: &Credential) -> Option<Self> {
        let headers = request.headers();
        // A request that came without the key must not get it here.
        let has_key = headers.get(&credential.name) == Some(&credential.value);
        let has_more = headers.len() != 2
            || request.body().is_some()
            || request.timeout().is_some()
            || request.version() != Version::default();
        match headers.get(ACCEPT) {
            Some(accept) if has_key && !has_more => Some(Self::Plain(accept.clone())),
            _ => Some(Self::Whole(Box::new(request.try_clone()?))),
        }
    }

    /// The request, of the method and to the URL that it had.
    pub(super) fn request(self, method: Method, url: Url, credential: &Credential) -> Request {
        match self {
            Self::Plain(accept) => {
                let mut request = Request::new(method, url);
                let headers = request.headers_mut();
                headers.insert(ACCEPT, accept);
                headers.insert(&credential.name, credential.value.clone());
                request
            }
            Self::Whole(request) => *request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_it_was() {
        let credential = Credential::api_key("ps_1").unwrap();
        let plain = || {
            let url = "http://127.0.0.1/a?b=c".parse().unwrap();
            let mut request = Request::new(Method::DELETE, url);
            request.headers_mut().insert(ACCEPT, "application/json".parse().unwrap());
            request.headers_mut().insert(&credential.name, credential.value.clone());
            request
        };
        let mut with_header = plain();
        with_header.headers_mut().insert("x-other", "1".parse().unwrap());
        let mut with_body = plain();
        *with_body.body_mut() = Some("body".into());
        let mut without_key = plain();
        without_key.headers_mut().remove("x-api-key");
        without_key.headers_mut().insert("x-other", "1".parse().unwrap());
        let mut with_other_key = plain();
        with_other_key.headers_mut().insert("x-api-key", "ps_2".parse().unwrap());
        for (request, is_plain) in [
            (plain(), true),
            (with_header, false),
            (with_body, false),
            (without_key, false),
            (with_other_key, false),
        ] {
            let again = Again::of(&request, &credential).unwrap();
            assert_eq!(matches!(again, Again::Plain(..)), is_plain);
            let (method, url) = (request.method().clone(), request.url().clone());
            let again = again.request(method, url, &credential);
            assert_eq!(again.method(), request.method());
            assert_eq!(again.url(), request.url());
            assert_eq!(again.headers(), request.headers());
            let is_sensitive = |request: &Request| {
                request.headers().get("x-api-key").is_some_and(HeaderValue::is_sensitive)
            };
            assert_eq!(is_sensitive(&again), is_sensitive(&request));
            let bytes =
                |request: &Request| request.body().and_then(|b| b.as_bytes().map(<[u8]>::to_vec));
            assert_eq!(bytes(&again), bytes(&request));
        }
    }
}
