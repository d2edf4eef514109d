//! Where a problem is, what it is, and how it is shown.
//!
//! Every stage reports into [`Problems`]. A problem holds facts and spans only; the text of the
//! files is attached once, at the edge, by [`render`].

mod allow;
mod callers;
mod code;
pub mod colour;
mod deceptive;
mod edit;
pub(crate) mod elsewhere;
mod line;
mod problem;
mod render;
mod source;
mod suggest;

pub use allow::allow;
pub use callers::at_callers;
pub use code::{Code, Severity};
pub use deceptive::{escaped, is_deceptive, is_deceptive_after, plain, visible};
pub use edit::edited;
pub(crate) use line::{indentation, line_start};
pub use problem::{Fix, Problem, Problems};
pub use render::{Style, render};
pub use source::{FileId, Position, SourceText, Sources, Span};
pub use suggest::{MAX_LISTED, Nearest, did_you_mean, listed, number_of, plural};
