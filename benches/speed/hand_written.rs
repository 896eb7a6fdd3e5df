//! The code that a careful user would write by hand: closed structs of the documented fields.

use serde::Deserialize;

macro_rules! structs {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {$(
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(dead_code, clippy::struct_field_names, reason = "it is only decoded")]
        pub(crate) struct $name { $($field: $type,)* }
    )*};
}

type Text = Option<String>;

structs! {
    Number {
        id: String,
        number: Text,
        name: Text,
        provider: Text,
        state: Text,
        is_fully_connected: Option<bool>,
        health: Option<Health>,
        meta: Option<Meta>,
    }
    Health {
        quality_rating: Text,
        messaging_limit_tier: Text,
        meta_status: Text,
        sendable: Option<bool>,
    }
    Meta {
        fetched_at: Text,
        phone: Option<Phone>,
        profile: Option<Profile>,
        waba: Option<Waba>,
        errors: Option<Errors>,
    }
    Errors {}
    Phone {
        display_phone_number: Text,
        verified_name: Text,
        quality_rating: Text,
        status: Text,
        code_verification_status: Text,
        name_status: Text,
        platform_type: Text,
        throughput: Option<Throughput>,
        messaging_limit_tier: Text,
        business_manager_messaging_limit: Text,
        account_mode: Text,
    }
    Throughput { level: Text, }
    Profile { about: Text, email: Text, websites: Option<Vec<String>>, vertical: Text, }
    Waba {
        id: Text,
        name: Text,
        currency: Text,
        business_verification_status: Text,
        account_review_status: Text,
        ownership_type: Text,
    }
}
