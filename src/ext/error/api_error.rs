//! The API's own error in the body of an error response. Users have met undocumented shapes, so code,
//! message and wait are read independently: one malformed field does not affect the others.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::{ext::decode::repair, types::ApiError};

/// The longest body, in bytes, whose values are retained. The error retains the body as well.
const LONGEST: usize = 16 * 1024;

/// The API's own error. It is read from the fields `error`, `message`, `code` and
/// `retryAfterSeconds`, and from an object under `error` with these fields. An [`Error`](crate::Error)
/// does not read them from a body over 16 KiB; its [`body`](crate::Error::body) returns the text.
impl ApiError {
    /// Reads a body that is an object. The error of a long body is empty.
    pub(crate) fn read(body: &Bytes) -> Option<Self> {
        let error =
            serde_json::from_slice(body).or_else(|error| repair::decode(body.clone(), error));
        error.ok().map(|error| if body.len() > LONGEST { Self::default() } else { error })
    }

    /// Returns the API's own message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let message = self.error.as_deref().filter(|text| !text.is_empty());
        message.or_else(|| self.text("error")).or_else(|| self.text("message"))
    }

    /// Returns the API's own code, such as `NUMBER_SCOPE_NOT_ALLOWED`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref().filter(|text| !text.is_empty()).or_else(|| self.text("code"))
    }

    /// Returns the wait that the body requests in seconds, as a number or as text.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = |value: &Value| match value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        let seconds = self
            .retry_after_seconds
            .or_else(|| self.find("retryAfterSeconds").find_map(seconds))?;
        let is_wait = seconds.is_finite() && seconds >= 0.0;
        is_wait.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.find(name).filter_map(Value::as_str).find(|text| !text.is_empty())
    }

    /// Returns the values with this name that are not in typed fields: in the body, and in an object
    /// under `error`.
    fn find(&self, name: &str) -> impl Iterator<Item = &Value> {
        let within = self.extra.get("error").and_then(|error| error.get(name));
        [self.extra.get(name), within].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn error_fields_are_read_in_every_shape() {
        type Expected<'a> = (Option<&'a str>, Option<&'a str>, Option<u64>);
        let all: Expected = (Some("no"), Some("A_B"), Some(7));
        let cases: [(Value, Expected); 12] = [
            (json!({ "error": "no", "code": "A_B", "retryAfterSeconds": 7 }), all),
            (json!({ "error": { "message": "no", "code": "A_B", "retryAfterSeconds": 7 } }), all),
            (json!({ "error": { "error": "no" }, "code": "A_B", "retryAfterSeconds": "7" }), all),
            (
                json!({ "error": null, "message": "no", "code": "A_B", "retryAfterSeconds": " 7.0" }),
                all,
            ),
            (json!({ "error": "no", "message": "other" }), (Some("no"), None, None)),
            (json!({ "error": ["no"], "code": "A_B" }), (None, Some("A_B"), None)),
            (json!({ "error": 1, "code": 2, "retryAfterSeconds": "soon" }), (None, None, None)),
            (json!({ "code": null, "error": { "code": "A_B" } }), (None, Some("A_B"), None)),
            (json!({ "retryAfterSeconds": -1 }), (None, None, None)),
            (json!({ "retryAfterSeconds": "NaN" }), (None, None, None)),
            (json!({ "error": "", "message": "no", "code": "" }), (Some("no"), None, None)),
            (json!({}), (None, None, None)),
        ];
        for (body, expected) in cases {
            let error = ApiError::read(&body.to_string().into()).unwrap();
            let wait = error.retry_after().map(|wait| wait.as_secs());
            assert_eq!((error.message(), error.code(), wait), expected, "{body}");
        }
    }
    #[test]
    fn error_of_long_body_is_empty() {
        let body = |length| format!(r#"{{"code":"A_B"{}}}"#, " ".repeat(length - 14)).into();
        assert_eq!(ApiError::read(&body(LONGEST)).unwrap().code(), Some("A_B"));
        assert_eq!(ApiError::read(&body(LONGEST + 1)), Some(ApiError::default()));
    }
}
