//! The id of a number. It becomes a path segment of a URL, so an id that would lead elsewhere is
//! rejected.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::trim::trimmed;
use crate::ext::error::Error;

/// The number of characters of a rejected id that its error quotes.
const SHOWN_CHARS: usize = 64;

/// The opaque id of a number: one path segment of `/v1/numbers/{id}`. Cloning is cheap.
///
/// Ids that would reach another resource are rejected: the empty id (the collection), `.` and `..`
/// (dot segments, [RFC 3986, section 5.2.4]), and ids with control characters or a backslash, which
/// URL parsers drop or treat as a slash. Blanks, line breaks, quotes and a byte order mark at the
/// ends are removed, since files often add them. Everything else is percent-encoded and sent as one
/// segment.
///
/// ```
/// use pilot_status::NumberId;
///
/// assert!("num_1".parse::<NumberId>().is_ok());
/// assert!("a/b".parse::<NumberId>().is_ok());
/// assert_eq!(" num_1\n".parse::<NumberId>()?.as_str(), "num_1");
/// assert!("..".parse::<NumberId>().unwrap_err().is_invalid_input());
/// # Ok::<(), pilot_status::Error>(())
/// ```
///
/// [RFC 3986, section 5.2.4]: https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct NumberId(Arc<str>);

impl NumberId {
    /// Returns the id without percent-encoding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NumberId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self, Error> {
        let id = trimmed(id);
        let fault = match id.as_str() {
            "" => "is empty: pass the id of a number, such as num_01HZX",
            "." | ".." => {
                "is a dot segment, which would leave /v1/numbers/: pass the id of a number, such as num_01HZX"
            }
            id if id.contains(|c: char| c.is_control() || c == '\\') => {
                "contains a control character or a backslash: check its source"
            }
            _ => return Ok(Self(id.into())),
        };
        let start: String = id.chars().take(SHOWN_CHARS).collect();
        let more = if start.len() < id.len() { "…" } else { "" };
        Err(Error::invalid_input(format!("the number id {start:?}{more} {fault}")))
    }
}

impl TryFrom<&str> for NumberId {
    type Error = Error;

    fn try_from(id: &str) -> Result<Self, Error> {
        id.to_owned().try_into()
    }
}

impl TryFrom<&String> for NumberId {
    type Error = Error;

    fn try_from(id: &String) -> Result<Self, Error> {
        id.clone().try_into()
    }
}

impl FromStr for NumberId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self, Error> {
        id.try_into()
    }
}

impl From<NumberId> for String {
    fn from(id: NumberId) -> Self {
        id.as_str().to_owned()
    }
}

impl From<&NumberId> for String {
    fn from(id: &NumberId) -> Self {
        id.as_str().to_owned()
    }
}

impl AsRef<str> for NumberId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for NumberId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NumberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
