//! The bridge between this crate's calls and the operations that progenitor generates.
//!
//! [`Client::begin`] makes a generated client that serves only one call, with a [`CallContext`].
//! Generated code builds the request, and calls the hooks around it: `pre` adds the key, and `exec`
//! runs the attempt loop. If the call fails, `exec` returns a placeholder response, and `post` makes
//! generated code stop with an error. The result types of generated code cannot carry the number of
//! attempts or this crate's errors. So `exec` stores both in the context, and [`Inner::finish`] reads
//! them there. A raw call has no context. Its caller gets each response and each error of reqwest
//! unchanged.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header::LOCATION};
use progenitor_client::{ClientHooks, Error as Generated, OperationInfo, ResponseValue};
use reqwest::{Request, Response, Url};
use serde::de::DeserializeOwned;

use super::{Client, credential::Credential};
use crate::{
    ext::{
        call::{
            Answer, attempt_loop::Call, buffered_response::BufferedResponse, failure::Failure,
            single_flight::SingleFlight, transport::Transport,
        },
        clock,
        decode::{field::Field, repair},
        error::{CallOutcome, DecodeError, Error, Kind, Target},
        number_id::NumberId,
        trace,
    },
    generated,
    types::ApiError,
};

/// The target of a call that is not for one number.
const LIST: &str = "the list of numbers";
const API_VERSION: HeaderName = HeaderName::from_static("api-version");

impl Client {
    pub(super) fn assemble(base_url: &Url, credential: Credential, transport: Transport) -> Self {
        let origin = format!("{}/", base_url.origin().ascii_serialization());
        let refreshes = SingleFlight::default();
        let client = transport.http.clone();
        let state = Arc::new(ClientState { origin, credential, transport, refreshes });
        let raw = generated::Client {
            // The path of every operation begins with a slash.
            baseurl: base_url.as_str().trim_end_matches('/').to_owned(),
            client,
            inner: Inner { state, context: None },
        };
        Self { raw: Arc::new(raw) }
    }

    pub(crate) fn state(&self) -> &ClientState {
        &self.raw.inner.state
    }

    /// Returns a generated client for one call. The call takes at most `timeout`; if that is `None`,
    /// the client's own timeout applies. [`Inner::finish`] returns the result of the call.
    pub(crate) fn begin(
        &self,
        number: Option<&NumberId>,
        timeout: Option<Duration>,
    ) -> generated::Client {
        let timeout = timeout.unwrap_or(self.state().transport.limits.timeout);
        let mut raw = generated::Client::clone(&self.raw);
        let (number, report) = (number.cloned(), OnceLock::new());
        raw.inner.context = Some(CallContext { number, timeout, report });
        raw
    }
}

/// The settings and shared state behind a generated client: HTTP client, credential, retry, pacing
/// and limits. Clones share them.
#[derive(Clone)]
pub struct Inner {
    state: Arc<ClientState>,
    /// Set in a client made for a single call; raw clients have none.
    context: Option<CallContext>,
}

pub(crate) struct ClientState {
    /// Prefix of every URL that may receive the key: scheme, host and port, with a trailing slash.
    origin: String,
    pub(crate) credential: Credential,
    pub(crate) transport: Transport,
    /// Refreshes in progress.
    pub(crate) refreshes: SingleFlight,
}

/// One call.
#[derive(Clone)]
struct CallContext {
    number: Option<NumberId>,
    timeout: Duration,
    /// Set by `exec`; empty if `exec` did not run.
    report: OnceLock<Result<Report, Error>>,
}

/// A response with a success status. Generated code decodes its body afterwards, which may still fail.
#[derive(Clone, Copy)]
struct Report {
    operation: &'static str,
    outcome: CallOutcome,
    server_time: SystemTime,
}

impl Inner {
    /// Converts the result of generated code into the success or the error of the call, and counts the
    /// outcome.
    pub(crate) fn finish<T: Field + DeserializeOwned>(
        &self,
        result: Result<ResponseValue<T>, Generated<ApiError>>,
    ) -> Result<Answer<T>, Error> {
        let result = self.combine(result);
        self.state.transport.figures.end(result.as_ref().err().map(Error::kind));
        let target = || self.number().cloned().map_or(Target::Other(LIST), Target::Number);
        result.map_err(|error| error.about(target()))
    }

    fn combine<T: Field + DeserializeOwned>(
        &self,
        result: Result<ResponseValue<T>, Generated<ApiError>>,
    ) -> Result<Answer<T>, Error> {
        let Report { operation, outcome, server_time } = match self.report() {
            Some(Ok(report)) => *report,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err(generated_error(result.err())),
        };
        let value = match result {
            Ok(response) => response.into_inner(),
            Err(Generated::InvalidResponsePayload(body, error)) => repair::decode(body, error)
                .map_err(|(body, error)| self.complete(undecodable(body, &error), outcome, b""))?,
            Err(other) => return Err(generated_error(Some(other))),
        };
        trace::unreadable(operation, self.number().map(NumberId::as_str), &value);
        Ok(Answer { value, attempts: outcome.attempts, server_time })
    }

