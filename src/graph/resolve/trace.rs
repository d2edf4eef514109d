//! What is noted while one node is traced.

use std::sync::Arc;

use crate::graph::{Placement, Provenance, TraceStep};

/// What is to be found out, and what was.
pub(super) struct Trace {
    pub path: String,
    /// The edits around the present place, outermost first.
    pub edits: Vec<Placement>,
    /// The conditions that led to the present place, outermost first.
    pub guards: Vec<Arc<TraceStep>>,
    pub found: Option<Provenance>,
}

/// A step, if any are noted.
pub(super) type Noted = Option<Arc<TraceStep>>;

impl Trace {
    pub fn new(path: &str) -> Trace {
        Trace { path: path.into(), edits: Vec::new(), guards: Vec::new(), found: None }
    }
}
