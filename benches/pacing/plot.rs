//! The plot of `docs/pacing.svg`: what is served and what is rejected over time, paced and not.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::{
    limiter::Kind,
    sim::{self, Setting, Strategy},
    table::{LIMITS, setting},
};

/// Draws cumulative counts for a token bucket with `Retry-After`, at the first limit.
pub(crate) fn draw(path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (860, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "64 tasks, 600 requests, 60 a minute (token bucket, Retry-After)",
            ("sans-serif", 18),
        )
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..620.0, (1.0..40_000.0).log_scale())?;
    chart.configure_mesh().x_desc("seconds").y_desc("requests so far").draw()?;
    let lines = [(Strategy::Paced, "paced", BLUE), (Strategy::Alone, "each task for itself", RED)];
    for (strategy, name, color) in lines {
        let setting = setting(strategy, Kind::TokenBucket, LIMITS[0].1, true);
        let outcome = sim::run(Setting { seed: 1, ..setting });
        for (times, what, width) in
            [(&outcome.served_at, "served", 2), (&outcome.rejected_at, "rejected", 1)]
        {
            let style = color.stroke_width(width);
            chart
                .draw_series(LineSeries::new(thinned(times), style))?
                .label(format!("{what}, {name}"))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
    }
    let mut labels = chart.configure_series_labels();
    labels
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}

/// How many so far, at no more than some hundred points.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn thinned(times: &[f64]) -> Vec<(f64, f64)> {
    let step = (times.len() / 300).max(1);
    times.iter().enumerate().step_by(step).map(|(n, time)| (*time, (n + 1) as f64)).collect()
}
