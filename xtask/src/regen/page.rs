//! The OpenAPI document inside a documentation page: a fenced block whose info string begins with
//! yaml or json.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::yaml;

/// A page: the document, and the text around it.
pub(crate) struct Page {
    pub(crate) document: Value,
    /// All lines in their places, where those of the document are empty.
    pub(crate) prose: String,
}

/// Takes the document out of the page; errors give lines and columns of the page.
///
/// A block of data is the document if it has the field `openapi`; others are samples.
pub(crate) fn extract(page: &str) -> Result<Page> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found: Option<(Range<usize>, Value)> = None;
    for block in blocks(&lines)? {
        // Blank lines stand for what precedes the block, so that the parser counts the lines of the
        // page.
        let text = "\n".repeat(block.start) + &lines[block.clone()].join("\n");
        let document: Value = yaml::parse(&text)?;
        if document.get("openapi").is_none() {
            continue;
        }
        if let Some((first, _)) = found {
            let (first, second) = (first.start, block.start);
            bail!("expected one OpenAPI document, found two, at lines {first} and {second}");
        }
        found = Some((block, document));
    }
    let (block, document) = found.context(
        "expected a fenced block whose info string begins with yaml or json, with the field `openapi`, found none: is it a documentation page in Markdown?",
    )?;
    let prose = lines.iter().enumerate();
    let prose = prose.map(|(n, line)| if block.contains(&n) { "" } else { line });
    Ok(Page { document, prose: prose.collect::<Vec<_>>().join("\n") })
}

/// Returns the lines inside each block of data, counted from 0. A line that starts with three or
/// more backticks opens a block; a line of as many or more, and nothing else, closes it.
fn blocks(lines: &[&str]) -> Result<Vec<Range<usize>>> {
    let mut blocks = Vec::new();
    // The length and the info string of the fence, and the first line inside.
    let mut open = None;
    for (number, line) in lines.iter().enumerate() {
        let info = line.trim_start_matches('`');
        let (length, info) = (line.len() - info.len(), info.trim());
        match open {
            None if length >= 3 => open = Some((length, info, number + 1)),
            Some((least, opened, start)) if length >= least && info.is_empty() => {
                if opened.starts_with("yaml") || opened.starts_with("json") {
                    blocks.push(start..number);
                }
                open = None;
            }
            _ => {}
        }
    }
    if let Some((.., start)) = open {
        bail!("the fenced block that opens at line {start} is never closed: is the page complete?");
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::extract;

    #[test]
    fn block_is_found_in_fence() {
        let table = [
            ("four backticks", "````yaml openapi.json GET /v1/x\nopenapi: 1\n````"),
            ("json", "```json\n{\n\t\"openapi\": 1\n}\n```\n"),
            ("carriage returns", "# T\r\n\r\n```yaml\r\nopenapi: 1\r\n```\r\n"),
            ("samples", "```json\n[]\n```\n```json\n{\"a\": 1}\n```\n```yaml\nopenapi: 1\n```\n"),
            (
                "a fence shown in another",
                "````md\n```yaml\nb: 2\n```\n````\n```yaml\nopenapi: 1\n```\n",
            ),
        ];
        for (name, page) in table {
            assert_eq!(extract(page).expect(name).document, json!({ "openapi": 1 }), "{name}");
        }
    }

    #[test]
    fn bomb_of_aliases_is_an_error() {
        let mut bomb = "```yaml\nopenapi: 3.1.0\na0: &a0 [x, x]\n".to_owned();
        for n in 1..40 {
            bomb += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1);
        }
        let error = format!("{:#}", extract(&(bomb + "```\n")).err().unwrap());
        assert!(error.len() < 1_000, "{error}");
    }

    #[test]
    fn incomplete_document_is_an_error_in_page_coordinates() {
        let table = [
            ("# Title\n", "found none"),
            ("```yaml\na: 1\n```\n    ```yaml\n    openapi: 1\n    ```\n", "found none"),
            ("<!doctype html><html><body>```yaml</body></html>", "is it a documentation page"),
            ("# T\n\n```yaml\na: 1\n", "opens at line 3 is never closed"),
            (
                "```yaml\nopenapi: 1\n```\n\n```json\n{\"openapi\": 2}\n```\n",
                "expected one OpenAPI document, found two, at lines 1 and 5",
            ),
            ("```yaml\nopenapi: 1\n```\n```yaml\na: [\n```\n", "line 5, column 4"),
            ("# T\r\n\r\n```yaml\r\na: 1\r\nb: 1\r\na: 2\r\n```\r\n", "line 6, column 1"),
        ];
        for (page, expected) in table {
            let error = format!("{:#}", extract(page).err().unwrap());
            assert!(error.contains(expected), "{page:?} gave {error}");
        }
    }
}
