//! Feature `mock`: helpers for tests of code that uses this crate. There are typed
//! [httpmock](https://docs.rs/httpmock) helpers for each operation, sample values, an error of each
//! kind, a client without waits, sequences of responses, a fleet to watch, and a server with a rate
//! limit.
//!
//! The helpers need [httpmock](https://docs.rs/httpmock) 0.9, which is re-exported here.
//!
//! ```
//! use pilot_status::mock::{self, MockServerExt, WhenId, httpmock::MockServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pilot_status::Error> {
//! let server = MockServer::start_async().await;
//! server.get_numbers_id(|when, then| {
//!     when.number("num_1");
//!     then.ok(&mock::blocked_number());
//! });
//! let client = mock::client(&server)?;
//! let number = client.number("num_1").get().await?;
//! assert_eq!(number.readiness().to_string(), "blocked: status BANNED");
//! # Ok(()) }
//! ```

use std::{
    fmt, io,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Method, StatusCode};
pub use httpmock;
use httpmock::{HttpMockRequest, HttpMockResponse, Mock, MockServer};
use percent_encoding::percent_decode_str;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub use crate::generated::mock::{MockServerExt, operations};
use crate::{
    Client, Error, ErrorKind, FleetTable, NumberId, RetryPolicy,
    ext::{
        clock,
        error::{ConnectFault, Kind, NotOpen, Target, TimeoutScope},
        retry::classify::Resend,
    },
    types::{
        ApiError, ConnectionState, Number, NumberHealth, NumberList, NumberRemoved, NumberStatus,
        NumberSummary, PhoneStatus, QualityRating,
    },
};

/// An id in the form that the generated helpers match against a path: percent-encoded, with the
/// characters that mean something in a regular expression escaped.
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

/// Restricts a mock to the requests for one number.
pub trait WhenId {
    /// Matches requests for the number with this id, which is taken literally.
    #[expect(clippy::return_self_not_must_use, reason = "like httpmock's own methods")]
    fn number(self, id: &str) -> Self;
}

macro_rules! when_id {
    ($($operation:ident)+) => {$(
        impl WhenId for operations::$operation {
            fn number(self, id: &str) -> Self {
                self.id(&id.into())
            }
        }
    )+};
}

when_id!(GetNumbersIdWhen GetNumbersIdStatusWhen DeleteNumbersIdWhen);

/// Returns an error of this kind, as a call for number `num_1` could return it.
///
/// ```
/// use pilot_status::{ErrorKind, mock};
///
/// let error = mock::error(ErrorKind::NotFound);
/// assert!(error.is_not_found());
/// assert_eq!(error.to_string(), "number num_1: the API answered 404 Not Found");
/// ```
#[must_use]
pub fn error(kind: ErrorKind) -> Error {
    let is_retryable = matches!(kind, ErrorKind::Connect | ErrorKind::Network);
    let of = |kind| Error::new(kind).after(1).with(|d| d.is_retryable = is_retryable);
    let second = Duration::from_secs(1);
    let error = match kind {
        ErrorKind::InvalidInput => Error::invalid_input("an argument is invalid"),
        ErrorKind::Connect => of(Kind::Connect(ConnectFault::Network))
            .caused_by(io::Error::from(io::ErrorKind::ConnectionRefused)),
        ErrorKind::Network => {
            of(Kind::Network).caused_by(io::Error::from(io::ErrorKind::ConnectionReset))
        }
        ErrorKind::Timeout => Error::timed_out(second, TimeoutScope::Attempt).after(1),
        ErrorKind::Decode => of(Kind::Decode(None, StatusCode::ACCEPTED)),
        ErrorKind::TooLarge => of(Kind::TooLarge { limit: 4 * 1024 * 1024, excess: "is longer" }),
        ErrorKind::Ambiguous => {
            of(Kind::Ambiguous(["num_1", "num_2"].map(NumberId::checked).into()))
        }
        ErrorKind::NotOpen => {
            let status = Some(fixture(json!({ "state": "CONNECTING" })));
            Error::not_open(NotOpen { limit: Some(second), status, failure: None }).after(3)
        }
        // The other kinds are those of a status.
        _ => {
            let errors =
                [401, 402, 403, 404, 409, 429, 500].map(|status| status_error(status, None, None));
            let of_kind = errors.into_iter().find(|error| error.kind() == kind);
            of_kind.unwrap_or_else(|| status_error(400, None, None))
        }
    };
    error.about(Target::Number(NumberId::checked("num_1")))
}

