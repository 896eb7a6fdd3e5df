//! What holds of a number whatever was sent, for the tests and for `fuzz/`. A broken promise panics.

use pilot_status::{
    Error,
    types::{ApiError, Number},
};

/// What decodes stays the same when it is encoded and decoded again, and every question about it has an answer; of what does not, an
/// error tells the place, in few words.
pub(crate) fn of_number(body: &[u8]) {
    let number: Number = match serde_json::from_slice(body) {
        Ok(number) => number,
        Err(misfit) => return of_misfit(body, misfit),
    };
    let encoded = serde_json::to_vec(&number).expect("a number can be encoded");
    let again: Number = serde_json::from_slice(&encoded).expect("and decoded again");
    assert_eq!(again, number);
    let now = number.fetched_at().unwrap_or_default();
    let _ = (number.is_meta(), number.is_connected(), number.is_sendable(), number.quality());
    let _ = (number.meta_status(), number.messaging_limit(), number.verified_name());
    let _ = (number.display_phone_number(), number.waba_id(), number.snapshot_age(now));
    let _ = format!("{number:?} {:?}", number.readiness());
}

fn of_misfit(body: &[u8], misfit: serde_json::Error) {
    let body = body.to_vec().into();
    let error = progenitor_client::Error::<ApiError>::InvalidResponsePayload(body, misfit);
    let error = Error::from(error);
    assert!(error.is_decode());
    // 128 levels, each with a name of at most 40 bytes.
    assert!(error.to_string().len() < 6_000, "{} bytes", error.to_string().len());
}
