mod backward;
mod forward;
mod statistics;
mod units;

pub(in crate::lower::kernels) use backward::{Reached, grad_input, gradient_sums};
pub(in crate::lower::kernels) use forward::{Normalised, normalise};
pub(in crate::lower::kernels) use statistics::{pivots, sums};
