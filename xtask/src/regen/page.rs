//! The OpenAPI document inside a documentation page: the one fenced block whose info string begins with yaml or json.

use std::ops::Range;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::yaml;

/// Takes the document out of the page; errors give lines and columns of the page.
pub(crate) fn extract(page: &str) -> Result<Value> {
    let lines: Vec<&str> = page.lines().collect();
    let blocks = blocks(&lines)?;
    match blocks.as_slice() {
        [block] => parse(&lines, block),
        [] => {
            bail!("expected a fenced block whose info string begins with yaml or json, found none")
        }
        [first, second, ..] => bail!(
            "expected one fenced block of yaml or json, found more, at lines {} and {}",
            first.start,
            second.start
        ),
    }
}

/// The line of a code fence that opens a block.
struct Fence<'a> {
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    /// The fence that a line opens, if it opens one.
    fn open(line: &'a str) -> Option<Self> {
        let (mark, length, info) = split(line)?;
        // A backtick in the info string makes it inline code (CommonMark 4.5).
        let inline = mark == '`' && info.contains('`');
        (!inline).then_some(Self { mark, length, info })
    }

    /// Whether a line ends the block.
    fn is_closed_by(&self, line: &str) -> bool {
        split(line).is_some_and(|(mark, length, rest)| {
            mark == self.mark && length >= self.length && rest.is_empty()
        })
    }

    /// Whether the block may be an OpenAPI document.
    fn holds_data(&self) -> bool {
        self.info.starts_with("yaml") || self.info.starts_with("json")
    }
}

/// Splits a line that begins with a run of three or more fence marks into mark, length of the run, and the rest.
fn split(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = text.trim_start_matches(mark);
    let (indent, length) = (line.len() - text.len(), text.len() - rest.len());
    (indent < 4 && length >= 3).then_some((mark, length, rest.trim()))
}

/// The lines, counted from 0, inside each block of data.
fn blocks(lines: &[&str]) -> Result<Vec<Range<usize>>> {
    let mut blocks = Vec::new();
    let mut current: Option<(Fence, usize)> = None;
    for (number, line) in lines.iter().enumerate() {
        current = match current {
            None => Fence::open(line).map(|fence| (fence, number + 1)),
            Some((fence, start)) if fence.is_closed_by(line) => {
                if fence.holds_data() {
                    blocks.push(start..number);
                }
                None
            }
            open => open,
        };
    }
    if let Some((_, start)) = current {
        bail!("the fenced block that opens at line {start} is never closed: is the page complete?");
    }
    Ok(blocks)
}

/// Reads the document in one block.
fn parse(lines: &[&str], block: &Range<usize>) -> Result<Value> {
    // Blank lines stand for what precedes the block, so that the parser counts the lines of the page.
    let text = "\n".repeat(block.start) + &lines[block.clone()].join("\n");
    let document: Value = yaml::parse(&text)?;
    ensure!(
        document.is_object(),
        "expected an OpenAPI document in the fenced block at line {}, found something else than a mapping",
        block.start
    );
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::extract;

    #[test]
    fn a_block_is_found_whatever_its_fence() {
        let table = [
            ("four backticks", "````yaml openapi.json GET /v1/x\na: 1\n````"),
            ("three backticks", "```yaml\na: 1\n```\n"),
            ("tildes", "~~~yaml\na: 1\n~~~\n"),
            ("a longer closing fence", "```yaml\na: 1\n`````\n"),
            ("json", "```json\n{\n\t\"a\": 1\n}\n```\n"),
            ("carriage returns", "# T\r\n\r\n```yaml\r\na: 1\r\n```\r\n"),
            ("an indented fence", "   ```yaml\n   a: 1\n   ```\n"),
            ("blocks of other languages", "```bash\nls\n```\n\n```yaml\na: 1\n```\n"),
            ("a fence shown in another", "````md\n```yaml\nb: 2\n```\n````\n```yaml\na: 1\n```\n"),
            ("inline code that looks like a fence", "```yaml``` is\n\n```yaml\na: 1\n```\n"),
        ];
        for (name, page) in table {
            assert_eq!(extract(page).expect(name), json!({ "a": 1 }), "{name}");
        }
    }

    #[test]
    fn a_shorter_or_different_fence_does_not_close_a_block() {
        let page = "````yaml\na: |\n  ```\n  ~~~~\n````\n";
        assert_eq!(extract(page).unwrap(), json!({ "a": "```\n~~~~\n" }));
    }

    #[test]
    fn what_is_not_one_whole_document_is_an_error_in_page_coordinates() {
        let table = [
            ("# Title\n", "found none"),
            ("```bash\nls\n```\n", "found none"),
            ("    ```yaml\n    a: 1\n    ```\n", "found none"),
            ("```yaml\na: 1\n```\n\n```json\n{}\n```\n", "lines 1 and 5"),
            ("# T\n\n```yaml\na: 1\n", "opens at line 3 is never closed"),
            ("# T\n\n```yaml\na: 1\nb: [\n```\n", "line 5, column 4"),
            ("# T\n\n```yaml\na: 1\n a: 2\n```\n", "line 5, column 3"),
            ("# T\r\n\r\n```yaml\r\na: 1\r\nb: 1\r\na: 2\r\n```\r\n", "line 6, column 1"),
            ("```yaml\n- a\n```\n", "block at line 1, found something else"),
            ("```yaml\n```\n", "block at line 1, found something else"),
        ];
        for (page, expected) in table {
            let error = format!("{:#}", extract(page).unwrap_err());
            assert!(error.contains(expected), "{page:?} gave {error}");
        }
    }
}
