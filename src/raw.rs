//! The generated client, for operations that the hand-written client does not offer.
//! [`Client::raw`](crate::Client::raw) returns it.
//!
//! Retries, pacing, limits and the key are the same. Its errors carry less than
//! [`pilot_status::Error`](crate::Error): they have no attempts and no hints. Their `Display` may
//! quote a response body, so do not log it.
//!
//! | Outcome, after retries | Error of a raw call |
//! |---|---|
//! | a documented error response | `ErrorResponse` |
//! | another error response, or a success status other than 200 | `InvalidResponsePayload` or `UnexpectedResponse` |
//! | a 200 whose body is not as documented, or would need a repair | `InvalidResponsePayload`, with the body |
//! | no connection, or one that breaks | `CommunicationError` |
//! | a timeout, a body over the limit, or a turn that would miss the deadline | `Custom`, with a sentence |
//! | a request that does not go to the configured host | `InvalidRequest` |
//!
//! Clone a raw client from [`Client::raw`](crate::Client::raw). To make one with another base URL,
//! call [`Client::new`] with an [`Inner`], which [`ClientInfo::inner`] of a raw client returns. The
//! `Inner` brings the HTTP client, and still sends the key to the configured host only.

pub use progenitor_client::{ClientInfo, ResponseValue};

pub use crate::{ext::client::bridge::Inner, generated::Client};

/// The error of a raw call.
pub type Error = progenitor_client::Error<crate::types::ApiError>;
