//! Checks the id of a number. It becomes a path segment of a URL, so an id that would lead elsewhere is
//! rejected.

use std::str::FromStr;

use super::credential::trim;
use crate::ext::{error::Error, number_id::NumberId};

/// The number of characters of a rejected id that its error quotes.
const SHOWN_CHARS: usize = 64;

impl FromStr for NumberId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self, Error> {
        let id = trim(id);
        let fault = match id {
            "" => "is empty: pass the id of a number, such as num_01HZX",
            "." | ".." => {
                "is a dot segment, which would leave /v1/numbers/: pass the id of a number, such as num_01HZX"
            }
            id if id.contains(|c: char| c.is_control() || c == '\\') => {
                "contains a control character or a backslash: check its source"
            }
            _ => return Ok(Self::checked(id)),
        };
        let start: String = id.chars().take(SHOWN_CHARS).collect();
        let more = if start.len() < id.len() { "…" } else { "" };
        Err(Error::invalid_input(format!("the number id {start:?}{more} {fault}")))
    }
}

macro_rules! try_from {
    ($($text:ty)+) => {$(
        impl TryFrom<$text> for NumberId {
            type Error = Error;

            fn try_from(id: $text) -> Result<Self, Error> {
                id.parse()
            }
        }
    )+};
}

try_from!(&str &String String);
