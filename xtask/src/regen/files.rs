//! Files of the repository: read with an error that names them, and replaced all together or not at
//! all.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// A file that is to have this text.
pub(crate) struct Change {
    /// Where.
    pub(crate) path: PathBuf,
    /// What.
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

/// Replaces the files. Each is written beside its place first, so that what may fail has failed
/// before any is touched, and whoever reads one meanwhile sees the old or the new one, never a
/// part.
pub(crate) fn replace(changes: &[Change]) -> Result<()> {
    let mut ready = Vec::new();
    for change in changes {
        ready.push(prepare(change).with_context(|| change.path.display().to_string())?);
    }
    for (file, change) in ready.into_iter().zip(changes) {
        file.persist(&change.path).with_context(|| change.path.display().to_string())?;
    }
    Ok(())
}

/// Writes the text of a change beside its place; it vanishes unless it is put there.
fn prepare(change: &Change) -> Result<NamedTempFile> {
    let folder = change.path.parent().filter(|path| !path.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".regen-");
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(change.text.as_bytes())?;
    open_to_all(file.as_file())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives a temporary file, which is its owner's alone, the rights of any other file.
#[cfg(unix)]
fn open_to_all(file: &fs::File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.set_permissions(fs::Permissions::from_mode(0o644))?)
}

/// Elsewhere its rights are those of its folder.
#[cfg(not(unix))]
fn open_to_all(_: &fs::File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Change, replace};

    #[test]
    fn either_all_files_are_replaced_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let change = |name: &str, text: &str| Change { path: path(name), text: text.to_owned() };
        fs::write(path("a"), "old").unwrap();
        assert!(replace(&[change("a", "new"), change("missing/b", "new")]).is_err());
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        replace(&[change("a", "new"), change("b", "new")]).unwrap();
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(path("b")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
