//! The plot of `docs/pacing.svg`: what is served and what is rejected over time, paced and not.

use std::{error::Error, path::Path};

use plotters::{coord::Shift, prelude::*};

use crate::{
    limiter::Kind,
    outcome::Outcome,
    setting::{ALONE, LIMITS, Scenario, Setting, X1, setting},
    sim,
};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SECONDS: f64 = 620.0;
/// What is more is not drawn, but said.
const MOST: f64 = 1_000.0;

/// Draws cumulative counts for a token bucket with `Retry-After`, at the first limit, in two
/// panels.
pub(crate) fn draw(path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (960, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled(
        "64 tasks, 600 requests, 60 a minute (token bucket, Retry-After)",
        ("sans-serif", 18),
    )?;
    let panels = root.split_evenly((1, 2));
    for (panel, scenario, name) in
        [(&panels[0], X1, "paced"), (&panels[1], ALONE, "each task alone")]
    {
        draw_panel(panel, scenario, name)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Area<'_>, scenario: Scenario, name: &str) -> Result<(), Box<dyn Error>> {
    let setting = setting(scenario, Kind::TokenBucket, LIMITS[0].1, true);
    let Outcome { best_at, served_at, rejected_at, .. } = sim::run(Setting { seed: 1, ..setting });
    let mut chart = ChartBuilder::on(panel)
        .caption(name, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..SECONDS, 0.0..MOST)?;
    let mesh = WHITE.mix(0.0);
    chart
        .configure_mesh()
        .light_line_style(mesh)
        .x_labels(7)
        .y_labels(6)
        .x_label_formatter(&|seconds| format!("{seconds:.0}"))
        .y_label_formatter(&|count| format!("{count:.0}"))
        .x_desc("seconds")
        .y_desc("requests so far")
        .draw()?;
    let best = BLACK.mix(0.5).stroke_width(1);
    for (times, style) in
        [(&served_at, BLUE.stroke_width(3)), (&rejected_at, RED.stroke_width(3)), (&best_at, best)]
    {
        chart.draw_series(LineSeries::new(points(times), style))?;
    }
    let all = thousands(rejected_at.len());
    let is_clipped = rejected_at.len() > 900;
    let (at, rejected) = if is_clipped {
        ((40.0, 965.0), format!("← {all} rejected in all, most of them above"))
    } else {
        ((330.0, 130.0), format!("{all} rejected in all"))
    };
    for (at, text, color) in [
        (at, rejected, RED.mix(1.0)),
        ((330.0, 300.0), "served".to_owned(), BLUE.mix(1.0)),
        ((330.0, 255.0), "grey line: the best possible".to_owned(), BLACK.mix(0.6)),
    ] {
        chart.draw_series([Text::new(text, at, ("sans-serif", 15).into_font().color(&color))])?;
    }
    Ok(())
}

/// How many so far: at most some hundred points, and no more than fit.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn points(times: &[f64]) -> Vec<(f64, f64)> {
    let step = (times.len().min(1_000) / 300).max(1);
    let numbered = times.iter().enumerate().map(|(n, time)| (*time, (n + 1) as f64));
    let last = times.last().map(|_| (SECONDS, times.len() as f64));
    let mut points: Vec<_> =
        numbered.step_by(step).take_while(|(_, count)| *count <= MOST).collect();
    points.extend(last.filter(|(_, count)| *count <= MOST));
    points
}

fn thousands(count: usize) -> String {
    if count < 1_000 {
        return count.to_string();
    }
    format!("{},{:03}", count / 1_000, count % 1_000)
}
