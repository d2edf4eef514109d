use tch::{Kind, TchError, Tensor};

/// Whether batch normalisation and dropout do what they do while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The batch's own statistics, which also move the running ones; dropout drops.
    Train {
        /// What dropout draws from.
        seed: u64,
    },
    /// The running statistics; dropout does nothing.
    Eval,
}

/// Batch normalisation while training by other statistics than those of the batch at hand.
pub trait TrainingNorm: std::fmt::Debug + Send + Sync {
    /// Normalises `x`, `[N, C, ...]`, by statistics per channel, then scales and shifts it by
    /// weight and bias, the first two of the tensors; moves the running mean and variance, the
    /// other two, by `momentum`. In the kind of `x`.
    ///
    /// # Errors
    /// What libtorch refuses.
    fn apply(
        &self,
        x: &Tensor,
        owned: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError>;
}

/// How an op is computed.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower) struct Manner<'a> {
    pub mode: Mode,
    /// Of the arithmetic.
    pub kind: Kind,
    /// Normalises batches while training.
    pub norm: Option<&'a dyn TrainingNorm>,
}
