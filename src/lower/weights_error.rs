use super::tensor_file::TensorFileError;

/// Why there are no weights for a net.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// There is no memory for a tensor.
    #[error("there is no memory for the {elements} numbers of `{name}`")]
    OutOfMemory {
        /// The tensor.
        name: String,
        /// Its number of elements.
        elements: u64,
    },
    /// A tensor is missing.
    #[error("there is no weight `{0}`")]
    Missing(String),
    /// A tensor has another number of elements than the net's.
    #[error("`{name}` has {found} numbers, not {expected}")]
    Elements {
        /// The tensor.
        name: String,
        /// Its number of elements.
        found: usize,
        /// The net's.
        expected: u64,
    },
    /// The net has no such tensor.
    #[error("it has a tensor `{0}` that the net lacks")]
    Extra(String),
    /// The variances of a batch normalisation are negative, and have no deviation.
    #[error("`{0}` has a variance below 0")]
    Variance(String),
    /// The nets are not the same but for the names of their nodes.
    #[error("the nets differ in more than names")]
    OtherNet,
    /// The file is not one of weights, or damaged.
    #[error(transparent)]
    File(#[from] TensorFileError),
}
