//! Files of the repository: read with an error that names them, and replaced all together or not at
//! all.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// A file that is to have this text.
pub(crate) struct Change {
    /// The path in the repository.
    pub(crate) path: String,
    /// The text.
    pub(crate) text: String,
}

/// Enough for any source.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = fs::metadata(path).context("expected a text file")?.len();
    ensure!(bytes <= MOST_BYTES, "expected at most {MOST_BYTES} bytes, found {bytes}");
    fs::read_to_string(path).context("expected a text file")
}

/// Reads a text file that may be missing.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Replaces the files. Each is written beside its place first, so that most failures
/// come before any file is touched, and a reader sees the old or the new file, never a part.
pub(crate) fn replace(root: &Path, changes: &[Change]) -> Result<()> {
    let mut ready = Vec::new();
    for change in changes {
        ready.push(prepare(&root.join(&change.path), &change.text).context(change.path.clone())?);
    }
    for (file, change) in ready.into_iter().zip(changes) {
        file.persist(root.join(&change.path)).context(change.path.clone())?;
    }
    Ok(())
}

/// Writes the text of a change beside its place; it vanishes unless it is put there.
fn prepare(path: &Path, text: &str) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".regen-");
    // A temporary file is its owner's alone otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(path.parent().unwrap_or(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Change, replace};

    #[test]
    fn files_are_replaced_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let change =
            |name: &str, text: &str| Change { path: name.to_owned(), text: text.to_owned() };
        fs::write(path("a"), "old").unwrap();
        assert!(replace(folder.path(), &[change("a", "new"), change("missing/b", "new")]).is_err());
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        replace(folder.path(), &[change("a", "new"), change("b", "new")]).unwrap();
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(path("b")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
