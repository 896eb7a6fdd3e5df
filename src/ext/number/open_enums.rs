//! The open enums. Meta adds values at any time: an unknown value is retained unchanged in `Other`.
//! A known value is recognized in any case, since endpoints differ, and is written in its
//! documented spelling. Their values come from `openapi.json`.

use std::{convert::Infallible, str::FromStr};

use crate::ext::{
    decode::{field::Field, text_enum::text_enum},
    error::plain::plain_or_withheld,
};

/// Methods of all open enums, for the rest of the crate.
pub(crate) trait OpenEnum: AsRef<str> + for<'a> From<&'a str> {
    /// Returns the value as the API spells it, if this version of the crate knows it.
    fn known(&self) -> Option<&str>;

    /// Returns the value in a form that may be printed and stored: an unknown value only if it is a
    /// plain code.
    fn printable(&self) -> &str {
        self.known().unwrap_or_else(|| plain_or_withheld(self.as_ref()))
    }

    /// Returns the value without free text of the server: an unknown value that is no plain code
    /// becomes `withheld`.
    fn without_free_text(&self) -> Self {
        self.printable().into()
    }
}

macro_rules! open_enums {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("\n\nSent as `", $text, "`.")] $variant,)+
            /// A value that this version of the crate does not know, with its original text.
            Other(String),
        }

        impl $name {
            /// The values that this version of the crate knows.
            pub const KNOWN: &[Self] = &[$(Self::$variant,)+];

            /// Returns the value as the API spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl OpenEnum for $name {
            fn known(&self) -> Option<&str> {
                if let Self::Other(_) = self { None } else { Some(self.as_str()) }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    $(_ if text.eq_ignore_ascii_case($text) => Self::$variant,)+
                    _ => Self::Other(text.to_owned()),
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Infallible> {
                Ok(text.into())
            }
        }

        text_enum!($name, KNOWN);

        impl Field for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    )+};
}

// Written by `build/open_enums.rs`.
include!(concat!(env!("OUT_DIR"), "/open_enums.rs"));
