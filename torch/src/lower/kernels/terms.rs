//! What kernels are asked for.

use netc::lower::schedule::FusedOps;
use tch::{TchError, Tensor};

/// The tensors of a batch normalisation: weight, bias, running mean, running variance; fp32, one
/// number a channel.
pub type Owned<'a> = [&'a Tensor; 4];

/// What a kernel reads and what it writes.
#[derive(Debug, Clone, Copy)]
pub struct FromTo<'a> {
    /// Read.
    pub from: &'a Tensor,
    /// Written.
    pub to: &'a Tensor,
}

/// What is done to a convolution's output before it is written: a bias is added, then a pool and a
/// ReLU, then another image is added.
#[derive(Debug, Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// fp32, one number for each output channel.
    pub bias: Option<&'a Tensor>,
    /// What follows then.
    pub after: FusedOps,
    /// Added last, of the shape of what is written.
    pub add: Option<&'a Tensor>,
    /// Whether the output's channels are summed for
    /// [`summed_moments`](super::Kernels::summed_moments); nothing else is done to it then.
    pub sums: bool,
}

impl Epilogue<'_> {
    /// Refuses sums of what something is done to before it is written.
    pub(super) fn sums_what_it_writes(&self) -> Result<(), TchError> {
        let plain = self.bias.is_none() && self.add.is_none() && self.after == FusedOps::default();
        match plain || !self.sums {
            true => Ok(()),
            false => Err(TchError::Shape("sums are of a convolution's output as it is".into())),
        }
    }
}

/// One step of stochastic gradient descent: `v <- momentum v - rate g - decay w`, then
/// `w <- w + v`, or with Nesterov's form `w <- w + momentum v - rate g - decay w`.
#[derive(Debug, Clone, Copy)]
pub struct SgdStep {
    /// Multiplies the gradient.
    pub rate: f64,
    /// Multiplies the weight.
    pub decay: f64,
    /// Multiplies the velocity.
    pub momentum: f64,
    /// Nesterov's form.
    pub nesterov: bool,
}
