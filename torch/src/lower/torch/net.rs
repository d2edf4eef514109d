use std::ops::Range;

use netc::check::Checked;
use netc::lower::{Plan, Precision, TorchError, plan};
use tch::{Device, Kind, TchError, Tensor};

use super::at::At;
use super::layout::channels_last;
use super::mode::{Manner, Mode, TrainingNorm};
use super::ops;
use super::weights::{Weight, sizes};

/// A net on a device, with its weights.
#[derive(Debug)]
pub struct TorchNet {
    pub(in crate::lower) plan: Plan,
    pub(in crate::lower) weights: Vec<Weight>,
    /// Which weights each step of the plan owns.
    pub(in crate::lower) owned: Vec<Range<usize>>,
    pub(in crate::lower) device: Device,
    pub(in crate::lower) kind: Kind,
    /// Of the weights, and of the output.
    pub(in crate::lower) masters: Kind,
    norm: Option<Box<dyn TrainingNorm>>,
}

impl TorchNet {
    /// A net with first weights from `seed`: the same for the same seed and path, on every device.
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
                weights
                    .push(Weight::new(&step.path, &tensor, seed, masters, device).at(&step.path)?);
            }
            owned.push(first..weights.len());
        }
        let kind = kind(precision);
        Ok(TorchNet { plan, weights, owned, device, kind, masters, norm: None })
    }

    /// A net that computes like this one, with the weights of these names.
    pub(super) fn with_weights(
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
                let weight = get(&name)
                    .ok_or_else(missing)
                    .and_then(|tensor| Weight::of(name.clone(), tensor, sizes(&spec.dims)?, &spec));
                weights.push(weight.at(&step.path)?);
            }
            owned.push(first..weights.len());
        }
        let TorchNet { device, kind, masters, .. } = *self;
        Ok(TorchNet { plan, weights, owned, device, kind, masters, norm: None })
    }

    /// The same net with the same tensors.
    pub fn share(&self) -> TorchNet {
        self.with_tensors(
            &self.weights.iter().map(|weight| weight.tensor.shallow_clone()).collect::<Vec<_>>(),
        )
    }

    /// The same net with other weights and buffers, in the order of its own.
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

    /// Lets dropout drop nothing from now on, for comparison with what draws otherwise.
    pub fn drop_nothing(&mut self) {
        self.plan.drop_nothing();
    }

    /// Trains nothing that a pattern of paths holds, see [`Plan::freeze`].
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn freeze(&mut self, patterns: &[String]) -> Result<(), TorchError> {
        self.plan.freeze(patterns);
        for (step, owned) in self.plan.steps().iter().zip(&self.owned).filter(|(s, _)| s.frozen) {
            for weight in &mut self.weights[owned.clone()] {
                weight.trained = false;
                weight.tensor = weight.tensor.f_set_requires_grad(false).at(&step.path)?;
            }
        }
        Ok(())
    }

    /// Normalises by `norm` while training from now on.
    pub fn set_training_norm(&mut self, norm: Box<dyn TrainingNorm>) {
        self.norm = Some(norm);
    }

    /// The net's output for images `[N, channels, height, width]` of any kind: fp32, `[N, ...]`.
    /// Gradients can be taken from it unless the caller has switched them off.
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, TorchError> {
        self.forward_watched(images, mode, &mut |_, _| Ok(()))
    }

    /// The same; `watch` is given the path and the value of each node, in the order of the plan. An
    /// error of it ends the pass.
    pub fn forward_watched(
        &self,
        images: &Tensor,
        mode: Mode,
        watch: &mut dyn FnMut(&str, &Tensor) -> Result<(), TchError>,
    ) -> Result<Tensor, TorchError> {
        let steps = self.plan.steps();
        let manner = Manner { mode, kind: self.kind, norm: self.norm.as_deref() };
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(steps.len());
        let input = images.f_to_kind(self.kind).and_then(|t| channels_last(&t));
        values.push(Some(input.at(&steps[0].path)?));
        for (step, owned) in steps.iter().zip(&self.owned).skip(1) {
            let operands: Vec<&Tensor> =
                step.operands.iter().filter_map(|&i| values[i].as_ref()).collect();
            let weights = &self.weights[owned.clone()];
            let value = ops::apply(step, &operands, weights, manner).at(&step.path)?;
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

    /// The weights that training changes.
    pub fn trained(&self) -> impl Iterator<Item = &Weight> {
        self.weights.iter().filter(|w| w.trained)
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Its arithmetic.
    pub fn precision(&self) -> Precision {
        match self.kind {
            Kind::Double => Precision::Fp64,
            Kind::BFloat16 => Precision::Bf16,
            Kind::Half => Precision::Fp16,
            _ => Precision::Fp32,
        }
    }

    /// The kind of its values.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it computes, step by step.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// The type of numbers that a precision computes with.
pub(crate) fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::Fp64 => Kind::Double,
        Precision::Fp32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
        Precision::Fp16 => Kind::Half,
    }
}
