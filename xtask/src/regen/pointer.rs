//! JSON pointers as text (RFC 6901), for messages and references.

/// The pointer to a field of what `parent` points to.
pub(crate) fn child(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}
