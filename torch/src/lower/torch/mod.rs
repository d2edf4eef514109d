pub(super) mod activation;
mod attributes;
mod folded;
pub(super) mod ops;
mod script;
mod verify;
mod weights;

use std::ops::Range;

use netc::check::Checked;
use netc::lower::{Plan, Precision, TorchError, plan};
use tch::{Device, Kind, TchError, Tensor};

pub(super) use ops::{image_size, pair};
pub use script::script;
pub use verify::{Verified, verify};
pub use weights::Weight;

/// Adds the place to an error of libtorch.
pub trait At<T> {
    /// Keeps the first line of the error message and adds the place.
    fn at(self, at: &str) -> Result<T, TorchError>;
}

impl<T> At<T> for Result<T, TchError> {
    fn at(self, at: &str) -> Result<T, TorchError> {
        self.map_err(|error| {
            let text = match error {
                TchError::Torch(text) => text,
                other => other.to_string(),
            };
            let message = text.lines().next().unwrap_or_default().to_string();
            TorchError { at: at.to_string(), message }
        })
    }
}

/// The mode of batch normalisation and dropout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics, which also update the running ones; dropout is active.
    Train {
        /// The seed of dropout.
        seed: u64,
    },
    /// Running statistics; dropout is inactive.
    Eval,
}

/// Batch normalisation in training with statistics other than those of the batch.
pub trait TrainingNorm: std::fmt::Debug + Send + Sync {
    /// Normalises `x`, `[N, C, ...]`, per channel, then applies weight and bias, the first two
    /// tensors, and updates the running mean and variance, the other two, with `momentum`. The
    /// result has the dtype of `x`.
    ///
    /// # Errors
    /// Errors of libtorch.
    fn apply(
        &self,
        x: &Tensor,
        owned: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError>;
}

/// A net on a device, with its weights.
#[derive(Debug)]
pub struct TorchNet {
    pub(super) plan: Plan,
    pub(super) weights: Vec<Weight>,
    /// The range of the weights of each step of the plan.
    pub(super) owned: Vec<Range<usize>>,
    pub(super) device: Device,
    pub(super) kind: Kind,
    /// The dtype of the master weights and of the output.
    pub(super) masters: Kind,
    norm: Option<Box<dyn TrainingNorm>>,
}

impl TorchNet {
    /// A net initialised from `seed`: the same weights for the same seed and path, on every device.
    pub fn new(
        net: &Checked,
        seed: u64,
        device: Device,
        precision: Precision,
    ) -> Result<TorchNet, TorchError> {
        let plan = plan(net);
        let masters = if precision == Precision::Fp64 { Kind::Double } else { Kind::Float };
        let mut weights = Vec::new();
        let mut owned = Vec::new();
        for step in plan.steps() {
            let first = weights.len();
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            for tensor in step.op.tensors(&shapes) {
                weights.push(
                    Weight::new(&step.path, &tensor, seed, (masters, device)).at(&step.path)?,
                );
            }
            owned.push(first..weights.len());
        }
        let kind = match precision {
            Precision::Fp64 => Kind::Double,
            Precision::Fp32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
            Precision::Fp16 => Kind::Half,
        };
        Ok(TorchNet { plan, weights, owned, device, kind, masters, norm: None })
    }

    /// A net with these weights, on the same device and in the same precision.
    fn with_weights(
        &self,
        net: &Checked,
        get: impl Fn(&str) -> Option<Tensor>,
    ) -> Result<TorchNet, TorchError> {
        let plan = plan(net);
        let (mut weights, mut owned) = (Vec::new(), Vec::new());
        for step in plan.steps() {
            let first = weights.len();
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            for spec in step.op.tensors(&shapes) {
                let name = format!("{}.{}", step.path, spec.name);
                let missing = || TchError::Shape(format!("there is no weight `{name}`"));
                let weight = get(&name).ok_or_else(missing).and_then(|tensor| {
                    Weight::of(name.clone(), tensor, weights::sizes(&spec.dims)?, &spec)
                });
                weights.push(weight.at(&step.path)?);
            }
            owned.push(first..weights.len());
        }
        let TorchNet { device, kind, masters, .. } = *self;
        Ok(TorchNet { plan, weights, owned, device, kind, masters, norm: None })
    }

