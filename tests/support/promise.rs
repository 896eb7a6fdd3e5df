//! Invariants of a number for every input. A violation panics.

use pilot_status::types::Number;

/// Checks that a decoded number survives a round trip and that no accessor panics.
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
