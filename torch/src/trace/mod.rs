//! libtorch's own profiler: which ops and kernels ran, when, and in which named range.

mod kineto;

use std::fmt;

pub(crate) use kineto::{Recorded, Recording, TraceRange};

/// The name of the range of a task's backward pass; the op's path is that of its forward pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backward<'p>(pub(crate) &'p str);

impl fmt::Display for Backward<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} backward", self.0)
    }
}
