//! What names mean: each definition of a project, and each place that mentions it.
//!
//! Names are resolved once, from the text alone, so that it does not matter what is evaluated: a
//! guard that is off hides no use. The evaluation asks here which block a call means, and which
//! part of a path an element gives; it keeps the values of parameters and nodes itself.

mod definition;
mod path;
mod scope;
mod segments;
mod table;
mod walk;

pub use definition::{Def, NameKind, Reference, ReferenceRole};
pub use table::Names;
