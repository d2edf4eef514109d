//! Dropout by numbers that depend on the place, the step and a seed alone.

use tch::{TchError, Tensor};

use super::launch::{KernelArgument, THREADS, count, suffix};
use super::{DeviceState, GpuKernels};

/// Numbers of a thread.
const EACH: usize = 8;

impl GpuKernels {
    /// `x / keep` where a draw of the state's step keeps an element, else 0. The same call with the
    /// gradient with respect to the result gives that with respect to `x`.
    ///
    /// # Errors
    /// Tensors of another kind, or with gaps.
    pub fn drop_elements(
        &self,
        x: &Tensor,
        seed: u64,
        keep: f64,
        state: &DeviceState,
    ) -> Result<Tensor, TchError> {
        let y = x.f_empty_like()?;
        let numbers = x.numel();
        if x.stride() != y.stride() {
            return Err(TchError::Shape(format!("dropout of strides {:?}", x.stride())));
        }
        let arguments = [
            x.into(),
            (&y).into(),
            state.into(),
            KernelArgument::U64(seed),
            (keep as f32).into(),
            count(numbers)?.into(),
        ];
        let blocks = count(numbers.div_ceil(EACH * THREADS as usize))?;
        self.launch(&format!("dropout_{}", suffix(x.kind())?), [blocks, 1], THREADS, &arguments)?;
        Ok(y)
    }
}
