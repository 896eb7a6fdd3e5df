//! The example number from the API documentation.

use pilot_status::types::Number;
use serde_json::Value;

/// The id of the example. A [`Server`](crate::Server) replaces it with the requested id.
pub const DOCUMENTED_ID: &str = "num_01HZX...";

/// Returns the example number from the documentation.
pub fn example() -> Value {
    let spec: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    spec["paths"]["/v1/numbers/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["example"]
        .clone()
}

pub fn number(json: &Value) -> Number {
    serde_json::from_value(json.clone()).unwrap()
}
