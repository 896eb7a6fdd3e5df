//! Measures pacing in virtual time, with the crate's own pacer.
//!
//! `cargo bench --package pacing` writes the tables of `docs/measured/pacing.md`, and
//! `docs/guide/pacing.svg`.

mod best;
mod limiter;
mod play;
mod plot;
mod setting;
mod table;

use std::{error::Error, fs, path::Path};

type Table = (&'static str, fn() -> String);
/// The tables of the page. Each replaces the text after the mark with its name.
const TABLES: [Table; 2] = [("loads", table::loads), ("hard loads", table::hard_loads)];

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = docs.join("measured/pacing.md");
    let mut text = fs::read_to_string(&page)?;
    for (name, table) in TABLES {
        let begin = format!("<!-- {name} -->\n");
        let (before, rest) = text.split_once(&begin).ok_or("the page lacks a table")?;
        let (_, after) = rest.split_once("<!-- end -->").ok_or("a table of the page has no end")?;
        text = format!("{before}{begin}{}<!-- end -->{after}", table());
    }
    print!("{text}");
    fs::write(page, text)?;
    fs::write(docs.join("guide/pacing.svg"), plot::svg())?;
    Ok(())
}
