//! The generated client, for what the hand-written one does not offer:
//! [`Client::raw`](crate::Client::raw).
//!
//! Retry, pacing, limits and the key are the same under it. Its errors know less than
//! [`pilot_status::Error`](crate::Error): neither attempts nor hints, and their `Display` may quote
//! the body of an answer, so do not log it.
//!
//! | What happens, after retries | What a raw call returns |
//! |---|---|
//! | the API refuses, with an error that is documented | `ErrorResponse` |
//! | it refuses in another way, or answers a success other than 200 | `InvalidResponsePayload` or `UnexpectedResponse` |
//! | a 200 has a body that is not as documented, or would have to be mended | `InvalidResponsePayload`, with the body |
//! | there is no connection, or it breaks | `CommunicationError` |
//! | a timeout, a body over the limit, a turn that would come too late | `Custom`, with a sentence |
//! | the request is not for the configured host | `InvalidRequest` |
//!
//! A raw client is cloned from [`Client::raw`](crate::Client::raw). [`Client::new`] makes one with
//! another base URL; it takes an [`Inner`], which [`ClientInfo::inner`] of a raw client gives. The
//! `Inner` brings the HTTP client, and still sends the key to the configured host only.

pub use progenitor_client::{ClientInfo, ResponseValue};

pub use crate::{ext::client::bridge::Inner, generated::Client};

/// What a raw call fails with.
pub type Error = progenitor_client::Error<crate::types::ApiError>;
