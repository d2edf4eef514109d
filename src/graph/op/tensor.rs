use crate::graph::Init;

/// A tensor that an op owns.
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
    /// Whether training changes it by its gradient; otherwise it is a buffer.
    pub trained: bool,
}

impl TensorSpec {
    /// How many numbers it has; `u64::MAX` if that is more than 64 bits hold.
    pub fn elements(&self) -> u64 {
        self.dims.iter().fold(1, |product, &d| product.saturating_mul(d))
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
    /// Scale or offset of batch normalisation.
    Norm,
    /// A running statistic, which moves without a gradient.
    Statistic,
}
