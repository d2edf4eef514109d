//! Optimisers. Each rule is a file; this module decides which weight follows which rule.

mod adamw;
mod muon;
pub(in crate::run) mod on_device;
mod sgd;

use netc::graph::Init;
use netc::graph::op::{Op, Role};
use netc::lower::Precision;
use netc::recipe::{Algorithm, Recipe};
use tch::{Device, Kind, TchError, Tensor};

use crate::lower::TorchNet;
use crate::lower::kernels::Kernels;

/// The state of a training when its weights are updated.
#[derive(Debug, Clone, Copy)]
pub struct LrState {
    /// The learning rate for the mean loss.
    pub lr: f64,
    /// The peak learning rate of the training.
    pub peak: f64,
    /// Epochs done, this step included.
    pub epoch: f64,
    /// Steps done, this one included.
    pub step: u64,
}

impl LrState {
    /// The learning rate of a weight, before its factor: by the schedule, or falling to 0 within
    /// `whiten_bias_epochs` if it is `whitened`. `None` if the weight no longer moves.
    fn of(self, whitened: bool, recipe: &Recipe) -> Option<f64> {
        if !whitened {
            return Some(self.lr);
        }
        let lr = self.peak * (1.0 - self.epoch / recipe.whiten_bias_epochs);
        (lr > 0.0).then_some(lr)
    }
}

/// The weights that a training updates, and the optimiser's state for them.
///
/// Gradients are of the *sum* of a batch's losses. Where a rule wants those of the mean, they are
/// divided by the recipe's batch size, also for a smaller last batch.
#[derive(Debug)]
pub struct Optimiser {
    slots: Vec<Slot>,
    recipe: Recipe,
    kernels: Option<Kernels>,
}

/// One weight.
#[derive(Debug)]
struct Slot {
    weight: Tensor,
    rule: Rule,
    /// Learning-rate multiplier; does not apply to weight decay.
    scale: f64,
    /// Whether its learning rate follows `whiten_bias_epochs` instead of the schedule.
    whitened: bool,
}

/// The rule of a weight, with its state.
#[derive(Debug)]
enum Rule {
    Sgd { velocity: Tensor },
    AdamW { mean: Tensor, square: Tensor },
    Muon { momentum: Tensor },
}

impl Optimiser {
    /// For the trained weights of a net, with empty state.
    pub fn new(net: &TorchNet, recipe: &Recipe) -> Result<Optimiser, TchError> {
        let whitened = |op: &Op| matches!(op, Op::Conv(conv) if conv.init == Some(Init::Whiten));
        let steps = net.plan().steps().iter().filter(|step| whitened(&step.op));
        let biases: Vec<String> = steps.map(|step| format!("{}.bias", step.path)).collect();
        let weights = net.trained().map(|w| (w.tensor.shallow_clone(), w.role)).collect();
        let mut optimiser = Optimiser::of(weights, recipe)?;
        for (slot, weight) in optimiser.slots.iter_mut().zip(net.trained()) {
            slot.whitened = recipe.whiten_bias_epochs > 0.0 && biases.contains(&weight.name);
        }
        Ok(optimiser)
    }

    /// For any weights.
    pub fn of(weights: Vec<(Tensor, Role)>, recipe: &Recipe) -> Result<Optimiser, TchError> {
        let plain = |w: &Tensor| w.device() == Device::Cpu && w.kind() == Kind::Float;
        let kernels = Kernels::detect(Precision::Fp32)
            .filter(|_| weights.iter().all(|(weight, _)| plain(weight)));
        let slots = weights.into_iter().map(|(weight, role)| Slot::new(weight, role, recipe));
        Ok(Optimiser { kernels, recipe: recipe.clone(), slots: slots.collect::<Result<_, _>>()? })
    }

    /// The same optimiser with libtorch's operations instead of the fused kernel.
    pub fn plain(self) -> Optimiser {
        Optimiser { kernels: None, ..self }
    }

    /// The optimiser state of each weight, in order: one or two tensors.
    pub(super) fn remembered(&self) -> impl Iterator<Item = Vec<&Tensor>> {
        self.slots.iter().map(|slot| match &slot.rule {
            Rule::Sgd { velocity } => vec![velocity],
            Rule::AdamW { mean, square } => vec![mean, square],
            Rule::Muon { momentum } => vec![momentum],
        })
    }

    /// The gradients of `loss`, a sum of losses, one for each weight.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let weights: Vec<&Tensor> = self.slots.iter().map(|slot| &slot.weight).collect();
        Tensor::f_run_backward(&[loss], &weights, false, false)
    }

    /// Updates every weight once.
    pub fn step(&mut self, gradients: &[Tensor], pace: LrState) -> Result<(), TchError> {
        let Optimiser { slots, recipe, kernels } = self;
        tch::no_grad(|| {
            slots
                .iter_mut()
                .zip(gradients)
                .try_for_each(|(slot, g)| slot.step(g, pace, recipe, *kernels))
        })
    }
}

impl Slot {
    fn new(weight: Tensor, role: Role, recipe: &Recipe) -> Result<Slot, TchError> {
        let zeros = || weight.f_detach()?.f_zeros_like();
        let rule = match (recipe.optimiser, role) {
            (Algorithm::Muon, Role::Filters) => Rule::Muon { momentum: zeros()? },
            (Algorithm::AdamW, _) => Rule::AdamW { mean: zeros()?, square: zeros()? },
            (Algorithm::Sgd | Algorithm::Muon, _) => Rule::Sgd { velocity: zeros()? },
        };
        let scale = match role {
            Role::Bias => recipe.bias_lr_scale,
            Role::Norm => recipe.norm_lr_scale,
            Role::Filters | Role::Matrix | Role::Statistic => 1.0,
        };
        Ok(Slot { weight, rule, scale, whitened: false })
    }

    fn step(
        &mut self,
        gradient: &Tensor,
        pace: LrState,
        recipe: &Recipe,
        kernels: Option<Kernels>,
    ) -> Result<(), TchError> {
        let Some(lr) = pace.of(self.whitened, recipe) else { return Ok(()) };
        let (weight, batch_size) = (&mut self.weight, recipe.batch_size as f64);
        let (rate, decay) = (lr * self.scale, lr * recipe.weight_decay);
        match &mut self.rule {
            Rule::Sgd { velocity } => {
                let (momentum, nesterov) = (recipe.momentum, recipe.nesterov);
                let descent = sgd::SgdStep { rate: rate / batch_size, decay, momentum, nesterov };
                sgd::step(weight, velocity, gradient, descent, kernels)
            }
            Rule::AdamW { mean, square } => {
                let gradient = gradient.f_div_scalar(batch_size)?;
                let (betas, eps) = ([recipe.adam_beta1, recipe.adam_beta2], recipe.adam_eps);
                adamw::step(
                    weight,
                    [mean, square],
                    &gradient,
                    adamw::AdamWStep { rate, decay, betas, eps, number: pace.step },
                )
            }
            Rule::Muon { momentum } => {
                let rate = muon::rate(recipe, pace.lr, pace.peak);
                let matrix = muon::Matrix { weight, momentum, gradient };
                muon::step(&matrix, &muon::MuonStep::of(recipe), rate)
            }
        }
    }
}
