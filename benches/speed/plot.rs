//! The plot of `docs/performance.svg`: throughput by how many calls are made at once.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::contenders::Contender;

/// Draws requests a second for each contender, by calls at once.
pub(crate) fn draw(path: &Path, points: &[(usize, [f64; 3])]) -> Result<(), Box<dyn Error>> {
    let most = points.iter().flat_map(|(_, rates)| rates).fold(0.0, |a: f64, b| a.max(*b));
    let root = SVGBackend::new(path, (860, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Requests a second on loopback, one client thread", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1.0..256.0).log_scale().base(2.0), 0.0..most * 1.1)?;
    chart.configure_mesh().x_desc("calls at once").y_desc("requests a second").draw()?;
    for (who, (name, color)) in Contender::NAMES.into_iter().zip([BLUE, RED, GREEN]).enumerate() {
        let style = color.stroke_width(2);
        let line = points.iter().map(|(at_once, rates)| (*at_once as f64, rates[who]));
        chart
            .draw_series(LineSeries::new(line, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
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
