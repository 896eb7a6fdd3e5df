//! The text of `docs/pacing.md`.

use crate::{
    ablation, figures,
    row::{self, Row},
    setting::X1,
    table::{self, Table},
};

const INTRODUCTION: &str = "\
# Shared pacing, measured

`cargo bench --package pacing` writes this page, its picture and `pacing.csv`, which has every setting.

## What it does

1. All clones of a client share one queue, first in, first out.
2. Before the first 429 nothing waits, unless answers say what is left of the limit: then as many go as are left, and nobody before the reset.
3. A 429 holds everybody until the server may be asked again. Then one request probes.
4. A probe that fails is followed by a longer hold, and by another call's probe.
5. A probe that succeeds starts the flow. What was served from one 429 to the next gives its rate.
6. A flow starts at half that rate, is back at it after half of the usual cycle, stays near it, and then climbs (CUBIC, RFC 9438). What the limit
   allowed during the hold is sent as fast as answers come in.
7. Where nothing was served before, slow start takes the flow's place: two at once, then twice as many each round trip, until a 429.
8. A call that does not take its turn, and a request that is not answered, stop the others for a second or a few round trips, not longer.
9. A call's last attempt is kept until the end of its time, so that no call fails by a 429 before.
10. After 120 s without a 429 nothing is paced any more.

![Requests served and rejected over time, paced and each task alone](pacing.svg)

## How it came out

- The command plays the crate's own state machine (`src/ext/pacing`) in virtual time.
- 64 tasks drain 600 requests against one limiter. A round trip takes 50 ms.
- There are 18 settings: 3 limits, 3 kinds of limiter, with and without `Retry-After`. Each is played with 20 seeds.
- With several processes each has a pacer of its own, and a share of the tasks and requests.
- *Rejected* counts 429s for each request that is served. *Time* is the time until all are served, over the best possible time.
- *Given up* counts calls whose fifth attempt was refused before the last second of their 90 s. It is 0 wherever a last attempt is kept, since
  then no fifth attempt is sent sooner.
- *Out of time* counts calls that are not served when 90 s have passed since they began. The client fails such a call. Here it goes on, as if
  its time began again, and is counted once.
- *At best* is how many would be out of time if each were served at the best possible moment, first in, first out. All of these are of 60 a minute:
  64 tasks share 60 places of a fixed window or a sliding log, so that 4 wait for the next but one. At × 0.5 a call takes up to 128 s with
  any limiter. Who lets some calls wait for ever has fewer, since each is counted once.
- *× 0.5* and *× 2*: the limit changes at half the best time. *Outage*: all answers are 429s at first.
- *Idle*: 20 requests are served, then none is sent for 11 s, then the outage and the 600 requests come.
- *Kept unpolled*: 20 calls come one after the other, ask for their turn once, and then neither take it nor leave. They are not counted.
- *No last attempt kept*: a fifth attempt goes when its turn comes.
- *Words*: every answer says what is left and when it is reset. *Rejected* then leaves out what was in flight at the first answer.

Means over the 18 settings, and the worst setting's mean. Goals are in brackets; what misses its goal is bold.
";

const CONSTANTS: &str = "\
`cargo bench --package pacing -- --ablation` measures these figures, by building the pacer and its simulation again with each other value. The
command without it puts them here.

- Each cell is a value, and then *rejected / time* with one process and with 8: the means over all settings and seeds.
- *Kept*: 20 calls kept unpolled, as above. *Kept, far*: the same with a round trip of 1 s.
- *Freed*: 60 a minute (6 settings), and 1,000 times as many after a fifth of the time that the requests would take at best. *Freed, long*: the
  same with 5,000 requests, after a fiftieth.
- *Not all end*: in some runs a flow starts at a rate of 0, and stays there.
";

const REASONS: &str = "\
- Several processes share one limit, and none knows of the others. Each is refused for what the others took. That costs both 429s and time.
- Some calls are refused four times, most of them with 8 and 32 processes. Their last attempt is kept until the end of their time, so that none
  is given up. They are served late, and the drain ends with the last of them. The rows *no last attempt kept* show the time without this, and how
  many calls are given up for it.
- Most calls that are out of time are those of 60 a minute. There a call waits for 64 s at best, so that a little more is too much: a second
  place in the line after a 429, or a process that gets less than its share.
- The server's own words are whole seconds, rounded up. A token bucket says when it is full, which is later than when it has one token.
  A sliding log says when one request leaves it. So the wait is longer than it has to be.
- With 8 processes the words tell each process what is left for all. Each takes it for its own, and most of them are refused.
";

const STALE: &str = "\n**The pacer has changed since, so they are to be measured again.**\n";

/// All of it.
pub(crate) fn text(rows: &[Row]) -> String {
    let Table { text, goals, missed } = table::table(rows);
    let silent = seconds(rows, X1.name);
    let liar = seconds(rows, "words: always 0 left");
    let mut page = format!("{INTRODUCTION}\n{text}");
    page += &format!("\n## What each constant is for\n\n{CONSTANTS}\n{}", ablation::TABLE);
    page += if is_current(rows) { "" } else { STALE };
    page += &format!("\n## What is missed\n\n{missed} of {goals} goals are missed.\n\n{REASONS}");
    page + &if liar.is_finite() {
        let later = liar - silent;
        format!("- A server that always says 0 are left costs {later:.0} s beside a silent one.\n")
    } else {
        "- Against a server that always says 0 are left, some runs do not end within 1,000 s and 20 times the best.\n".to_owned()
    }
}

/// Whether the constants were measured on this pacer: their figures as they are would be those of
/// the table.
fn is_current(rows: &[Row]) -> bool {
    let now = [1, 8].map(|n| figures::means(&table::of(rows, X1.name, n))).join(", ");
    ablation::TABLE.contains(&now)
}

/// The mean of the drain, with one process.
fn seconds(rows: &[Row], scenario: &str) -> f64 {
    row::mean(&table::of(rows, scenario, 1), |row| row.seconds)
}
