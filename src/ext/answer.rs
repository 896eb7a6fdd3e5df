//! What one attempt brought: a whole answer, read up to the size limit, or a failure.

use std::{
    mem,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header::LOCATION};
use reqwest::{Response, ResponseBuilderExt, Url};

use super::{
    credential::Credential,
    decode,
    report::Report,
    retry::{
        Because,
        classify::{self, Outcome},
        retry_after,
    },
};
use crate::{Error, types::ApiError};

/// An answer with its whole body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The API's own error, if it is a refusal that has one.
    api_error: Option<ApiError>,
    version: Version,
}

impl Answer {
    /// Boxed, since it is passed on often.
    pub(super) async fn read(
        response: impl Future<Output = reqwest::Result<Response>>,
        limit: usize,
    ) -> Result<Box<Self>, Failure> {
        let mut response = response.await.map_err(Failure::Network)?;
        let is_success = response.status().is_success();
        if is_success && response.content_length().is_some_and(|n| n > limit as u64) {
            return Err(Failure::TooLarge(limit, "is longer"));
        }
        let (body, is_whole) = read_body(&mut response, limit).await.map_err(Failure::Network)?;
        // What was refused is told by the status; the rest of a long page is not needed.
        if is_success && !is_whole {
            return Err(Failure::TooLarge(limit, "is longer"));
        }
        let fits = decode::fits(&body, limit);
        if is_success && !fits {
            return Err(Failure::TooLarge(limit.max(decode::ENOUGH), "takes more memory"));
        }
        let api_error = if is_success || !fits { None } else { decode::api_error(&body) };
        Ok(Box::new(Self {
            status: response.status(),
            version: response.version(),
            headers: mem::take(response.headers_mut()),
            body,
            api_error,
        }))
    }

    fn is_permanent(&self) -> bool {
        classify::is_permanent(self.api_error.as_ref().and_then(|e| e.code.as_deref()))
    }

    /// Scheme, host and port of where a redirect leads to; the rest of a URL may hold secrets.
    fn redirect(&self, url: &Url) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let url = url.join(location).ok().filter(|_| self.status.is_redirection())?;
        Some(url.origin().ascii_serialization())
    }

    /// The answer as generated code expects it, with the body already in memory: reading it cannot fail any more.
    pub(super) fn into_response(self, url: Url) -> Response {
        let with_url = http::Response::builder().url(url).body(());
        // Nothing that could be invalid was set.
        let mut response = with_url.unwrap_or_default().map(|()| self.body);
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        response.into()
    }
}

/// The body up to the limit, and whether that is all of it.
async fn read_body(response: &mut Response, limit: usize) -> reqwest::Result<(Bytes, bool)> {
    // Mostly the only one, which is not copied.
    let first = response.chunk().await?.unwrap_or_default();
    if first.len() > limit {
        return Ok((first.slice(..limit), false));
    }
    let Some(mut chunk) = response.chunk().await? else {
        return Ok((first, true));
    };
    // A copy, since the chunk's own memory is that of the connection's thread, where it would stay with the process.
    let mut body = first.to_vec();
    loop {
        let room = limit - body.len();
        let more = &chunk[..chunk.len().min(room)];
        if more.len() > body.capacity() - body.len() {
            // Far ahead, since each step leaves a hole.
            body.reserve_exact(body.len().saturating_mul(8).clamp(more.len(), room));
        }
        body.extend_from_slice(more);
        if chunk.len() > room {
            return Ok((body.into(), false));
        }
        match response.chunk().await? {
            Some(next) => chunk = next,
            None => return Ok((body.into(), true)),
        }
    }
}

/// What went wrong in one attempt.
pub(super) enum Failure {
    /// A whole answer that is not a success.
    Refused(Box<Answer>),
    /// No answer, or not all of it.
    Network(reqwest::Error),
    /// Not done after this time, which is what this setting allows.
    TimedOut(Duration, &'static str),
    /// A body that goes beyond this many bytes, and how.
    TooLarge(usize, &'static str),
}

impl Failure {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(answer) if answer.is_permanent() => Outcome::Final,
            Self::Refused(answer) => Outcome::Answered(answer.status),
            Self::Network(e) if e.is_connect() && classify::is_refused_handshake(e) => {
                Outcome::Final
            }
            Self::Network(e) if e.is_connect() => Outcome::NotSent,
            Self::Network(e) if e.is_builder() => Outcome::Final,
            Self::Network(_) | Self::TimedOut(..) => Outcome::Broken,
            Self::TooLarge(..) => Outcome::Final,
        }
    }

    pub(super) fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Refused(answer) => Some(answer),
            _ => None,
        }
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.answer().map(|answer| answer.status)
    }

    /// How long the server asks to wait, and where it says so.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<(Duration, Because)> {
        let Self::Refused(answer) = self else {
            return None;
        };
        retry_after::asked(&answer.headers, answer.api_error.as_ref(), now)
    }

    /// What the generated code gets: the last answer where it can decode it, else our error.
    pub(super) fn into_result(
        self,
        mut report: Report,
        credential: &Credential,
        url: Url,
    ) -> Result<Response, Error> {
        Err(match self {
            Self::Refused(mut answer) => {
                report.redirect = answer.redirect(&url);
                report.echoes_credential = credential.is_in(&answer.body);
                let api_error = answer.api_error.take();
                let decodes = api_error.is_some();
                let body = answer.body.clone();
                let error = Error::refused(answer.status, api_error, body, report.clone());
                if decodes {
                    // For a status that the document does not have, generated code keeps the extensions.
                    let mut response = report.attach(answer.into_response(url));
                    response.extensions_mut().insert(error);
                    return Ok(response);
                }
                error
            }
            Self::Network(source) => Error::network(source, report),
            Self::TimedOut(after, setting) => Error::timed_out(after, setting, report),
            Self::TooLarge(limit, how) => Error::too_large(limit, how, report),
        })
    }
}
