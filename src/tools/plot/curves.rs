use plotters::coord::Shift;
use plotters::prelude::*;

use super::chart::{Axis, COLOURS, Chart, FONT, GRID, said};
use crate::recipe::Metric;
use crate::run::{EpochRow, Metrics};
use crate::tools::markup::xml_characters;

const WIDTH: u32 = 1120;
/// Height of a panel in pixels.
const PANEL: u32 = 340;
/// Height of a line of the legend and approximate width of a letter in it, in pixels.
const LINE: i32 = 24;
const LETTER: f64 = 7.4;
const MARGIN: i32 = 24;
/// The maximum number of epochs whose points are marked.
const MOST_MARKED: usize = 40;
const INK: RGBColor = RGBColor(60, 60, 60);

/// The epochs of one training.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// At least one.
    pub rows: Vec<EpochRow>,
}

/// The horizontal axis of a panel.
#[derive(Clone, Copy)]
enum Along {
    Epochs,
    /// In units of this many seconds.
    Time(f64, &'static str),
}

impl Along {
    fn of(self, row: &EpochRow) -> f64 {
        match self {
            Along::Epochs => row.epoch.into(),
            Along::Time(unit, _) => row.total_time / unit,
        }
    }

    fn title(self) -> String {
        match self {
            Along::Epochs => "epoch".into(),
            Along::Time(_, unit) => format!("time of training and testing in {unit}"),
        }
    }
}

/// A metric of the training, and of the test, as shown; not a number without a test.
fn values(metric: Metric, row: &EpochRow) -> [f64; 2] {
    let value = |all: Option<Metrics>| all.and_then(|all| all.get(metric.name));
    row.splits().map(|(_, all)| metric.unit.shown(value(all).unwrap_or(f64::NAN)))
}

/// Draws the metrics of several trainings, the last one on top, against epochs and against time,
/// as SVG.
///
/// # Errors
/// No curve, or one without a row.
pub fn curves(all: &[Curve]) -> Result<String, String> {
    let first = all.first().and_then(|curve| curve.rows.first());
    let Some(first) = first.filter(|_| all.iter().all(|curve| !curve.rows.is_empty())) else {
        return Err("there is no epoch to draw".into());
    };
    let metrics = first.train.task().metrics();
    let entries: Vec<String> = all.iter().map(entry).collect();
    let places = legend(&entries);
    let top = places.last().map_or(0, |(_, y)| *y) + 2 * LINE;
    let mut text = String::new();
    {
        let root =
            SVGBackend::with_string(&mut text, (WIDTH, top as u32 + metrics.len() as u32 * PANEL))
                .into_drawing_area();
        root.fill(&WHITE).map_err(said)?;
        let (head, panels) = root.split_vertically(top);
        for ((entry, &(x, y)), colour) in entries.iter().zip(&places).zip(COLOURS.iter().cycle()) {
            key(&head, entry, x, y, colour)?;
        }
        key_of_lines(&head, top - 14)?;
        let longest =
            all.iter().flat_map(|curve| &curve.rows).map(|row| row.total_time).fold(0.0, f64::max);
        let time = match longest {
            x if x < 300.0 => Along::Time(1.0, "seconds"),
            x if x < 3.0 * 3600.0 => Along::Time(60.0, "minutes"),
            _ => Along::Time(3600.0, "hours"),
        };
        let kinds =
            metrics.iter().rev().flat_map(|&up| [Along::Epochs, time].map(|along| (along, up)));
        for (area, (along, up)) in panels.split_evenly((metrics.len(), 2)).iter().zip(kinds) {
            panel(area, all, along, up)?;
        }
        root.present().map_err(said)?;
    }
    Ok(xml_characters(text))
}

fn entry(curve: &Curve) -> String {
    match curve.rows.iter().rev().find_map(|row| row.test) {
        Some(last) => format!("{}: {:.2}%", curve.name, last.score()),
        None => curve.name.clone(),
    }
}

/// The position of each entry: as many per line as fit.
fn legend(entries: &[String]) -> Vec<(i32, i32)> {
    let longest = entries.iter().map(|entry| entry.chars().count()).max().unwrap_or(0);
    let column = (longest as f64 * LETTER) as i32 + 60;
    let columns = ((WIDTH as i32 - 2 * MARGIN) / column).max(1);
    let place = |i: i32| (MARGIN + i % columns * column, LINE + i / columns * LINE);
    (0..entries.len() as i32).map(place).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn key(area: &Area<'_>, text: &str, x: i32, y: i32, colour: &RGBColor) -> Result<(), String> {
    area.draw(&PathElement::new([(x, y), (x + 26, y)], colour.stroke_width(3))).map_err(said)?;
    area.draw(&Text::new(text.to_owned(), (x + 34, y - 7), (FONT, 14).into_font().color(&INK)))
        .map_err(said)
}

/// Explains which line is that of the test.
fn key_of_lines(area: &Area<'_>, y: i32) -> Result<(), String> {
    let styles = [(MARGIN, "test", INK.stroke_width(2)), (MARGIN + 90, "training", faint(&INK))];
    for (x, text, style) in styles {
        area.draw(&PathElement::new([(x, y), (x + 26, y)], style)).map_err(said)?;
        area.draw(&Text::new(text, (x + 34, y - 7), (FONT, 12).into_font().color(&INK)))
            .map_err(said)?;
    }
    Ok(())
}

fn faint(colour: &RGBColor) -> ShapeStyle {
    colour.mix(0.45).stroke_width(1)
}

fn panel(area: &Area<'_>, all: &[Curve], along: Along, up: Metric) -> Result<(), String> {
    let rows = || all.iter().flat_map(|curve| &curve.rows);
    let x = Axis::of(rows().map(|row| (along.of(row), 0.0)).chain([(0.0, 0.0)]), 0.03);
    let y = Axis::of(rows().flat_map(|row| values(up, row)).map(|y| (y, 0.0)), 0.05);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(x.range.clone(), y.range.clone())
        .map_err(said)?;
    axes(&mut chart, (along, &x), (up, &y))?;
    for (curve, colour) in all.iter().zip(COLOURS.iter().cycle()) {
        let points = |kind: usize| {
            let all =
                curve.rows.iter().map(|row| (x.at(along.of(row)), y.at(values(up, row)[kind])));
            all.filter(|(x, y)| x.is_finite() && y.is_finite()).collect::<Vec<_>>()
        };
        let lines = [(points(0), faint(colour)), (points(1), colour.stroke_width(2))];
        for (points, style) in lines {
            chart.draw_series([PathElement::new(points, style)]).map_err(said)?;
        }
        if curve.rows.len() <= MOST_MARKED {
            let marks = points(1).into_iter().map(|point| Circle::new(point, 3, colour.filled()));
            chart.draw_series(marks).map_err(said)?;
        }
    }
    Ok(())
}

fn axes(
    chart: &mut Chart<'_, '_>,
    along: (Along, &Axis),
    up: (Metric, &Axis),
) -> Result<(), String> {
    let ((along, x), (up, y)) = (along, up);
    let x_text = |mark: &f64| match along {
        Along::Epochs if mark.fract() != 0.0 => String::new(),
        _ => x.label(*mark, 2),
    };
    let wide = y.range.end - y.range.start > 4.0;
    let y_text = |mark: &f64| y.label(*mark, if wide { 0 } else { 2 });
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(RGBColor(150, 150, 150))
        .x_labels(8)
        .y_labels(7)
        .x_label_formatter(&x_text)
        .y_label_formatter(&y_text)
        .x_desc(along.title())
        .y_desc(up.axis())
        .axis_desc_style((FONT, 13).into_font().color(&INK))
        .label_style((FONT, 12).into_font().color(&INK))
        .draw()
        .map_err(said)
}
