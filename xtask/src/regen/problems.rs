//! A list of problems, so that one run reports all.

use anyhow::{Error, Result};

#[derive(Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    pub(crate) fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    pub(crate) fn end(self) -> Result<()> {
        match &self.0[..] {
            [] => Ok(()),
            [one] => Err(Error::msg(one.clone())),
            several => {
                let list = several.iter().map(|problem| format!("\n- {problem}"));
                Err(Error::msg(format!("{} problems:{}", several.len(), list.collect::<String>())))
            }
        }
    }
}
