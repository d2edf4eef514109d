//! Plots as SVG: curves of trainings and confusion matrices. `chart` has what they share
//! with the plot of a search.

mod chart;
mod confusion;
mod curves;

pub(crate) use chart::{Axis, COLOURS, FONT, GRID, said};
pub use confusion::confusion;
pub use curves::{Curve, curves};