/// Returns the error of an HTTP status with the API's code and a `Retry-After`, as a call for number
/// `num_1` could return it after one attempt.
///
/// ```
/// use std::time::Duration;
///
/// let error = pilot_status::mock::status_error(503, None, Some(Duration::from_secs(30)));
/// assert!(error.is_retryable());
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
/// ```
///
/// # Panics
/// If the status is not between 100 and 999.
#[must_use]
pub fn status_error(status: u16, code: Option<&str>, retry_after: Option<Duration>) -> Error {
    let status = StatusCode::from_u16(status).expect("a status is between 100 and 999");
    let is_retryable = Resend::after(status, code).check(&Method::GET).is_ok();
    let (message, code) = (Some("a message".to_owned()), code.map(str::to_owned));
    let api_error = ApiError { error: message, code, ..ApiError::default() };
    let kind = if status.is_success() {
        Kind::Decode(None, status)
    } else {
        Kind::Status(status, Some(api_error))
    };
    let error = Error::new(kind).after(1).with(|d| {
        (d.is_retryable, d.outcome.retry_after) = (is_retryable, retry_after);
    });
    error.about(Target::Number(NumberId::checked("num_1")))
}

/// Returns a client of this server whose waits are short: backoff and
/// [`wait_until_open`](crate::NumberHandle::wait_until_open) begin with 1 ms. A `Retry-After` of the
/// server is still honoured.
///
/// # Errors
/// The errors of [`ClientBuilder::build`](crate::ClientBuilder::build).
pub fn client(server: &MockServer) -> Result<Client, Error> {
    let short = Duration::from_millis(1);
    let builder = Client::builder().api_key("ps_test").base_url(server.base_url());
    builder.retry(RetryPolicy::default().base_delay(short)).poll_delay(short).build()
}

/// A response in a [`sequence`].
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: String,
}

impl Answer {
    /// Returns a 200 with this value, such as [`number`], [`status`] or [`number_list`].
    ///
    /// # Panics
    /// If the value is not JSON. Every value of this crate is.
    #[must_use]
    pub fn ok(value: &impl Serialize) -> Self {
        let body = serde_json::to_string(value).expect("the value is serializable");
        Self { status: 200, retry_after: None, body }
    }

    /// Returns an error of this status, with a code such as `NUMBER_SCOPE_NOT_ALLOWED`; an empty one is
    /// omitted.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Self {
        let mut body = json!({ "error": "a sentence" });
        if !code.is_empty() {
            body["code"] = code.into();
        }
        Self { status, retry_after: None, body: body.to_string() }
    }

    /// Adds a `Retry-After` header, such as `0` or `30`.
    #[must_use]
    pub fn retry_after(self, value: &str) -> Self {
        Self { retry_after: Some(value.to_owned()), ..self }
    }

    fn response(&self) -> HttpMockResponse {
        let retry_after = self.retry_after.iter().map(|value| ("retry-after", value.as_str()));
        let headers = [("content-type", "application/json")].into_iter().chain(retry_after);
        let response = HttpMockResponse::builder().status(self.status).headers(headers);
        response.body(self.body.clone()).build()
    }
}

