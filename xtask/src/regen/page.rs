//! The OpenAPI document inside a documentation page: a fenced block whose info string begins with
//! yaml or json.

use std::ops::Range;

use anyhow::{Result, bail, ensure};
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
/// A block of data is a document if it has the field `openapi` or an info string with
/// `openapi`; others are samples.
pub(crate) fn extract(page: &str) -> Result<Page> {
    let lines: Vec<&str> = page.lines().collect();
    let blocks = blocks(&lines)?;
    let mut found: Option<(&Block, Value)> = None;
    for block in &blocks {
        match (parse(&lines, block)?, &found) {
            (None, _) => {}
            (Some(document), None) => found = Some((block, document)),
            (Some(_), Some((first, _))) => bail!(
                "expected one OpenAPI document, found two, at lines {} and {}",
                first.lines.start,
                block.lines.start
            ),
        }
    }
    match (found, blocks.first()) {
        (Some((block, document)), _) => {
            let prose = lines.iter().enumerate();
            let prose = prose.map(|(n, line)| if block.lines.contains(&n) { "" } else { line });
            Ok(Page { document, prose: prose.collect::<Vec<_>>().join("\n") })
        }
        (None, Some(block)) => bail!(
            "expected an OpenAPI document in a fenced block, found none with the field `openapi`; the first block is at line {}",
            block.lines.start
        ),
        (None, None) => bail!(
            "expected a fenced block whose info string begins with yaml or json, found none: is it a documentation page in Markdown?"
        ),
    }
}

/// A fenced block of data.
struct Block {
    /// The lines inside, counted from 0.
    lines: Range<usize>,
    /// An info string with `openapi`: the block is not a sample.
    must_be_openapi: bool,
}

/// Splits a line that begins with a run of three or more fence marks into mark, length of the run,
/// and the rest.
fn split(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = text.trim_start_matches(mark);
    let (indent, length) = (line.len() - text.len(), text.len() - rest.len());
    (indent < 4 && length >= 3).then_some((mark, length, rest.trim()))
}

/// The blocks of data.
fn blocks(lines: &[&str]) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    // The mark, the length and the info string of the fence, and the first line inside.
    let mut open: Option<(char, usize, &str, usize)> = None;
    for (number, line) in lines.iter().enumerate() {
        let Some((mark, length, rest)) = split(line) else { continue };
        match open {
            // A backtick in the info string makes it inline code (CommonMark 4.5).
            None if mark == '`' && rest.contains('`') => {}
            None => open = Some((mark, length, rest, number + 1)),
            Some((opened, least, info, start))
                if mark == opened && length >= least && rest.is_empty() =>
            {
                if info.starts_with("yaml") || info.starts_with("json") {
                    let must_be_openapi = info.contains("openapi");
                    blocks.push(Block { lines: start..number, must_be_openapi });
                }
                open = None;
            }
            Some(_) => {}
        }
    }
    if let Some((.., start)) = open {
        bail!("the fenced block that opens at line {start} is never closed: is the page complete?");
    }
    Ok(blocks)
}

/// Reads the document in one block, if it is one.
fn parse(lines: &[&str], block: &Block) -> Result<Option<Value>> {
    let line = block.lines.start;
    // Blank lines stand for what precedes the block, so that the parser counts the lines of the
    // page.
    let text = "\n".repeat(line) + &lines[block.lines.clone()].join("\n");
    let value: Value = yaml::parse(&text)?;
    let is_openapi = value.get("openapi").is_some();
    ensure!(
        is_openapi || !block.must_be_openapi,
        "expected an OpenAPI document in the fenced block at line {line}, found no field `openapi`"
    );
    Ok(is_openapi.then_some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::extract;

    #[test]
    fn block_is_found_in_every_fence() {
        let table = [
            ("four backticks", "````yaml openapi.json GET /v1/x\nopenapi: 1\n````"),
            ("three backticks", "```yaml\nopenapi: 1\n```\n"),
            ("tildes", "~~~yaml\nopenapi: 1\n~~~\n"),
            ("a longer closing fence", "```yaml\nopenapi: 1\n`````\n"),
            ("json", "```json\n{\n\t\"openapi\": 1\n}\n```\n"),
            ("any info string that begins so", "```yaml-spec x\nopenapi: 1\n```\n"),
            ("carriage returns", "# T\r\n\r\n```yaml\r\nopenapi: 1\r\n```\r\n"),
            ("an indented fence", "   ```yaml\n   openapi: 1\n   ```\n"),
            ("blocks of other languages", "```bash\nls\n```\n\n```yaml\nopenapi: 1\n```\n"),
            ("samples", "```json\n[]\n```\n```json\n{\"a\": 1}\n```\n```yaml\nopenapi: 1\n```\n"),
            (
                "a fence shown in another",
                "````md\n```yaml\nb: 2\n```\n````\n```yaml\nopenapi: 1\n```\n",
            ),
            ("inline code that looks like a fence", "```yaml``` is\n\n```yaml\nopenapi: 1\n```\n"),
        ];
        for (name, page) in table {
            assert_eq!(extract(page).expect(name).document, json!({ "openapi": 1 }), "{name}");
        }
    }

    #[test]
    fn prose_of_page_keeps_its_lines() {
        let page = "# T\n```yaml\nopenapi: 1\n```\nEnd\n";
        assert_eq!(extract(page).unwrap().prose, "# T\n```yaml\n\n```\nEnd");
    }

    #[test]
    fn shorter_or_different_fence_does_not_close_block() {
        let page = "````yaml\nopenapi: |\n  ```\n  ~~~~\n````\n";
        assert_eq!(extract(page).unwrap().document, json!({ "openapi": "```\n~~~~\n" }));
    }

    #[test]
    fn incomplete_document_is_an_error_in_page_coordinates() {
        let table = [
            ("# Title\n", "found none"),
            ("```bash\nls\n```\n", "found none"),
            ("    ```yaml\n    openapi: 1\n    ```\n", "found none"),
            ("# T\n```yaml\na: 1\n```\n\n```json\n{}\n```\n", "the first block is at line 2"),
            ("```yaml\nopenapi: 1\n```\n```yaml openapi.json\na: 1\n```\n", "block at line 4"),
            ("```yaml\nopenapi: 1\n```\n```yaml\na: [\n```\n", "line 5, column 4"),
            ("# T\n\n```yaml\na: 1\n", "opens at line 3 is never closed"),
            (
                "```yaml\nopenapi: 1\n```\n\n```json\n{\"openapi\": 2}\n```\n",
                "expected one OpenAPI document, found two, at lines 1 and 5",
            ),
            ("<!doctype html><html><body>```yaml</body></html>", "is it a documentation page"),
            ("# T\n\n```yaml\na: 1\nb: [\n```\n", "line 5, column 4"),
            ("# T\n\n```yaml\na: 1\n a: 2\n```\n", "line 5, column 3"),
            ("# T\r\n\r\n```yaml\r\na: 1\r\nb: 1\r\na: 2\r\n```\r\n", "line 6, column 1"),
            ("```yaml\n- a\n```\n", "the first block is at line 1"),
            ("```yaml\n```\n", "the first block is at line 1"),
        ];
        for (page, expected) in table {
            let error = format!("{:#}", extract(page).err().unwrap());
            assert!(error.contains(expected), "{page:?} gave {error}");
        }
    }
}
