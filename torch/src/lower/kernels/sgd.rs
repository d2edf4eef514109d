use tch::{TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::vector;
use super::terms::SgdStep;
#[cfg(target_arch = "x86_64")]
use super::x86;

impl Kernels {
    /// Steps one weight: fp32 tensors of one layout.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn descend(
        self,
        w: &Tensor,
        v: &Tensor,
        g: &Tensor,
        step: SgdStep,
    ) -> Result<(), TchError> {
        let count = w.numel();
        if w.dim() == 4 && (w.stride() != v.stride() || w.stride() != g.stride()) {
            return Err(TchError::Shape(
                "weight, velocity and gradient differ in their layout".into(),
            ));
        }
        let (w, v, g) = (vector(w, count)?, vector(v, count)?, vector(g, count)?);
        compute!(self, {
            let one = x86::sgd::OneWeight { w, v, g, count };
            // SAFETY: dense tensors of so many numbers.
            unsafe { x86::sgd::descend(self.tier(), one, step) }
        });
        Ok(())
    }
}
