//! Cross-entropy, its gradient and the correct predictions in one pass.

use tch::{Kind, TchError, Tensor};

use super::launch::{KernelArgument, count, suffix};
use super::{DeviceState, GpuKernels};

/// Threads of its only block: `EXAMPLES` of the kernels.
const EXAMPLES: u32 = 512;
/// Classes from which a warp takes an example together.
const WARP: i64 = 32;

impl GpuKernels {
    /// Adds the cross-entropy of logits `[N, classes]` and labels `[N]`, summed over the batch, and
    /// the number of correct predictions to the sums of the state. The gradient with respect to
    /// the logits, times the state's gradient scale, is written to `gradient`, if it is wanted.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn cross_entropy(
        &self,
        logits: &Tensor,
        labels: &Tensor,
        smoothing: f64,
        gradient: Option<&Tensor>,
        state: &DeviceState,
    ) -> Result<(), TchError> {
        let (examples, classes) = logits.size2()?;
        let alike = |other: &Tensor| {
            other.size() == logits.size() && other.kind() == logits.kind() && other.is_contiguous()
        };
        let fits = alike(logits)
            && gradient.is_none_or(alike)
            && labels.size() == [examples]
            && labels.kind() == Kind::Int64
            && labels.is_contiguous();
        if !fits {
            return Err(TchError::Shape(format!(
                "no loss of {:?} {:?} and labels {:?} {:?}",
                logits.kind(),
                logits.size(),
                labels.kind(),
                labels.size()
            )));
        }
        let lanes = if classes < WARP { "thread" } else { "warp" };
        let name = format!("cross_entropy_{lanes}_{}", suffix(logits.kind())?);
        let arguments = [
            logits.into(),
            labels.into(),
            gradient.map_or(KernelArgument::NULL, Into::into),
            state.into(),
            count(examples as usize)?.into(),
            count(classes as usize)?.into(),
            (smoothing as f32).into(),
        ];
        self.launch(&name, [1, 1], EXAMPLES, &arguments)
    }
}
