//! A list of problems, so that one run reports all.

use anyhow::{Result, bail};

/// Fails with all problems, if there are any.
pub(crate) fn none(problems: &[String]) -> Result<()> {
    match problems {
        [] => Ok(()),
        [one] => bail!("{one}"),
        several => bail!("{} problems:\n- {}", several.len(), several.join("\n- ")),
    }
}
