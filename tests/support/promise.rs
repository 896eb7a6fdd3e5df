//! What holds of a number whatever was sent, for the tests and for `fuzz/`. A broken promise
//! panics.

use pilot_status::types::Number;

/// What decodes stays the same when it is encoded and decoded again, and every question about it
/// has an answer.
pub fn of_number(body: &[u8]) {
    let Ok(number) = serde_json::from_slice::<Number>(body) else { return };
    let encoded = serde_json::to_vec(&number).expect("a number can be encoded");
    let again: Number = serde_json::from_slice(&encoded).expect("and decoded again");
    assert_eq!(again, number);
    let now = number.fetched_at().unwrap_or_default();
    let _ = (number.is_meta(), number.is_connected(), number.is_sendable(), number.quality());
    let _ = (number.meta_status(), number.messaging_limit(), number.verified_name());
    let _ = (number.display_phone_number(), number.waba_id(), number.snapshot_age(now));
    let _ = format!("{number:?} {:?}", number.readiness());
}
