//! What each constant of the pacer is for: measured by hand, since constants do not change while a program runs.

pub(crate) const TABLE: &str = "\
Each number is the mean over the 18 settings of × 1, as *rejected / time*. It was measured by changing the constant by hand and running
the command; the command does not measure it again. Since then the
pacer has changed in one point (what is served after the first 429 counts), so compare with the first row, not with the table above.

| constant | value | halved: 1 process | 8 processes | doubled: 1 process | 8 processes |
|---|---|---|---|---|---|
| as it is | – | 0.087 / 1.123 | 0.214 / 1.327 | 0.087 / 1.123 | 0.214 / 1.327 |
| `WEIGHT` (doubled: 1, the last cycle alone) | 0.7 | 0.092 / 1.126 | 0.239 / 1.440 | 0.088 / 1.121 | 0.205 / 1.368 |
| `DECREASE` | 0.5 | 0.088 / 1.099 | 0.223 / 1.352 | a flow starts at 0 and never moves | the same |
| `PLATEAU` | 0.5 | 0.135 / 1.100 | 0.243 / 1.348 | 0.098 / 1.168 | 0.222 / 1.406 |
| `MAX_INCREASE` | 16 | 0.086 / 1.125 | 0.216 / 1.360 | 0.087 / 1.123 | 0.214 / 1.332 |
| `BACKOFF` (halved: 1, no backoff) | 1.5 | 0.120 / 1.113 | 0.299 / 1.592 | 0.090 / 1.158 | 0.191 / 1.385 |
| `PACING_EXPIRY` | 120 s | it decides how soon a limit that is gone is forgotten | | | |
| `MIN_PATIENCE` | 1 s | it decides how long a call that is never polled stops the others | | | |
| `PATIENCE` | 4 | it decides the same where answers take more than 250 ms | | | |
| `STAGGER` | 5 ms | it decides how far apart calls go that all find the head absent | | | |
";
