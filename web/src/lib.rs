//! netc's front end for a web page: a question as JSON, an answer as JSON.
//!
//! [`answer`] is all of it. A page calls it through [`mod@abi`], which moves the two texts.

pub mod abi;
mod answer;
mod net;
mod parameter;
mod problem;

pub use answer::answer;
