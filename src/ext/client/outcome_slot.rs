//! Carries the outcome of a call past the generated code, whose results keep neither attempts nor
//! errors of ours: the hooks leave it here, and the caller picks it up.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use progenitor_client::Error as Generated;

use super::credential::Credential;
use crate::{
    ext::{call::outcome::CallOutcome, error::error::Error},
    types::ApiError,
};

/// Filled once, by the hooks, and read once, by the caller.
#[derive(Clone, Default)]
pub(super) struct OutcomeSlot(Arc<OnceLock<Outcome>>);

enum Outcome {
    /// By a success of this operation, which the generated code decodes.
    Answered(&'static str, CallOutcome),
    Failed(Error),
}

impl OutcomeSlot {
    pub(super) fn answered(&self, operation: &'static str, outcome: CallOutcome) {
        self.fill(Outcome::Answered(operation, outcome));
    }

    pub(super) fn failed(&self, error: Error) {
        self.fill(Outcome::Failed(error));
    }

    /// The error of a call that ended with this error of the generated code.
    pub(super) fn error(&self, generated: Generated<ApiError>, credential: &Credential) -> Error {
        if let Some(Outcome::Failed(error)) = self.0.get() {
            return error.clone();
        }
        let mut outcome = self.outcome();
        match generated {
            Generated::InvalidResponsePayload(body, error) => {
                let said = ApiError::read(&body);
                let code = said.as_ref().and_then(ApiError::code);
                outcome.echoes_credential = credential.is_echoed(&body, code);
                match said {
                    Some(said) if said.message().or(said.code()).is_some() => {
                        Error::error_in_success(said, body, outcome)
                    }
                    _ => Error::decode(&error, body, outcome),
                }
            }
            // The slot is empty: nothing was sent.
            Generated::InvalidRequest(text) | Generated::Custom(text) => Error::invalid_input(text),
            Generated::CommunicationError(error)
            | Generated::ResponseBodyError(error)
            | Generated::InvalidUpgrade(error) => Error::network(error, outcome),
            Generated::ErrorResponse(_) | Generated::UnexpectedResponse(_) => {
                let status = generated.status().unwrap_or_default();
                Error::unexpected_status(status, None, Bytes::new(), outcome)
            }
        }
    }

    /// How the call went that was answered.
    pub(super) fn outcome(&self) -> CallOutcome {
        match self.0.get() {
            Some(Outcome::Answered(_, outcome)) => outcome.clone(),
            Some(Outcome::Failed(_)) | None => CallOutcome::default(),
        }
    }

    /// The operation that was answered.
    pub(super) fn operation(&self) -> &'static str {
        match self.0.get() {
            Some(Outcome::Answered(operation, _)) => operation,
            Some(Outcome::Failed(_)) | None => "",
        }
    }

    fn fill(&self, outcome: Outcome) {
        // A second call over one slot changes nothing of the first.
        self.0.set(outcome).ok();
    }
}
