//! The code that a careful user would write by hand: a closed struct of the documented fields.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only decoded")]
#[expect(clippy::struct_field_names, reason = "the API's name")]
pub(crate) struct Number {
    pub(crate) id: String,
    number: Option<String>,
    name: Option<String>,
    provider: Option<String>,
    state: Option<String>,
    is_fully_connected: Option<bool>,
    health: Option<Health>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only decoded")]
struct Health {
    quality_rating: Option<String>,
    messaging_limit_tier: Option<String>,
    meta_status: Option<String>,
    sendable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only decoded")]
struct Meta {
    fetched_at: Option<String>,
    phone: Option<Phone>,
    profile: Option<Profile>,
    waba: Option<Waba>,
    errors: Option<Errors>,
}

#[derive(Deserialize)]
struct Errors {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only decoded")]
struct Phone {
    display_phone_number: Option<String>,
    verified_name: Option<String>,
    quality_rating: Option<String>,
    status: Option<String>,
    code_verification_status: Option<String>,
    name_status: Option<String>,
    platform_type: Option<String>,
    throughput: Option<Throughput>,
    messaging_limit_tier: Option<String>,
    business_manager_messaging_limit: Option<String>,
    account_mode: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only decoded")]
struct Throughput {
    level: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only decoded")]
struct Profile {
    about: Option<String>,
    email: Option<String>,
    websites: Option<Vec<String>>,
    vertical: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only decoded")]
struct Waba {
    id: Option<String>,
    name: Option<String>,
    currency: Option<String>,
    business_verification_status: Option<String>,
    account_review_status: Option<String>,
    ownership_type: Option<String>,
}
