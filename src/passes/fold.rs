/// How the weights of the rewritten net are computed from those of the original. Names are paths.
#[derive(Debug, Clone, PartialEq)]
pub enum Fold {
    /// Folds a batch normalisation, with its running statistics, into the layer before it, which
    /// then has a bias.
    Norm {
        /// The convolution or linear layer.
        layer: String,
        /// The batch normalisation.
        norm: String,
        /// The epsilon of the batch normalisation.
        eps: f64,
    },
    /// Multiplies weight and bias.
    Scale {
        /// The convolution or linear layer.
        layer: String,
        /// The factor.
        by: f64,
    },
    /// Replaces the weight of the second of two linear layers by the product of both.
    Linear {
        /// The first layer.
        first: String,
        /// The second layer.
        second: String,
    },
}
