//! What all plots share.

use std::fmt::Display;
use std::ops::Range;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// Fonts: the first one is bundled with netc for PNG.
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
pub(crate) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// An axis for any finite numbers. Plotters computes the positions of its marks in the numbers
/// that it is given, which never ends for very large ones: it is given multiples of a power of
/// ten.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// The exponent of the power of ten; 0 for numbers of ordinary size.
    exponent: i32,
    /// Its range, in plotters' units.
    pub range: Range<f64>,
}

/// Numbers are of ordinary size if the largest is between these.
const ORDINARY: Range<f64> = 1e-3..1e6;
/// The smallest range of an axis, as a fraction of the largest number.
const SHORTEST: f64 = 1e-9;

impl Axis {
    /// An axis for all values with their errors, and with a margin at both ends as a fraction of
    /// its length. Values that are not finite are ignored.
    pub(crate) fn of(values: impl Iterator<Item = (f64, f64)>, margin: f64) -> Axis {
        let finite = values.filter(|(value, error)| value.is_finite() && error.is_finite());
        let finite: Vec<(f64, f64)> = finite.collect();
        let largest =
            finite.iter().flat_map(|(value, error)| [value.abs(), error.abs()]).fold(0.0, f64::max);
        let ordinary = largest == 0.0 || ORDINARY.contains(&largest);
        let exponent = if ordinary { 0 } else { (largest.log10().floor() as i32).max(-300) };
        let mut axis = Axis { exponent, range: 0.0..1.0 };
        let ends = finite.iter().map(|&(value, error)| {
            let (value, error) = (axis.at(value), axis.at(error).abs());
            [value - error, value + error]
        });
        let Some([low, high]) = ends.reduce(|[a, b], [low, high]| [a.min(low), b.max(high)]) else {
            return axis;
        };
        let (length, largest) = (high - low, low.abs().max(high.abs()));
        let more = if length > largest.max(1.0) * SHORTEST { length } else { largest.max(1.0) };
        axis.range = low - more * margin..high + more * margin;
        axis
    }

    /// A value in plotters' units.
    pub(crate) fn at(&self, value: f64) -> f64 {
        value / 10f64.powi(self.exponent)
    }

    /// The text of a mark, with at most this many decimals.
    pub(crate) fn label(&self, mark: f64, places: usize) -> String {
        let text = format!("{mark:.places$}");
        let text =
            if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        if self.exponent == 0 { text.into() } else { format!("{text}e{}", self.exponent) }
    }
}

/// For `map_err` after drawing with plotters.
pub(crate) fn said(error: impl Display) -> String {
    error.to_string()
}