/// Makes a server return these responses in turn, to requests of any operation. The last one is
/// repeated.
///
/// ```
/// use pilot_status::mock::{self, Answer, httpmock::MockServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), pilot_status::Error> {
/// let server = MockServer::start_async().await;
/// mock::sequence(&server, [Answer::error(429, "").retry_after("0"), Answer::ok(&mock::number())]);
/// assert_eq!(mock::client(&server)?.number("num_1").get().await?.id, "num_1");
/// # Ok(()) }
/// ```
///
/// # Panics
/// If there is no response.
pub fn sequence(server: &MockServer, answers: impl IntoIterator<Item = Answer>) -> Mock<'_> {
    let answers: Vec<_> = answers.into_iter().collect();
    assert!(!answers.is_empty(), "a sequence has at least one response");
    let requests = AtomicUsize::new(0);
    server.mock(|when, then| {
        when.path_prefix("/v1/numbers");
        then.respond_with(move |_: &HttpMockRequest| {
            let at = requests.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            answers[at].response()
        });
    })
}

/// Returns an item of the list of numbers: a connected number with this id and phone number.
#[must_use]
pub fn summary(id: &str, phone: &str) -> NumberSummary {
    NumberSummary {
        number: Some(phone.to_owned()),
        state: Some(ConnectionState::Open),
        is_fully_connected: Some(true),
        ..fixture(json!({ "id": id }))
    }
}

/// Returns the list of these numbers.
#[must_use]
pub fn number_list(numbers: impl IntoIterator<Item = NumberSummary>) -> NumberList {
    NumberList { numbers: numbers.into_iter().collect(), ..NumberList::default() }
}

/// Returns the table of a watch that has just received these results, each with its id, for tests of
/// code that reads a table. It needs no server and no runtime.
///
/// ```
/// use std::time::Duration;
///
/// use pilot_status::{ErrorKind, mock};
///
/// let failure = mock::error(ErrorKind::Server);
/// let table = mock::fleet_table([("num_1", Ok(mock::red_number())), ("num_2", Err(failure))]);
/// let entry = table.fresh("num_1", Duration::from_secs(60)).unwrap();
/// assert_eq!(entry.seen.to_string(), "degraded: quality RED");
/// let reason = table.fresh("num_2", Duration::from_secs(60)).unwrap_err();
/// assert_eq!(reason.to_string(), "the last call failed: server 500");
/// ```
///
/// # Panics
/// If an id is not one that a [`NumberId`] can have, such as an empty one.
#[must_use]
pub fn fleet_table<'a>(
    results: impl IntoIterator<Item = (&'a str, Result<Number, Error>)>,
) -> FleetTable {
    let with_id = |(id, result)| (NumberId::try_from(id).expect("the id is valid"), result);
    FleetTable::sample(results.into_iter().map(with_id))
}

/// Makes a server respond to the list of numbers, and to [`get`](crate::NumberHandle::get) and
/// [`refresh`](crate::NumberHandle::refresh) of each, for tests of a watch. Each number has this id.
///
/// ```
/// use pilot_status::mock::{self, httpmock::MockServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), pilot_status::Error> {
/// let server = MockServer::start_async().await;
/// let numbers = mock::fleet(&server, [("num_1", mock::number()), ("num_2", mock::red_number())]);
/// assert_eq!(mock::client(&server)?.list_numbers().await?.len(), 2);
/// numbers.delete_async().await; // before other responses
/// # Ok(()) }
/// ```
pub fn fleet<'a, 'b>(
    server: &'a MockServer,
    numbers: impl IntoIterator<Item = (&'b str, Number)>,
) -> Mock<'a> {
    let with_id = |(id, number): (&str, _)| Number { id: id.to_owned(), ..number };
    let numbers: Vec<_> = numbers.into_iter().map(with_id).collect();
    server.mock(|when, then| {
        when.path_prefix("/v1/numbers");
        then.respond_with(move |request: &HttpMockRequest| match requested_id(request) {
            None => Answer::ok(&json!({ "numbers": numbers })).response(),
            Some(id) => match numbers.iter().find(|number| number.id == id) {
                Some(number) => Answer::ok(number).response(),
                None => Answer::error(404, "").response(),
            },
        });
    })
}

