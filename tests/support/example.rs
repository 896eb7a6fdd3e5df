//! The number of the API's documentation.

use pilot_status::types::Number;
use serde_json::Value;

/// Its id. A [`Server`](crate::Server) puts the one that is asked for in its place.
pub const DOCUMENTED_ID: &str = "num_01HZX...";

/// The example of a number in the documentation.
pub fn example() -> Value {
    let spec: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    spec["paths"]["/v1/numbers/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["example"]
        .clone()
}

/// A number of this JSON.
pub fn number(json: &Value) -> Number {
    serde_json::from_value(json.clone()).unwrap()
}
