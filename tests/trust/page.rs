//! The tables of docs/measured/trust.md. Each is between two marks, and written by one build of the
//! tests. A row has all faults with the same outcomes.

use std::{env, fs};

use support::faults::Fault;

use crate::CALLS;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/measured/trust.md");
const HEAD: &str = "| faults | get, refresh | status | delete | within |\n|---|---|---|---|---|\n";

/// A table of the page.
pub(crate) struct Part {
    table: String,
}

impl Part {
    pub(crate) fn read(name: &str) -> Self {
        let page = fs::read_to_string(PAGE).unwrap();
        let (_, rest) = page.split_once(&format!("<!-- {name} -->\n")).unwrap();
        Self { table: rest.split_once("<!-- end -->").unwrap().0.to_owned() }
    }

    /// Returns a cell of the page; `None` if the page is being written.
    pub(crate) fn cell(&self, fault: &str, call: &str) -> Option<&str> {
        let mut rows = self.table.lines().map(|row| row.trim_matches(['|', ' ']).split(" | "));
        let row = rows.find(|row| row.clone().next().unwrap().split("; ").any(|f| f == fault));
        let column = 1 + CALLS.iter().position(|other| *other == call)?;
        row.filter(|_| !is_written())?.nth(column)
    }

    /// Asserts that the page has these outcomes; writes them if `UPDATE_EXPECT` is set. `cells` has
    /// the outcomes of all calls, fault by fault.
    pub(crate) fn compare(&self, faults: &[impl AsRef<Fault>], cells: &[String]) {
        let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
        for (fault, cells) in faults.iter().map(AsRef::as_ref).zip(cells.chunks(CALLS.len())) {
            let outcomes = format!("{} | {}", cells.join(" | "), fault.time);
            match rows.iter_mut().find(|(of, _)| *of == outcomes) {
                Some((_, names)) => names.push(fault.name),
                None => rows.push((outcomes, vec![fault.name])),
            }
        }
        let row =
            |(outcomes, names): &(_, Vec<_>)| format!("| {} | {outcomes} |\n", names.join("; "));
        let table = HEAD.to_owned() + &rows.iter().map(row).collect::<String>();
        if is_written() {
            // The other test may have written its part since this one began.
            let page = fs::read_to_string(PAGE).unwrap();
            fs::write(PAGE, page.replace(&self.table, &table)).unwrap();
            return;
        }
        let rerun = "docs/measured/trust.md is out of date, run with UPDATE_EXPECT=1";
        assert!(self.table == table, "{rerun}; found:\n{table}");
    }
}

fn is_written() -> bool {
    env::var_os("UPDATE_EXPECT").is_some()
}
