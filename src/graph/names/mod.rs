//! Name resolution: each definition in a project, and each reference to it.
//!
//! Names are resolved once, from the text alone, independently of evaluation: a use behind a guard
//! that is off still counts. Evaluation looks up here which block a call refers to, and which
//! segment an element adds to a path; it keeps the values of parameters and nodes itself.

mod definition;
mod path;
mod resolve;
mod scope;
mod segments;
mod table;
mod twice;

pub use definition::{Def, NameKind, Reference, ReferenceRole};
pub(super) use scope::label;
pub use table::Names;
pub(super) use twice::Twice;
