//! The state of a training.

use netc::recipe::{Recipe, Schedule};
use netc::run::{Origin, RunError};
use tch::{TchError, Tensor};

use crate::lower::{At, TorchNet};
use crate::run::optimiser::{LrState, Optimiser};
use crate::run::probe::origin::finite;

/// The net and everything else that a step changes. Together with the progress it determines the
/// rest of the training.
#[derive(Debug)]
pub(in crate::run) struct State {
    pub net: TorchNet,
    pub optimiser: Optimiser,
    /// The exponential moving average of the weights that is tested, if the recipe asks for one.
    pub ema: Option<Average>,
    /// Lookahead's slow weights, once it has started.
    pub slow: Option<Average>,
}

/// The progress of a training after a step.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) struct Position {
    /// From 1.
    pub epoch: u32,
    /// Steps done in this epoch.
    pub step: usize,
    /// Steps per epoch.
    pub steps: usize,
}

impl Position {
    /// Epochs done.
    fn epochs(self) -> f64 {
        f64::from(self.epoch - 1) + self.step as f64 / self.steps as f64
    }

    /// Steps done.
    pub(in crate::run) fn done(self) -> usize {
        (self.epoch as usize - 1) * self.steps + self.step
    }

    /// The decay of the moving average of the weights, which is lower in the first steps.
    pub(in crate::run) fn ema_decay(self, recipe: &Recipe) -> f64 {
        let done = self.done() as f64;
        recipe.ema.min((1.0 + done) / (10.0 + done))
    }

    /// The learning rate.
    pub(in crate::run) fn lr_state(self, schedule: &Schedule) -> LrState {
        let (epoch, step) = (self.epochs(), self.done() as u64);
        LrState { lr: schedule.at(epoch), peak: schedule.peak(), epoch, step }
    }
}

impl State {
    /// Whether the moving average of the weights has to wait for lookahead.
    pub(in crate::run) fn averages_on_host(recipe: &Recipe) -> bool {
        recipe.lookahead_every > 0
    }

    /// For a net that is not trained yet.
    pub(in crate::run) fn new(net: TorchNet, recipe: &Recipe) -> Result<State, TchError> {
        let optimiser = Optimiser::new(&net, recipe)?;
        let ema = if recipe.ema > 0.0 { Some(Average::of(&net)?) } else { None };
        Ok(State { net, optimiser, ema, slow: None })
    }

    /// Updates the weights and their averages.
    pub(in crate::run) fn step(
        &mut self,
        gradients: &[Tensor],
        recipe: &Recipe,
        schedule: &Schedule,
        at: Position,
    ) -> Result<(), RunError> {
        self.optimiser.step(gradients, at.lr_state(schedule)).at("the optimiser")?;
        self.look_ahead(recipe, at).at("lookahead")?;
        self.average(recipe, at)
    }

    /// What is left for the host after a step that the device took alone. Returns whether it has
    /// changed weights.
    pub(in crate::run) fn finish_step(
        &mut self,
        recipe: &Recipe,
        at: Position,
    ) -> Result<bool, RunError> {
        let changed = self.look_ahead(recipe, at).at("lookahead")?;
        if State::averages_on_host(recipe) {
            self.average(recipe, at)?;
        }
        Ok(changed)
    }

    fn average(&mut self, recipe: &Recipe, at: Position) -> Result<(), RunError> {
        if let Some(ema) = &mut self.ema {
            ema.follow(&self.net, at.ema_decay(recipe)).at("the mean of the weights")?;
        }
        Ok(())
    }

    /// Lookahead (Zhang et al., 2019) with the schedule of slow weights of airbench94 (Jordan,
    /// 2024).
    /// Returns whether it has changed weights.
    fn look_ahead(&mut self, recipe: &Recipe, at: Position) -> Result<bool, TchError> {
        let every = recipe.lookahead_every as usize;
        let begun = (at.done() - 1) as f64 >= recipe.lookahead_start * at.steps as f64;
        if every == 0 || !begun || !at.done().is_multiple_of(every) {
            return Ok(false);
        }
        let part = at.epochs() / f64::from(recipe.epochs);
        let keep = recipe.lookahead_decay.powf(every as f64) * part.powf(recipe.lookahead_power);
        match &mut self.slow {
            Some(slow) => slow.follow(&self.net, keep)?,
            None => self.slow = Some(Average::of(&self.net)?),
        }
        self.adopt_slow_weights().map(|()| true)
    }

    /// Refuses a state with a value that is not finite: it is not worth saving.
    pub(in crate::run) fn is_finite(&self) -> Result<(), RunError> {
        let remembered = self.net.trained().zip(self.optimiser.remembered());
        let remembered =
            remembered.flat_map(|(weight, all)| all.into_iter().map(move |t| (weight, t)));
        let means = self
            .ema
            .iter()
            .chain(&self.slow)
            .flat_map(|mean| self.net.weights().iter().zip(&mean.0));
        let own = self.net.weights().iter().map(|weight| (weight, &weight.tensor));
        for (weight, tensor) in own.chain(remembered).chain(means) {
            if !finite(tensor).at(&weight.name)? {
                let what = "a number of the training's state".into();
                let origin = Origin::Stored(weight.name.clone());
                return Err(RunError::NotFinite { what, value: f64::NAN, origin });
            }
        }
        Ok(())
    }

    /// Sets the weights to lookahead's slow weights, if there are any.
    pub(in crate::run) fn adopt_slow_weights(&self) -> Result<(), TchError> {
        self.slow.iter().try_for_each(|slow| slow.give(&self.net))
    }

    /// The net to test: with the averaged weights, if there are any.
    pub(in crate::run) fn tested(&self) -> TorchNet {
        let own: Vec<Tensor> =
            self.net.weights().iter().map(|w| w.tensor.shallow_clone()).collect();
        self.net.with_tensors(self.ema.as_ref().map_or(&own, |ema| &ema.0))
    }
}

/// A copy of a tensor.
pub(in crate::run) fn copy(tensor: &Tensor) -> Result<Tensor, TchError> {
    let mut new = tensor.f_detach()?.f_empty_like()?;
    tch::no_grad(|| new.f_copy_(tensor))?;
    Ok(new)
}

/// A moving average of the weights and buffers of a net, in its order.
#[derive(Debug)]
pub(in crate::run) struct Average(pub Vec<Tensor>);

impl Average {
    /// A copy of the current weights and buffers of a net.
    pub(in crate::run) fn of(net: &TorchNet) -> Result<Average, TchError> {
        net.weights()
            .iter()
            .map(|weight| copy(&weight.tensor))
            .collect::<Result<_, _>>()
            .map(Average)
    }

    /// Moves towards the net: `keep` is the decay.
    fn follow(&mut self, net: &TorchNet, keep: f64) -> Result<(), TchError> {
        let pairs = self.0.iter_mut().zip(net.weights());
        tch::no_grad(|| {
            for (own, weight) in pairs {
                let _ = own.f_lerp_(&weight.tensor, 1.0 - keep)?;
            }
            Ok(())
        })
    }

    /// Copies these weights into the net.
    fn give(&self, net: &TorchNet) -> Result<(), TchError> {
        tch::no_grad(|| {
            let mut pairs = self.0.iter().zip(net.weights());
            pairs.try_for_each(|(own, weight)| weight.tensor.shallow_clone().f_copy_(own))
        })
    }
}
