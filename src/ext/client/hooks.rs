//! Connects generated operations with ours. Progenitor calls hooks around each request: `pre` adds
//! the key, `exec` runs the attempt loop, `post` ends a call that brought no response.

use futures_util::FutureExt;
use http::{Method, StatusCode};
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response, Url};

use super::inner::Inner;
use crate::{
    ext::{
        call::{
            attempt_loop::{Call, Ended},
            buffered_response::BufferedResponse,
            failure::Failure,
            outcome::CallOutcome,
            trace,
        },
        error::error::Error,
    },
    generated,
};

impl ClientHooks<Inner> for generated::Client {
    async fn pre<E>(
        &self,
        request: &mut Request,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        let authorized = self.inner.shared().authorize(request);
        authorized.map_err(progenitor_client::Error::InvalidRequest)
    }

    // No async function: it would keep its arguments, and a future is moved with all that it keeps.
    fn exec(
        &self,
        request: Request,
        info: &OperationInfo,
    ) -> impl Future<Output = reqwest::Result<Response>> {
        let is_removal = request.method() == Method::DELETE;
        let call = Call::new(&self.inner.shared().transport, self.inner.timeout()).run(request);
        let operation = Operation { id: info.operation_id, is_removal };
        trace::call(operation.id, call).map(move |ended| hand_over(&self.inner, &operation, ended))
    }

    async fn post<E>(
        &self,
        result: &reqwest::Result<Response>,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        match result.as_ref().ok().and_then(|response| response.extensions().get()) {
            Some(NoResponse(why)) => Err(progenitor_client::Error::Custom(why.clone())),
            None => Ok(()),
        }
    }
}

/// Marks a response that stands for none, since [`ClientHooks::exec`] has no error of ours.
#[derive(Clone)]
struct NoResponse(String);

fn no_response(why: String) -> Response {
    let mut response = http::Response::new("");
    response.extensions_mut().insert(NoResponse(why));
    response.into()
}

struct Operation {
    id: &'static str,
    is_removal: bool,
}

/// Gives the generated code the response that it can decode, and the slot what became of the call.
fn hand_over(inner: &Inner, operation: &Operation, ended: Ended) -> reqwest::Result<Response> {
    let Ended { result, mut outcome, url } = ended;
    let Some(slot) = inner.slot() else {
        return raw(result, outcome, url);
    };
    let error = match result {
        Ok(mut response) if response.status == StatusCode::OK || operation.is_removal => {
            if operation.is_removal {
                response.tell_success();
            }
            slot.answered(operation.id, outcome);
            return Ok(response.into_response(url));
        }
        // No operation documents it.
        Ok(response) => Error::unexpected_status(response.status, None, response.body, outcome),
        Err(failure) => {
            let credential = &inner.shared().credential;
            outcome.echoes_credential = failure
                .response()
                .is_some_and(|response| credential.is_echoed(&response.body, response.code()));
            failure.into_error(outcome, &url)
        }
    };
    slot.failed(error);
    Ok(no_response(String::new()))
}

/// What a raw caller gets: whatever the server answered, else why it did not.
fn raw(
    result: Result<Box<BufferedResponse>, Failure>,
    outcome: CallOutcome,
    url: Url,
) -> reqwest::Result<Response> {
    match result {
        Ok(response) | Err(Failure::Refused(response)) => Ok(response.into_response(url)),
        Err(Failure::Network(error)) => Err(error),
        Err(failure) => Ok(no_response(failure.into_error(outcome, &url).to_string())),
    }
}
