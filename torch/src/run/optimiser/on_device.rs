//! The updates of all weights on the device alone: rates are read from the state of the training
//! there.

use netc::recipe::{Algorithm, Recipe};
use tch::{Kind, TchError, Tensor};

use super::{LrState, Optimiser, Rule, Slot, muon};
use crate::lower::cuda::{
    Adam, DeviceState, GROUPS, GpuKernels, Mover, SCALARS, Sgd, StepRow, Updates,
};

/// Numbers of a step behind the rates of the groups.
const ADAM_CORRECTIONS: usize = 2 * GROUPS;
const MUON_RATE: usize = ADAM_CORRECTIONS + 2;
/// How far a moving average of the weights moves in a step.
pub(in crate::run) const AVERAGE: usize = MUON_RATE + 1;

/// A group that stands still.
const STILL: f32 = -1.0;

/// The updates of a net's weights, launched together.
#[derive(Debug)]
pub(in crate::run) struct OnDevice {
    /// Of all weights, to see whether their gradients are finite.
    all: Updates,
    /// Of those that follow SGD or AdamW.
    moved: Updates,
    rule: Fused,
    /// Filters that follow Muon, by the shape of their matrices.
    muon: Vec<Vec<MuonSlot>>,
    muon_step: muon::MuonStep,
}

#[derive(Debug)]
enum Fused {
    Sgd(Sgd),
    AdamW(Adam),
}

#[derive(Debug)]
struct MuonSlot {
    weight: Tensor,
    momentum: Tensor,
    gradient: Tensor,
    copy: Option<Tensor>,
}

impl Optimiser {
    /// The same updates for gradients and 16-bit copies that stay where they are.
    pub(in crate::run) fn on_device(
        &self,
        kernels: &GpuKernels,
        kind: Kind,
        gradients: &[Tensor],
        copies: &[Option<&Tensor>],
    ) -> Result<OnDevice, TchError> {
        let groups = self.groups();
        let detached: Vec<Tensor> =
            self.slots.iter().map(|slot| slot.weight.f_detach()).collect::<Result<_, _>>()?;
        let (mut all, mut moved, mut muon) = (Vec::new(), Vec::new(), Vec::<Vec<MuonSlot>>::new());
        for (i, slot) in self.slots.iter().enumerate() {
            let (weight, gradient, copy) = (&detached[i], &gradients[i], copies[i]);
            let group = groups.iter().position(|group| *group == slot.group()).unwrap_or(0);
            let (first, second) = match &slot.rule {
                Rule::Sgd { velocity } => (velocity, None),
                Rule::AdamW { mean, square } => (mean, Some(square)),
                Rule::Muon { momentum } => (momentum, None),
            };
            let mover = || Mover { weight, first, second, gradient, copy, group };
            all.push(mover());
            match &slot.rule {
                Rule::Sgd { .. } | Rule::AdamW { .. } => moved.push(mover()),
                Rule::Muon { momentum } => {
                    let of_shape = |group: &&mut Vec<MuonSlot>| {
                        group.first().is_some_and(|first| muon::same_matrix(&first.weight, weight))
                    };
                    let slot = MuonSlot {
                        weight: weight.shallow_clone(),
                        momentum: momentum.shallow_clone(),
                        gradient: gradient.shallow_clone(),
                        copy: copy.map(Tensor::shallow_clone),
                    };
                    match muon.iter_mut().find(of_shape) {
                        Some(group) => group.push(slot),
                        None => muon.push(vec![slot]),
                    }
                }
            }
        }
        Ok(OnDevice {
            all: Updates::new(kernels, kind, &all)?,
            moved: Updates::new(kernels, kind, &moved)?,
            rule: fused(&self.recipe),
            muon,
            muon_step: muon::MuonStep::of(&self.recipe),
        })
    }

    /// The numbers of a step for [`OnDevice::step`].
    pub(in crate::run) fn row(&self, pace: LrState) -> StepRow {
        let recipe = &self.recipe;
        let mut row = [0.0f32; SCALARS];
        let batch_size = recipe.batch_size as f64;
        for (i, (scale, whitened)) in self.groups().into_iter().enumerate() {
            let Some(lr) = pace.of(whitened, recipe) else {
                row[2 * i] = STILL;
                continue;
            };
            let rate = match recipe.optimiser {
                Algorithm::AdamW => lr * scale,
                Algorithm::Sgd | Algorithm::Muon => lr * scale / batch_size,
            };
            row[2 * i] = rate as f32;
            row[2 * i + 1] = (lr * recipe.weight_decay) as f32;
        }
        let [mean, square] = [recipe.adam_beta1, recipe.adam_beta2]
            .map(|beta| 1.0 / (1.0 - beta.powf(pace.step as f64)));
        row[ADAM_CORRECTIONS] = mean as f32;
        row[ADAM_CORRECTIONS + 1] = square.sqrt() as f32;
        row[MUON_RATE] = muon::rate(recipe, pace.lr, pace.peak) as f32;
        row
    }

    /// The weights that share their rates: the factor of their learning rate, and whether it
    /// follows `whiten_bias_epochs`.
    fn groups(&self) -> Vec<(f64, bool)> {
        let mut groups = Vec::new();
        for slot in &self.slots {
            if !groups.contains(&slot.group()) {
                groups.push(slot.group());
            }
        }
        groups
    }
}

impl Slot {
    fn group(&self) -> (f64, bool) {
        (self.scale, self.whitened)
    }
}

impl OnDevice {
    /// Updates every weight once, by the numbers of the step in the state. With `scaled` gradients
    /// no weight is updated if one of them is not finite.
    pub(in crate::run) fn step(&self, state: &DeviceState, scaled: bool) -> Result<(), TchError> {
        if scaled {
            self.all.check_finite(state)?;
        }
        match self.rule {
            Fused::Sgd(by) => self.moved.sgd(state, by)?,
            Fused::AdamW(by) => self.moved.adamw(state, by)?,
        }
        let (rate, scale) = (state.scalar(MUON_RATE)?, state.grad_scale()?);
        for slots in &self.muon {
            let mut gradients = Vec::new();
            for slot in slots {
                let gradient = slot.gradient.f_div(&scale)?;
                let skipped = state.is_skipped()?;
                let gradient = gradient.f_masked_fill(&skipped, 0.0)?;
                gradients.push(gradient);
            }
            let matrices: Vec<muon::Matrix<'_>> = slots
                .iter()
                .zip(&gradients)
                .map(|(slot, gradient)| muon::Matrix {
                    weight: &slot.weight,
                    momentum: &slot.momentum,
                    gradient,
                })
                .collect();
            let rate = rate.f_masked_fill(&state.is_skipped()?, 0.0)?;
            muon::step_together(&matrices, &self.muon_step, &rate)?;
            for slot in slots {
                if let Some(copy) = &slot.copy {
                    let channels = slot.weight.size()[1];
                    copy.f_narrow(1, 0, channels)?.f_copy_(&slot.weight)?;
                }
            }
        }
        Ok(())
    }
}

fn fused(recipe: &Recipe) -> Fused {
    match recipe.optimiser {
        Algorithm::AdamW => Fused::AdamW(Adam {
            betas: [recipe.adam_beta1 as f32, recipe.adam_beta2 as f32],
            eps: recipe.adam_eps as f32,
            inverse_batch: (1.0 / recipe.batch_size as f64) as f32,
        }),
        Algorithm::Sgd | Algorithm::Muon => {
            Fused::Sgd(Sgd { momentum: recipe.momentum as f32, nesterov: recipe.nesterov })
        }
    }
}
