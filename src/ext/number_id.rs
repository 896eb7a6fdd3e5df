//! [`NumberId`], the id of a number. `client::parse_id` checks its text.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

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
    /// Returns an id whose text was checked.
    pub(crate) fn checked(id: &str) -> Self {
        Self(id.into())
    }

    /// Returns the id without percent-encoding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

impl PartialEq<str> for NumberId {
    fn eq(&self, id: &str) -> bool {
        self.as_str() == id
    }
}

impl PartialEq<&str> for NumberId {
    fn eq(&self, id: &&str) -> bool {
        self.as_str() == *id
    }
}

impl fmt::Display for NumberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
