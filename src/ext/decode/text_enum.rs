//! The traits of an enum whose values have names.

/// Implements `Display`, serde and the JSON schema by `as_str`, `FromStr` and the list of known
/// values. The schema is open, because later versions may know more values.
macro_rules! text_enum {
    ($name:ident, $known:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Serializes it as its name.
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = <::std::borrow::Cow<'_, str> as ::serde::Deserialize>::deserialize(from)?;
                name.parse().map_err(::serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let names = Self::$known.iter().map(|value| value.as_str()).collect::<Vec<_>>();
                ::schemars::json_schema!({ "type": "string", "x-extensible-enum": names })
            }
        }
    };
}
pub(crate) use text_enum;