/// Returns the live connection state of number `num_1`.
#[must_use]
pub fn status(state: ConnectionState) -> NumberStatus {
    NumberStatus {
        id: Some("num_1".to_owned()),
        state: Some(state),
        stale: Some(false),
        ..NumberStatus::default()
    }
}

/// Returns the result of a removal, which can be undone for 30 days.
#[must_use]
pub fn removed() -> NumberRemoved {
    let until = DateTime::<Utc>::from(clock::wall()) + TimeDelta::days(30);
    NumberRemoved {
        ok: Some(true),
        restorable_until: Some(until.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ..NumberRemoved::default()
    }
}

/// Returns a number of Meta's official API that is ready to send. Its id is `num_1`, its phone number
/// `+5511999999999`, and its snapshot is from now. Its fields can be set:
///
/// ```
/// let mut number = pilot_status::mock::number();
/// number.number = Some("+5511988880001".to_owned());
/// ```
#[must_use]
pub fn number() -> Number {
    number_at(clock::wall().into())
}

/// Returns the same number as [`number`], with a snapshot of this date.
#[must_use]
pub fn number_at(date: DateTime<Utc>) -> Number {
    fixture(json!({
        "id": "num_1", "number": "+5511999999999", "name": "Support", "provider": "META", "state": "OPEN",
        "isFullyConnected": true,
        "health": {
            "qualityRating": "GREEN", "messagingLimitTier": "TIER_2K", "metaStatus": "CONNECTED", "sendable": true,
        },
        "meta": {
            "fetchedAt": date.to_rfc3339_opts(SecondsFormat::Millis, true),
            "phone": { "displayPhoneNumber": "+55 11 99999-9999", "verifiedName": "Example", "status": "CONNECTED" },
            "waba": { "id": "waba_1", "businessVerificationStatus": "verified", "accountReviewStatus": "APPROVED" },
            "errors": {},
        },
    }))
}

/// Returns a number that was paired by QR code: connected, and without `meta`.
#[must_use]
pub fn qr_number() -> Number {
    fixture(json!({
        "id": "num_1", "number": "+5511999999999", "provider": "PILOT_STATUS", "state": "OPEN",
        "isFullyConnected": true, "meta": null,
    }))
}

/// Returns a number that Meta has banned.
#[must_use]
pub fn blocked_number() -> Number {
    with_health(|health| health.meta_status = Some(PhoneStatus::Banned))
}

/// Returns a number that can send, with quality `RED`.
#[must_use]
pub fn red_number() -> Number {
    with_health(|health| health.quality_rating = Some(QualityRating::Red))
}

fn with_health(change: impl FnOnce(&mut NumberHealth)) -> Number {
    let mut number = number();
    number.health.as_mut().map(change);
    number
}

/// Makes a server answer a request for any number with [`number`] under the requested id, and
/// reject each `nth` request with a 429 and this `Retry-After`.
#[expect(clippy::must_use_candidate, reason = "the server keeps the mock")]
pub fn rate_limited<'a>(server: &'a MockServer, nth: usize, retry_after: &str) -> Mock<'a> {
    let (requests, retry_after) = (AtomicUsize::new(0), retry_after.to_owned());
    server.mock(|when, then| {
        when.path_prefix("/v1/numbers/");
        then.respond_with(move |request: &HttpMockRequest| {
            let count = requests.fetch_add(1, Ordering::Relaxed) + 1;
            if count.is_multiple_of(nth.max(1)) {
                return Answer::error(429, "").retry_after(&retry_after).response();
            }
            let id = requested_id(request).unwrap_or_default();
            Answer::ok(&Number { id, ..number() }).response()
        });
    })
}

/// Returns the id in the path of a request; `None` for the list.
fn requested_id(request: &HttpMockRequest) -> Option<String> {
    let uri = request.uri();
    let id = uri.path().strip_prefix("/v1/numbers/")?.split('/').next()?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

fn fixture<T: DeserializeOwned>(json: Value) -> T {
    // The tests of this crate decode every fixture, so this cannot fail for users.
    serde_json::from_value(json).expect("a fixture can be decoded")
}
