use super::Precision;

/// What a step is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// Batch size.
    pub images: u64,
    /// The precision.
    pub precision: Precision,
    /// The number of threads.
    pub threads: usize,
}
