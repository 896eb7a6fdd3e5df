//! Draws `docs/guide/pacing.svg`: requests served and rejected over time, with pacing and with each
//! task on its own. The picture scales to the width of its page, and follows its light or dark
//! colours.

use crate::{
    limiter::Limit,
    play,
    setting::{ALONE, Setting, X1},
};

const LIMIT: Limit = Limit { count: 60.0, per: 60.0, burst: 10.0 };
const SECONDS: f64 = 620.0;
const REQUESTS: f64 = 1_000.0;
/// Width of a panel.
const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 220.0;
const STYLE: &str = "text{font:13px sans-serif;fill:#333}path{fill:none}\
    .axis{stroke:#888}.served{stroke:#1a7f37;stroke-width:2.5}.refused{stroke:#cf222e;stroke-width:2.5}\
    @media(prefers-color-scheme:dark){text{fill:#ddd}.served{stroke:#3fb950}.refused{stroke:#ff7b72}}";

pub(crate) fn svg() -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 300\" width=\"100%\" \
         style=\"max-width:780px\" role=\"img\" aria-label=\"Requests served and refused over time\">\
         <style>{STYLE}</style>\n"
    );
    text += &panel(50.0, Setting { name: "paced", ..X1 });
    text += &panel(440.0, Setting { name: "each task alone", ..ALONE });
    text += "<text x=\"50\" y=\"294\">600 requests of 64 tasks, 60 a minute. \
             Green: served. Red: refused.</text>\n</svg>\n";
    text
}

fn panel(x: f64, setting: Setting) -> String {
    let outcome = play::play(Setting { limit: LIMIT, ..setting }, 1);
    let (left, top, bottom) = (x, 30.0, 30.0 + HEIGHT);
    let right = x + WIDTH;
    let mut text = format!(
        "<text x=\"{left}\" y=\"20\">{}: {} refused</text>\n\
         <path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>\n",
        setting.name,
        outcome.rejected_at.len(),
    );
    for count in [0.0, 500.0, 1_000.0] {
        let y = bottom - count / REQUESTS * HEIGHT + 4.0;
        text += &format!(
            "<text x=\"{}\" y=\"{y:.0}\" text-anchor=\"end\">{count}</text>\n",
            left - 6.0
        );
    }
    for seconds in [0.0, 300.0, 600.0] {
        let x = left + seconds / SECONDS * WIDTH;
        let y = bottom + 18.0;
        text +=
            &format!("<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">{seconds} s</text>\n");
    }
    for (class, times) in [("refused", &outcome.rejected_at), ("served", &outcome.served_at)] {
        text += &format!("<path class=\"{class}\" d=\"{}\"/>\n", line(times, left, bottom));
    }
    text
}

/// Returns a line of the count of events over time. Events beyond the panel are omitted.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn line(times: &[f64], left: f64, bottom: f64) -> String {
    let mut path = format!("M{left} {bottom}");
    let step = (times.len() / 150).max(1);
    for (n, time) in times.iter().enumerate().step_by(step) {
        let (x, y) = (time.min(SECONDS) / SECONDS, (n + 1) as f64 / REQUESTS);
        if y > 1.0 {
            break;
        }
        path += &format!("L{:.1} {:.1}", left + x * WIDTH, bottom - y * HEIGHT);
    }
    path
}