    /// Adds the outcome of the call to its error, and whether the response contains the key.
    /// The printed target of a redirect is decoded, and a part of its `Location`, so both are searched.
    fn complete(&self, error: Error, outcome: CallOutcome, location: &[u8]) -> Error {
        let code = error.code().unwrap_or_default().as_bytes();
        let redirect = error.redirect().unwrap_or_default().as_bytes();
        let texts = [error.body(), code, redirect, location];
        let echoes_credential = self.state.credential.is_echoed(&texts);
        error.with(|d| (d.outcome, d.echoes_credential) = (outcome, echoes_credential))
    }

    /// Warns of a response for another id than the requested one. The response is accepted, because
    /// mock servers return the same id for every request.
    pub(crate) fn compare(&self, returned: Option<&str>) {
        if let (Some(Ok(report)), Some(requested)) = (self.report(), self.number())
            && returned.is_some_and(|id| id != requested.as_str())
        {
            trace::other_id(report.operation, requested.as_str());
        }
    }

    fn number(&self) -> Option<&NumberId> {
        self.context.as_ref()?.number.as_ref()
    }

    fn report(&self) -> Option<&Result<Report, Error>> {
        self.context.as_ref()?.report.get()
    }
}

impl ClientHooks<Inner> for generated::Client {
    /// Adds the credential, if the request goes to the configured host.
    async fn pre<E>(&self, request: &mut Request, _: &OperationInfo) -> Result<(), Generated<E>> {
        let ClientState { origin, credential: Credential { name, value }, .. } = &*self.inner.state;
        if !request.url().as_str().starts_with(origin) {
            let text = "the request does not go to the client's base URL: it was not sent, so that the key does not leak";
            return Err(Generated::InvalidRequest(text.to_owned()));
        }
        let headers = request.headers_mut();
        // Generated code sends this header on every request, but the API has no such header.
        headers.remove(&API_VERSION);
        headers.insert(name, value.clone());
        Ok(())
    }

    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let Inner { state, context } = &self.inner;
        let timeout = context.as_ref().map_or(state.transport.limits.timeout, |c| c.timeout);
        let (url, is_removal) = (request.url().clone(), request.method() == Method::DELETE);
        let call = Call::new(&state.transport, timeout).run(request);
        let number = self.inner.number().map(NumberId::as_str);
        let (result, outcome) = trace::call(info.operation_id, number, call).await;
        let failed = result.as_ref().err().and_then(Failure::response);
        let location = failed.and_then(|response| response.headers.get(LOCATION)).cloned();
        let location = location.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        let result = match (context, result) {
            // Raw callers get every response, whatever its status.
            (None, Ok(response)) => Ok(response),
            (None, Err(Failure::Status(response))) => Ok(*response),
            // They also get any error of reqwest. Any other failure becomes a placeholder response
            // that carries the error.
            (None, Err(Failure::Network(error))) => return Err(error),
            (Some(_), Ok(response)) if is_removal => Ok(response.into_removed()),
            (Some(_), Ok(response)) if response.status == StatusCode::OK => Ok(response),
            // No operation documents a success status other than 200.
            (Some(_), Ok(BufferedResponse { status, body, .. })) => {
                Err(Error::new(Kind::Decode(None, status)).with(|d| d.body = body))
            }
            (_, Err(failure)) => Err(failure.into_error(&url)),
        };
        let result = result.map_err(|error| self.inner.complete(error, outcome, location));
        if let Some(context) = context {
            let report = |response: &BufferedResponse| Report {
                operation: info.operation_id,
                outcome,
                server_time: clock::of_server(&response.headers, clock::wall()),
            };
            // A context belongs to one call, so this is its only report.
            context.report.set(result.as_ref().map(report).map_err(Error::clone)).ok();
        }
        Ok(result.map_or_else(placeholder, |response| response.into_response(url)))
    }

    async fn post<E>(
        &self,
        result: &reqwest::Result<Response>,
        _: &OperationInfo,
    ) -> Result<(), Generated<E>> {
        match result.as_ref().ok().and_then(|response| response.extensions().get::<Error>()) {
            Some(error) => Err(Generated::Custom(error.to_string())),
            None => Ok(()),
        }
    }
}

/// Returns a response that carries an error, since `exec` cannot return this crate's errors.
fn placeholder(error: Error) -> Response {
    let mut response = http::Response::new("");
    response.extensions_mut().insert(error);
    response.into()
}

/// Returns the error for a response that has a success status, but an undocumented body.
fn undecodable(body: Bytes, error: &serde_json::Error) -> Error {
    let kind = match ApiError::read(&body) {
        Some(api) if api.message().or(api.code()).is_some() => {
            Kind::Status(StatusCode::OK, Some(api))
        }
        _ => Kind::Decode(Some(DecodeError::new(&body, error)), StatusCode::OK),
    };
    Error::new(kind).with(|d| d.body = body)
}

/// Converts an error of generated code if `exec` stored no error.
fn generated_error(generated: Option<Generated<ApiError>>) -> Error {
    match generated {
        Some(Generated::InvalidRequest(text) | Generated::Custom(text)) => {
            Error::invalid_input(text)
        }
        // The texts of other errors may quote a body.
        _ => Error::invalid_input(
            "the generated client rejected the request or its response: report this as a bug",
        ),
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClientState { credential, transport, .. } = &*self.state;
        f.debug_struct("Inner")
            .field("credential", credential)
            .field("retry", &transport.retry)
            .field("limits", &transport.limits)
            .finish_non_exhaustive()
    }
}
