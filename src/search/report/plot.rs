use std::collections::BTreeMap;

use plotters::prelude::*;

use super::{Group, Report, families};
use crate::search::SearchError;
use crate::tools::markup::xml_characters;
use crate::tools::plot::{COLOURS, FONT, GRID, range, said};

const SIZE: (u32, u32) = (960, 600);
/// The most variants whose names are written beside their points.
const MAX_NAMED: usize = 40;
/// Pixels from one line of names to the next.
const LINE: i32 = 13;

/// A group that has a place in the picture.
struct Point<'a> {
    group: &'a Group,
    time: f64,
    mean: f64,
}

pub(super) fn svg(report: &Report) -> Result<String, SearchError> {
    let place = |group| Some(Point { group, time: group.time?, mean: group.mean()? });
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
    let times = range(points.iter().map(|p| (p.time, 0.0)), 0.14);
    let means = range(points.iter().map(|p| (p.mean, p.group.std_error.unwrap_or(0.0))), 0.06);
    let cap = (times.end - times.start) / 250.0;
    let mut chart = ChartBuilder::on(&root)
        .margin(18)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(times, means)
        .map_err(said)?;
    let machine = report.timed_on.as_deref().unwrap_or("an unknown machine");
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .x_desc(format!("time of training and testing in seconds ({machine})"))
        .y_desc("mean test accuracy in percent, bars: standard error")
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
                points.iter().map(|p| (p.time, p.mean)).collect::<Vec<_>>(),
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
            .draw_series(shortest.map(|p| Circle::new((p.time, p.mean), 5, colour.filled())))
            .map_err(said)?;
        for point in variants.values().flatten() {
            chart
                .draw_series(bar(point, cap).map(|path| PathElement::new(path, colour.mix(0.6))))
                .map_err(said)?;
        }
        for (name, points) in &variants {
            names.extend(points.last().map(|p| (chart.backend_coord(&(p.time, p.mean)), *name, colour)));
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
        for ((x, y), name, colour) in apart(names) {
            let style = (FONT, 11).into_font().color(&colour);
            root.draw(&Text::new(name.to_string(), (x + 9, y - 6), style)).map_err(said)?;
        }
    }
    root.present().map_err(said)
}

/// A bar of one standard error to each side, with its caps.
fn bar(point: &Point<'_>, cap: f64) -> impl Iterator<Item = Vec<(f64, f64)>> {
    let (x, y) = (point.time, point.mean);
    let error = point.group.std_error;
    error.into_iter().flat_map(move |e| {
        let across = |y: f64| vec![(x - cap, y), (x + cap, y)];
        [vec![(x, y - e), (x, y + e)], across(y - e), across(y + e)]
    })
}

type Name<'a> = ((i32, i32), &'a str, RGBColor);

/// Moves names down that would be written over others.
fn apart(mut names: Vec<Name<'_>>) -> Vec<Name<'_>> {
    names.sort_by_key(|((x, y), name, _)| (*y, *x, *name));
    let mut placed: Vec<Name<'_>> = Vec::new();
    let end = |(at, name, _): &Name<'_>| at.0 + 7 * name.chars().count() as i32;
    for mut name in names {
        while let Some(other) = placed.iter().find(|other| {
            (other.0.1 - name.0.1).abs() < LINE && other.0.0 < end(&name) && name.0.0 < end(other)
        }) {
            name.0.1 = other.0.1 + LINE;
        }
        placed.push(name);
    }
    placed
}
