//! What is noted while one node is traced.

use std::sync::Arc;

use crate::graph::{Placement, Provenance, TraceStep};

/// The path to trace, and what was found.
pub(super) struct Trace {
    pub path: String,
    /// The edits around the current place, outermost first.
    pub edits: Vec<Placement>,
    /// The conditions that led to the current place, outermost first.
    pub guards: Vec<Arc<TraceStep>>,
    pub found: Option<Provenance>,
}

/// A step, if steps are recorded.
pub(super) type Noted = Option<Arc<TraceStep>>;

impl Trace {
    pub fn new(path: &str) -> Trace {
        Trace { path: path.into(), edits: Vec::new(), guards: Vec::new(), found: None }
    }
}
