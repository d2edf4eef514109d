//! What a training has on the device: sums of its metrics, the number of the step, and the numbers
//! of this step, such as learning rates. A step reads them there, so that the same launches do
//! every step.

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::GpuKernels;

/// Groups of weights with rates of their own, at most: `GROUPS` of the kernels.
pub const GROUPS: usize = 8;
/// Numbers of a step: `SCALARS` of the kernels.
pub const SCALARS: usize = 32;

const METRICS: i64 = 8;
/// Where the fields of the kernels. `State` lie, in words of 32 bits.
const WORDS: i64 = 56;
const GRAD_SCALE: i64 = 16;
pub(super) const STEP: i64 = 17;
const NONFINITE: i64 = 20;
const SKIPPED: i64 = 21;
const GOOD: i64 = 22;
const FIRST_SCALAR: i64 = 24;

/// The numbers of a step: by group, the factor of the gradient and that of the weight; then what
/// else its rules need.
pub type StepRow = [f32; SCALARS];

/// Loss scaling: the gradient of the loss is multiplied by a power of 2 so that fp16 holds it. The
/// factor is halved, and the step leaves the weights as they are, when a gradient is not finite;
/// it is doubled after so many steps without that; as in `torch.amp.GradScaler`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// The factor stays 1: no other precision needs one.
    Never,
    /// After this many steps.
    After(u32),
}

/// Where loss scaling is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossScaling {
    /// The factor of the gradient of the loss.
    pub factor: f32,
    /// Steps in a row without a gradient that is not finite.
    pub good: u32,
}

/// The state of a training on the device.
#[derive(Debug)]
pub struct DeviceState {
    kernels: GpuKernels,
    /// The same memory, as numbers of each kind.
    doubles: Tensor,
    words: Tensor,
    integers: Tensor,
}

impl DeviceState {
    /// All 0, and a gradient scale of 1.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn new(kernels: &GpuKernels) -> Result<DeviceState, TchError> {
        let doubles = kernels.memory(&[WORDS / 2], Kind::Double)?.f_zero_()?;
        let words = doubles.f_view_dtype(Kind::Float)?;
        let integers = doubles.f_view_dtype(Kind::Int)?;
        let _ = words.f_narrow(0, GRAD_SCALE, 1)?.f_fill_(1.0)?;
        Ok(DeviceState { kernels: kernels.clone(), doubles, words, integers })
    }

    /// The sums of all metrics, `[METRICS]`, fp64; it shares their memory.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn all_sums(&self) -> Result<Tensor, TchError> {
        self.doubles.f_narrow(0, 0, METRICS)
    }

    /// The first of the sums of the metrics, `[count]`, fp64; it shares their memory.
    ///
    /// # Errors
    /// More than there are.
    pub fn sums(&self, count: usize) -> Result<Tensor, TchError> {
        let count = i64::try_from(count).ok().filter(|&count| count <= METRICS);
        let count = count.ok_or_else(|| TchError::Shape("too many metrics".into()))?;
        self.doubles.f_narrow(0, 0, count)
    }

    /// One of the numbers of the step, `[]`, fp32; it shares their memory.
    ///
    /// # Errors
    /// Beyond the last one.
    pub fn scalar(&self, index: usize) -> Result<Tensor, TchError> {
        self.words.f_select(0, FIRST_SCALAR + index as i64)
    }

    /// All of it, `[words]`, fp64; it shares its memory.
    pub(super) fn doubles(&self) -> &Tensor {
        &self.doubles
    }

    /// The factor of the gradient of the loss, `[]`, fp32; it shares its memory.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn grad_scale(&self) -> Result<Tensor, TchError> {
        self.words.f_select(0, GRAD_SCALE)
    }

    /// Where loss scaling is. Waits for the device.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn scaling(&self) -> Result<LossScaling, TchError> {
        let factor = self.grad_scale()?.f_double_value(&[])?;
        let good = self.integers.f_select(0, GOOD)?.f_int64_value(&[])?;
        Ok(LossScaling { factor: factor as f32, good: u32::try_from(good).unwrap_or(0) })
    }

    /// Continues loss scaling.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn set_scaling(&self, scaling: LossScaling) -> Result<(), TchError> {
        let _ = self.grad_scale()?.f_fill_(f64::from(scaling.factor))?;
        let _ = self.integers.f_select(0, GOOD)?.f_fill_(i64::from(scaling.good))?;
        Ok(())
    }

    /// Whether a gradient of this step is not finite, `[]`, bool; computed anew.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn is_skipped(&self) -> Result<Tensor, TchError> {
        self.integers.f_select(0, NONFINITE)?.f_ne(0)
    }

    /// The steps that left the weights as they were since the counter was set to 0. Waits for the
    /// device.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn skipped(&self) -> Result<u64, TchError> {
        let skipped = self.integers.f_select(0, SKIPPED)?.f_int64_value(&[])?;
        Ok(skipped.unsigned_abs())
    }

    /// Begins an epoch after some of its steps, and after so many of all epochs.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn begin(&self, step: usize, total: usize) -> Result<(), TchError> {
        let both = [super::launch::count(step)?, super::launch::count(total)?];
        let both = both.map(u32::cast_signed);
        self.integers.f_narrow(0, STEP, 2)?.f_copy_(&Tensor::f_from_slice(&both)?)
    }

    /// Begins a step of a batch: takes its row of `[steps, SCALARS]`, if there are rows, and
    /// adapts the gradient scale to the last one.
    ///
    /// # Errors
    /// Rows of another shape.
    pub fn advance(
        &self,
        rows: Option<&Tensor>,
        batch: usize,
        growth: Growth,
    ) -> Result<(), TchError> {
        let fits = |rows: &Tensor| rows.kind() == Kind::Float && rows.is_contiguous();
        if let Some(rows) = rows.filter(|rows| !fits(rows)) {
            return Err(TchError::Shape(format!("rows of {:?} {:?}", rows.kind(), rows.size())));
        }
        let after = match growth {
            Growth::Never => 0,
            Growth::After(steps) => steps,
        };
        self.kernels.launch(
            "advance",
            [1, 1],
            32,
            &[
                self.into(),
                rows.map_or(super::launch::KernelArgument::NULL, Into::into),
                super::launch::count(batch)?.into(),
                after.into(),
            ],
        )
    }

    /// A copy of all of it.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn snapshot(&self) -> Result<Tensor, TchError> {
        let mut copy = self.words.f_empty_like()?;
        copy.f_copy_(&self.words)?;
        Ok(copy)
    }

    /// Sets all of it to a [`snapshot`](DeviceState::snapshot).
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn restore(&self, snapshot: &Tensor) -> Result<(), TchError> {
        self.words.shallow_clone().f_copy_(snapshot)
    }
}

impl From<&DeviceState> for super::launch::KernelArgument {
    fn from(state: &DeviceState) -> super::launch::KernelArgument {
        (&state.words).into()
    }
}
