use std::collections::BTreeMap;

use plotters::prelude::*;

use super::contents::{Report, families};
use super::groups::Group;
use crate::search::SearchError;
use crate::search::stats::Spread;
use crate::tools::markup::xml_characters;
use crate::tools::plot::{Axis, COLOURS, FONT, GRID, said};

const SIZE: (u32, u32) = (960, 600);
/// The maximum number of variants labelled with their names.
const MAX_NAMED: usize = 40;
/// Line height of names and width of a letter, in pixels.
const LINE: i32 = 13;
const LETTER: i32 = 7;
/// The maximum length of a name.
const MOST_LETTERS: usize = 32;
/// The time axis ends at this multiple of the longest median; longer bars are cut.
const SHOWN: f64 = 1.25;

/// A group that is plotted.
struct Point<'a> {
    group: &'a Group,
    time: Spread,
    mean: f64,
}

/// Both axes: seconds and percent.
struct Axes {
    time: Axis,
    mean: Axis,
}

impl Axes {
    fn of(points: &[Point<'_>]) -> Axes {
        let longest = points.iter().map(|p| p.time.median).fold(0.0, f64::max);
        let times = points
            .iter()
            .flat_map(|p| [p.time.min, p.time.median, p.time.max.min(longest * SHOWN)]);
        let means = points.iter().map(|p| (p.mean, p.group.std_error.unwrap_or(0.0)));
        Axes { time: Axis::of(times.map(|time| (time, 0.0)), 0.14), mean: Axis::of(means, 0.06) }
    }

    fn at(&self, point: &Point<'_>) -> (f64, f64) {
        (self.time.at(point.time.median), self.mean.at(point.mean))
    }

    /// Error bars with caps: one standard error vertically, the range of times horizontally.
    fn bars(&self, point: &Point<'_>) -> Vec<Vec<(f64, f64)>> {
        let (x, y) = self.at(point);
        let [wide, high] = [&self.time, &self.mean].map(|axis| axis.range.end - axis.range.start);
        let mut bars = Vec::new();
        if let Some(error) = point.group.std_error.map(|error| self.mean.at(error)) {
            let cap = |y: f64| vec![(x - wide / 250.0, y), (x + wide / 250.0, y)];
            bars.extend([vec![(x, y - error), (x, y + error)], cap(y - error), cap(y + error)]);
        }
        if point.time.max > point.time.min {
            let [low, end] = [point.time.min, point.time.max].map(|time| self.time.at(time));
            let cap = |x: f64| vec![(x, y - high / 200.0), (x, y + high / 200.0)];
            bars.extend([vec![(low, y), (end.min(self.time.range.end), y)], cap(low)]);
            bars.extend((end <= self.time.range.end).then(|| cap(end)));
        }
        bars
    }
}

pub(super) fn svg<'a>(report: &'a Report) -> Result<String, SearchError> {
    let place = |group: &'a Group| Some(Point { group, time: group.time?, mean: group.mean()? });
    let points: Vec<Point<'_>> = report.groups.iter().filter_map(place).collect();
    if points.is_empty() {
        return Err(SearchError::new("no run is finished, so there is nothing to draw")
            .help("go on with the search: netc search DIR"));
    }
    let mut text = String::new();
    draw(report, &points, &mut text).map_err(|e| SearchError::new(format!("the picture: {e}")))?;
    Ok(xml_characters(text))
}

fn draw(report: &Report, points: &[Point<'_>], text: &mut String) -> Result<(), String> {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(said)?;
    let axes = Axes::of(points);
    let mut chart = ChartBuilder::on(&root)
        .margin(18)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(axes.time.range.clone(), axes.mean.range.clone())
        .map_err(said)?;
    let machine = report.timed_on.as_deref().unwrap_or("an unknown machine");
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_desc(format!("median time in seconds, bars: least to longest ({machine})"))
        .y_desc(format!("mean test {}, bars: standard error", report.task.score().axis()))
        .x_label_formatter(&|mark| axes.time.label(*mark, 3))
        .y_label_formatter(&|mark| axes.mean.label(*mark, 3))
        .axis_desc_style((FONT, 14))
        .label_style((FONT, 12))
        .draw()
        .map_err(said)?;
    let families = families(report);
    let mut names = Vec::new();
    for (family, colour) in families.iter().zip(COLOURS.into_iter().cycle()) {
        let mut variants: BTreeMap<&str, Vec<&Point<'_>>> = BTreeMap::new();
        for point in points.iter().filter(|p| p.group.family == *family) {
            variants.entry(&point.group.variant).or_default().push(point);
        }
        let lines = variants.values_mut().map(|points| {
            points.sort_by_key(|point| point.group.epochs);
            PathElement::new(
                points.iter().map(|p| axes.at(p)).collect::<Vec<_>>(),
                colour.stroke_width(2),
            )
        });
        chart
            .draw_series(lines.collect::<Vec<_>>())
            .map_err(said)?
            .label(*family)
            .legend(move |(x, y)| Circle::new((x + 8, y), 5, colour.filled()));
        let shortest = variants.values().filter_map(|points| points.first());
        chart
            .draw_series(shortest.map(|p| Circle::new(axes.at(p), 5, colour.filled())))
            .map_err(said)?;
        for point in variants.values().flatten() {
            let bars =
                axes.bars(point).into_iter().map(|path| PathElement::new(path, colour.mix(0.6)));
            chart.draw_series(bars).map_err(said)?;
        }
        for (name, points) in &variants {
            names.extend(
                points.last().map(|p| beside(chart.backend_coord(&axes.at(p)), name, colour)),
            );
        }
    }
    if families.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(210, 210, 210))
            .label_font((FONT, 13))
            .draw()
            .map_err(said)?;
    }
    if names.len() <= MAX_NAMED {
        for Name { at, text, colour } in apart(names) {
            root.draw(&Text::new(text, at, (FONT, 11).into_font().color(&colour))).map_err(said)?;
        }
    }
    root.present().map_err(said)
}

/// A variant's label and its upper left corner.
struct Name {
    at: (i32, i32),
    text: String,
    colour: RGBColor,
}

impl Name {
    fn end(&self) -> i32 {
        self.at.0 + LETTER * self.text.chars().count() as i32
    }
}

/// The label of a point: above its bar, on the right, or on the left at the edge of the plot.
fn beside(at: (i32, i32), name: &str, colour: RGBColor) -> Name {
    let (x, y) = at;
    let text = match name.chars().count() > MOST_LETTERS {
        true => name.chars().take(MOST_LETTERS - 1).chain(['…']).collect(),
        false => name.to_owned(),
    };
    let name = Name { at: (x + 8, y - 16), text, colour };
    let over = name.end() > SIZE.0 as i32;
    Name { at: if over { (2 * x - name.end(), y - 16) } else { name.at }, ..name }
}

/// Moves labels down that would overlap others.
fn apart(mut names: Vec<Name>) -> Vec<Name> {
    names.sort_by(|a, b| (a.at.1, a.at.0, &a.text).cmp(&(b.at.1, b.at.0, &b.text)));
    let mut placed: Vec<Name> = Vec::new();
    for mut name in names {
        while let Some(other) = placed.iter().find(|other| {
            (other.at.1 - name.at.1).abs() < LINE
                && other.at.0 < name.end()
                && name.at.0 < other.end()
        }) {
            name.at.1 = other.at.1 + LINE;
        }
        placed.push(name);
    }
    placed
}
