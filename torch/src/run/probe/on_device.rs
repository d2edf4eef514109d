use netc::recipe::Recipe;
use netc::run::RunError;
use netc::run::augment::Draws;
use tch::{TchError, Tensor};

use super::images::{BATCHES, Images};
use crate::lower::cuda::{Augmented, DeviceState, GpuKernels, Growth};
use crate::lower::{At, Objective, Session, TorchNet};
use crate::run::optimiser::on_device::OnDevice;
use crate::run::{Batch, Batches, Optimiser};

/// How often the batches of the random images are drawn in one table.
const REPEATED: usize = 64;

/// What steps on the device alone need besides their session, without rates: weights stay as they
/// are.
#[derive(Debug)]
pub(super) struct OnDeviceParts {
    kernels: GpuKernels,
    state: DeviceState,
    updates: OnDevice,
    batch: Augmented,
    draws: Tensor,
    size: usize,
}

impl OnDeviceParts {
    /// `None` where a training does not run on the device alone.
    pub(super) fn new(
        session: &Session,
        net: &TorchNet,
        optimiser: &Optimiser,
        images: &Images,
        recipe: &Recipe,
    ) -> Result<Option<OnDeviceParts>, RunError> {
        let (Some(kernels), Images::Augmented(batches, ..)) = (session.gpu_kernels(), images)
        else {
            return Ok(None);
        };
        let (kernels, size, kind) = (kernels.clone(), recipe.batch_size, net.kind());
        let places = (0..REPEATED).flat_map(|_| 0..BATCHES * size);
        let draws = Draws::plain(BATCHES * size, batches.padding()).at(places);
        let (gradients, copies) = (session.gradients()?, session.copies());
        let updates = optimiser.on_device(&kernels, kind, &gradients, &copies);
        Ok(Some(OnDeviceParts {
            state: DeviceState::new(&kernels).at("the state of the training")?,
            updates: updates.at("the optimiser")?,
            batch: Augmented::new(&kernels, size, batches.image(), kind).at("the batch")?,
            draws: batches.draws(&draws, &kernels).at("augmentation")?,
            kernels,
            size,
        }))
    }

    /// The batch of a step, of so many that were before.
    pub(super) fn augment(
        &self,
        batches: &Batches,
        session: &Session,
        done: usize,
    ) -> Result<Batch, TchError> {
        if done.is_multiple_of(REPEATED * BATCHES) {
            self.state.begin(0, done)?;
        }
        self.state.advance(None, self.size, Growth::Never)?;
        batches.augment(&self.kernels, &self.draws, &self.state, &self.batch)?;
        let images = match session.pads_input() {
            true => self.batch.images.shallow_clone(),
            false => self.batch.plain(batches.image()[0])?,
        };
        Ok(Batch { images, targets: self.batch.labels.shallow_clone() })
    }

    /// Forward and backward pass.
    pub(super) fn step(
        &self,
        session: &mut Session,
        batch: &Batch,
        objective: Objective,
    ) -> Result<(), RunError> {
        let Batch { images, targets } = batch;
        let step = session.step_on_device(images, targets, objective, &self.state, 0, &mut |_| ());
        step.map_err(Into::into)
    }

    /// The optimiser.
    pub(super) fn update(&self) -> Result<(), RunError> {
        let update = tch::no_grad(|| self.updates.step(&self.state, true));
        update.at("the optimiser").map_err(Into::into)
    }
}
