use crate::graph::Init;

/// A weight or buffer of an op.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorSpec {
    /// Its name below the node's path: `weight`, `bias`, `running_mean`.
    pub name: &'static str,
    /// Its sizes, in PyTorch's order.
    pub dims: Vec<u64>,
    /// How it starts.
    pub init: Init,
    /// What it is to its op.
    pub role: Role,
    /// Whether it is trained; otherwise it is a buffer.
    pub trained: bool,
}

impl TensorSpec {
    /// The number of elements, saturating at `u64::MAX`.
    pub fn elements(&self) -> u64 {
        self.dims.iter().fold(1, |product, &d| product.saturating_mul(d))
    }

    /// Whether it holds variances, which are not below 0.
    pub fn is_variance(&self) -> bool {
        self.name == "running_var"
    }
}

/// What a tensor is to its op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The filters of a convolution.
    Filters,
    /// The weight of a linear layer.
    Matrix,
    /// The bias of a convolution or a linear layer.
    Bias,
    /// Weight (gamma) or bias (beta) of batch normalisation.
    Norm,
    /// A running statistic, updated without a gradient.
    Statistic,
}
