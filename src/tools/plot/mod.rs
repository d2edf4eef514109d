//! Pictures of numbers, as SVG: curves of trainings, and what was taken for what. What these and the picture of a search
//! have in common is here.

mod confusion;
mod curves;

use std::fmt::Display;
use std::ops::Range;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

pub use confusion::confusion;
pub use curves::{Curve, curves};

/// Text in a picture: the first is the one that netc brings along for PNG.
pub(crate) const FONT: &str = "Inter, sans-serif";
/// Okabe and Ito's colours, which people with any colour vision can tell apart.
pub(crate) const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(150, 130, 0),
];
/// The lines of a grid.
pub(crate) const GRID: RGBColor = RGBColor(232, 232, 232);

/// Two axes of numbers.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// What holds all values with their errors, and so much of its length more at both ends.
pub(crate) fn range(values: impl Iterator<Item = (f64, f64)>, margin: f64) -> Range<f64> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (value, error) in values {
        low = low.min(value - error);
        high = high.max(value + error);
    }
    let more = if high > low { (high - low) * margin } else { high.abs().max(1.0) * margin };
    low - more..high + more
}

/// For `map_err` where plotters draws.
pub(crate) fn said(error: impl Display) -> String {
    error.to_string()
}
