//! The tables of docs/trust.md.

use std::{env, fmt, fs, sync::Arc};

use support::faults::Fault;

use crate::matrix::{
    ATTEMPT_TIMEOUT, BASE_DELAY, BUFFERS, Bytes, Cell, MAX_ATTEMPTS, MAX_DELAY, MAX_RESPONSE_BYTES,
    OPERATIONS, TIMEOUT, When,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/trust.md");

/// A part of the page, written by one build of the tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// HTTP/1.1 without compression.
    Any,
    #[cfg(feature = "like-an-application")]
    LikeAnApplication,
}

/// The heading of the second part.
const LIKE_AN_APPLICATION: &str = "\n## HTTP/2 and compression\n";
const TABLE: &str = "
| fault | in attempts | calls | outcome | attempts | within | sent | connections |
|---|---|---|---|---|---|---|---|
";

/// Asserts that a part of the page matches the results; writes that part if `UPDATE_EXPECT` is set.
pub(crate) fn compare(part: Part, rows: &str) {
    let page = fs::read_to_string(PAGE).unwrap_or_default();
    let (any, others) = page.split_once(LIKE_AN_APPLICATION).unwrap_or((&page, ""));
    let (old, found) = match part {
        Part::Any => (any, introduction() + TABLE + rows),
        #[cfg(feature = "like-an-application")]
        Part::LikeAnApplication => (others, introduction_of_others() + TABLE + rows),
    };
    if env::var_os("UPDATE_EXPECT").is_some() {
        let (any, others) = if part == Part::Any { (&*found, others) } else { (any, &*found) };
        return fs::write(PAGE, [any, others].join(LIKE_AN_APPLICATION)).unwrap();
    }
    let differ: Vec<_> = found.lines().filter(|line| !old.lines().any(|l| l == *line)).collect();
    assert!(
        old == found,
        "docs/trust.md is out of date, run with UPDATE_EXPECT=1; new lines:\n{}",
        differ.join("\n")
    );
}

/// Returns true if the page has this cell of a fault, or if the page is being written.
pub(crate) fn has_cell(fault: &Fault, when: When, operation: &str, cell: &Cell) -> bool {
    let when = if when == When::First { "first" } else { "all" };
    let page = fs::read_to_string(PAGE).unwrap_or_default();
    let is_of = |line: &str| {
        let columns: Vec<_> = line.split(" | ").collect();
        let [name, whens, calls, ..] = columns[..] else { return false };
        name == format!("| {}", fault.name)
            && whens.contains(when)
            && (calls == "every" || calls.split(", ").any(|call| call == operation))
            && line.ends_with(&end(cell))
    };
    env::var_os("UPDATE_EXPECT").is_some() || page.lines().any(is_of)
}

/// Returns the columns of a cell at the end of a line.
fn end(Cell { outcome, within, bytes, connections }: &Cell) -> String {
    format!(" | {outcome} | {within} | {bytes} | {connections} |")
}

/// Returns the table rows of these faults. `cells` holds, for each fault, the operations with the
/// fault in the first attempt, then in all attempts.
pub(crate) fn rows_of(faults: &[Arc<Fault>], cells: &[Cell]) -> String {
    let mut page = String::new();
    for (fault, cells) in faults.iter().zip(cells.chunks(2 * OPERATIONS.len())) {
        for Row { when, operations, cell } in rows(cells) {
            let sent_by =
                if operations == OPERATIONS { "every".to_owned() } else { operations.join(", ") };
            page += &format!("| {} | {when} | {sent_by}{}\n", fault.name, end(cell));
        }
    }
    page
}

fn introduction() -> String {
    let [base, max, attempt, total] = [BASE_DELAY, MAX_DELAY, ATTEMPT_TIMEOUT, TIMEOUT];
    let (limit, buffers) = (MAX_RESPONSE_BYTES / 1024, BUFFERS / 1024);
    format!(
        "# Trust, shown

The outcome of a call when the server, the network or the name service fails. Written by
`UPDATE_EXPECT=1 cargo test -p pilot-status-tests --test trust`. `cargo test --workspace` repeats the measurements, and fails if this page no longer holds. It also fails
if an error prints the key or data of a response body.

- *in attempts*: the attempts in which the fault occurs: the first, all, or either with the same result.
- *outcome* and *attempts*: the result for the caller, and the number of attempts to send the request. `delete` is not repeated if it
  may have taken effect.
- *within*: the longest duration of the call. `timeout`, `attempt_timeout` and the wait that the server requests are held to 10 %;
  0.3 s is the allowance for a busy machine.
- *sent*: response bytes that the server sent, read or not. *Bounded* is at most `max_response_bytes` and {buffers} KiB in each attempt,
  the buffers of sockets and hyper (hyper ends a head or a line of more than about 400 KiB). *As time allows* is limited only by
  `attempt_timeout`; these bytes are not retained.
- *connections*: connections opened during the call.

The client: {MAX_ATTEMPTS} attempts, `base_delay` {base:?}, `max_delay` {max:?}, `attempt_timeout` {attempt:?}, `timeout` {total:?},
`max_response_bytes` {limit} KiB, pacing on, no retry budget. The table also holds if other crates of an application enable more features of reqwest
and serde_json. Even if HTTP/2 is compiled in, HTTP/1.1 is used unless `configure_http` chooses otherwise.
"
    )
}

#[cfg(feature = "like-an-application")]
fn introduction_of_others() -> String {
    "
The same with feature `http2`, and with compression enabled in reqwest by another crate. Written by `UPDATE_EXPECT=1 cargo test -p pilot-status-tests
--features like-an-application --test trust`, which `.ci/run` repeats.

- A stream that the server refuses, or that comes after the last one of its `GOAWAY`, was not processed (RFC 9113, section 8.7). It is sent again, even for a `delete`.
- A connection whose server does not answer a ping is closed after half of `attempt_timeout`.
- `max_response_bytes` counts decompressed bytes.
"
    .to_owned()
}

/// The operations with the same result.
#[derive(PartialEq, Eq)]
struct Row<'a> {
    when: &'static str,
    operations: Vec<&'static str>,
    cell: &'a Cell,
}

fn rows(cells: &[Cell]) -> Vec<Row<'_>> {
    let (first, all) = cells.split_at(OPERATIONS.len());
    let mut rows = rows_when("first", first);
    for row in rows_when("all", all) {
        let same = |r: &&mut Row| (&r.operations, r.cell) == (&row.operations, row.cell);
        match rows.iter_mut().find(same) {
            Some(same) => same.when = "first or all",
            None => rows.push(row),
        }
    }
    rows
}

fn rows_when<'a>(when: &'static str, cells: &'a [Cell]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row> = Vec::new();
    for (operation, cell) in OPERATIONS.into_iter().zip(cells) {
        match rows.iter_mut().find(|row| row.cell == cell) {
            Some(row) => row.operations.push(operation),
            None => rows.push(Row { when, operations: vec![operation], cell }),
        }
    }
    rows
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(least, most) if least == most => write!(f, "{most}"),
            Self::Exactly(least, most) => write!(f, "{least} to {most}"),
            Self::Bounded => f.write_str("bounded"),
            Self::Unbounded => f.write_str("as time allows"),
        }
    }
}
