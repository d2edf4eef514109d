//! From the events of a trace to where a step's time goes, kernel by kernel.
//!
//! A trace has the kernels that ran, when each was launched and by which op, and the named ranges
//! of time in which a program did something: of a step, its tasks. [`Execution::kernels`] tells in
//! which range each kernel of a GPU was launched; on a CPU [`Execution::ops`] takes libtorch's ops
//! for kernels. [`KernelTimes`] sums them up.

mod execution;
mod nest;
mod times;

pub use execution::{Execution, OUTSIDE};
pub use times::{Gaps, KernelTime, KernelTimes, PeakRates, RangeTime, TaskWork};

/// An event of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEvent {
    /// What it is.
    pub activity: Activity,
    /// Its name.
    pub name: String,
    /// When it began, in nanoseconds.
    pub start: u64,
    /// How long it took, in nanoseconds.
    pub duration: u64,
    /// The number that a launch shares with its kernel. Ops count for themselves.
    pub correlation: u64,
    /// The number of the op that launched a kernel; 0 if it is not known.
    pub op: u64,
    /// The thread of a CPU or the stream of a GPU.
    pub lane: i64,
}

/// What an event of a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// An op of libtorch, on the CPU.
    Op,
    /// A range that the program named, on the CPU.
    Range,
    /// A call by which the CPU launched a kernel.
    Launch,
    /// A kernel, copy or fill on the GPU.
    Kernel,
    /// Anything else.
    Other,
}

impl TraceEvent {
    /// When it ended, in nanoseconds.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }
}