    /// A net that shares the tensors of this one.
    pub fn share(&self) -> TorchNet {
        self.with_tensors(
            &self.weights.iter().map(|weight| weight.tensor.shallow_clone()).collect::<Vec<_>>(),
        )
    }

    /// The same net with other weights and buffers, in the same order.
    pub fn with_tensors(&self, tensors: &[Tensor]) -> TorchNet {
        let weights = self.weights.iter().zip(tensors).map(|(weight, tensor)| Weight {
            name: weight.name.clone(),
            tensor: tensor.shallow_clone(),
            dims: weight.dims.clone(),
            ..*weight
        });
        let (plan, owned, weights) = (self.plan.clone(), self.owned.clone(), weights.collect());
        let TorchNet { device, kind, masters, .. } = *self;
        TorchNet { plan, weights, owned, device, kind, masters, norm: None }
    }

    /// Disables dropout, for comparison with implementations that draw differently.
    pub fn drop_nothing(&mut self) {
        self.plan.drop_nothing();
    }

    /// Sets the batch normalisation for training.
    pub fn set_training_norm(&mut self, norm: Box<dyn TrainingNorm>) {
        self.norm = Some(norm);
    }

    /// The net's output `[N, ...]` in fp32 for images `[N, channels, height, width]` of any dtype.
    /// Gradients are tracked unless the caller has disabled them.
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, TorchError> {
        self.forward_watched(images, mode, &mut |_, _| Ok(()))
    }

    /// The same; `watch` receives the path and the value of each node, in the order of the plan. An
    /// error from it ends the pass.
    pub fn forward_watched(
        &self,
        images: &Tensor,
        mode: Mode,
        watch: &mut dyn FnMut(&str, &Tensor) -> Result<(), TchError>,
    ) -> Result<Tensor, TorchError> {
        let steps = self.plan.steps();
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(steps.len());
        let input = images.f_to_kind(self.kind).and_then(|t| channels_last(&t));
        values.push(Some(input.at(&steps[0].path)?));
        for (step, owned) in steps.iter().zip(&self.owned).skip(1) {
            let operands: Vec<&Tensor> =
                step.operands.iter().filter_map(|&i| values[i].as_ref()).collect();
            let weights = &self.weights[owned.clone()];
            let value =
                ops::apply(step, &operands, weights, (self.kind, self.norm.as_deref()), mode)
                    .at(&step.path)?;
            watch(&step.path, &value).at(&step.path)?;
            for &operand in &step.last_uses {
                values[operand] = None;
            }
            values.push(Some(value));
        }
        let output = values.pop().flatten().ok_or(TchError::Shape("the plan is empty".into()));
        output.and_then(|t| t.f_to_kind(self.masters)).at(&self.plan.steps()[steps.len() - 1].path)
    }

    /// Every weight and buffer, in the order of the plan.
    pub fn weights(&self) -> &[Weight] {
        &self.weights
    }

    /// The trained weights.
    pub fn trained(&self) -> impl Iterator<Item = &Weight> {
        self.weights.iter().filter(|w| w.trained)
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The precision.
    pub fn precision(&self) -> Precision {
        match self.kind {
            Kind::Double => Precision::Fp64,
            Kind::BFloat16 => Precision::Bf16,
            Kind::Half => Precision::Fp16,
            _ => Precision::Fp32,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// The tensor in channels-last (NHWC) memory format, which libtorch's fast convolutions need. A
/// tensor that already has it, or is not an image, is returned as it is.
pub(super) fn channels_last(tensor: &Tensor) -> Result<Tensor, TchError> {
    if tensor.dim() != 4 {
        return Ok(tensor.shallow_clone());
    }
    tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}
