//! Feature `mock`: what tests of code that uses this crate need. Typed [`httpmock`] helpers, one
//! for each operation; numbers of the usual kinds; and a server with a rate limit.
//!
//! ```
//! use httpmock::MockServer;
//! use pilot_status::{Client, mock::{self, MockServerExt}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pilot_status::Error> {
//! let server = MockServer::start_async().await;
//! server.get_numbers_id(|when, then| {
//!     when.id(&"num_1".into());
//!     then.ok(&mock::blocked_number());
//! });
//! let client = Client::builder().api_key("ps_test").base_url(server.base_url()).build()?;
//! let number = client.number("num_1").get().await?;
//! assert_eq!(number.readiness().to_string(), "blocked: status BANNED");
//! # Ok(()) }
//! ```

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use httpmock::{HttpMockRequest, HttpMockResponse, Mock, MockServer};
use serde_json::{Value, json};

pub use crate::generated::mock::{MockServerExt, operations};
use crate::types::{Number, PhoneStatus, QualityRating};

/// An id as the helpers look for it in a path: encoded as it is sent, and taken literally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPattern(String);

impl From<&str> for IdPattern {
    fn from(id: &str) -> Self {
        Self(regex::escape(&progenitor_client::encode_path(id)))
    }
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number of Meta's official API, ready to send; id `num_1`.
#[must_use]
pub fn number() -> Number {
    of(json!({
        "id": "num_1", "number": "+5511999999999", "name": "Support", "provider": "META", "state": "OPEN",
        "isFullyConnected": true,
        "health": {
            "qualityRating": "GREEN", "messagingLimitTier": "TIER_2K", "metaStatus": "CONNECTED", "sendable": true,
        },
        "meta": {
            "fetchedAt": "2026-01-01T00:00:00.000Z",
            "phone": { "displayPhoneNumber": "+55 11 99999-9999", "verifiedName": "Example", "status": "CONNECTED" },
            "waba": { "id": "waba_1", "businessVerificationStatus": "verified", "accountReviewStatus": "APPROVED" },
            "errors": {},
        },
    }))
}

/// A number that was paired by QR code: connected, and without `meta`.
#[must_use]
pub fn qr_number() -> Number {
    of(json!({
        "id": "num_1", "number": "+5511999999999", "provider": "PILOT_STATUS", "state": "OPEN",
        "isFullyConnected": true, "meta": null,
    }))
}

/// A number that Meta has banned.
#[must_use]
pub fn blocked_number() -> Number {
    let mut number = number();
    if let Some(health) = &mut number.health {
        health.meta_status = Some(PhoneStatus::Banned);
    }
    number
}

/// A number that sends, with quality red.
#[must_use]
pub fn red_number() -> Number {
    let mut number = number();
    if let Some(health) = &mut number.health {
        health.quality_rating = Some(QualityRating::Red);
    }
    number
}

/// Makes a server answer every number with [`number`], but refuse each `nth` request with a 429 and
/// this `Retry-After`.
#[expect(clippy::must_use_candidate, reason = "the server keeps the mock")]
pub fn rate_limited<'a>(server: &'a MockServer, nth: usize, retry_after: &str) -> Mock<'a> {
    let (requests, retry_after) = (AtomicUsize::new(0), retry_after.to_owned());
    let body = serde_json::to_string(&number()).unwrap_or_default();
    server.mock(|when, then| {
        when.path_prefix("/v1/numbers/");
        then.respond_with(move |_: &HttpMockRequest| {
            let request = requests.fetch_add(1, Ordering::Relaxed) + 1;
            let answer = HttpMockResponse::builder().header("content-type", "application/json");
            if request.is_multiple_of(nth.max(1)) {
                let answer = answer.status(429).header("retry-after", retry_after.as_str());
                answer.body(r#"{"error":"Too many requests"}"#).build()
            } else {
                answer.status(200).body(body.as_str()).build()
            }
        });
    })
}

fn of(json: Value) -> Number {
    // What the tests of this crate hold, so nobody else can meet it.
    serde_json::from_value(json).expect("a fixture is a number")
}
