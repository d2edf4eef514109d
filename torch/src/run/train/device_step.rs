//! Training steps that run on the device alone: the host launches them, or replays them as one
//! CUDA graph, and waits for none of them.

use std::rc::Rc;
use std::sync::Arc;

use netc::lower::{Optimisation, Precision, seed};
use netc::recipe::{Recipe, Schedule};
use netc::run::RunError;
use netc::run::augment::Draws;
use tch::{Kind, TchError, Tensor};

use super::batches::Batches;
use super::job::Job;
use super::state::{Position, State, copy};
use crate::lower::cuda::{self, Augmented, Averages, Captures, Growth, LossScaling, SCALARS};
use crate::lower::{At, Objective, Session};
use crate::run::dist::{Group, Reduction};
use crate::run::optimiser::on_device::{AVERAGE, OnDevice};

/// Steps after which the gradient scale of fp16 doubles, as in `torch.amp.GradScaler`.
const GROWTH_INTERVAL: u32 = 2000;

/// The step of a training, with everything that it reads and writes on the device.
#[derive(Debug)]
pub(in crate::run) struct DeviceStep {
    session: Box<Session>,
    kernels: cuda::GpuKernels,
    state: Rc<cuda::DeviceState>,
    growth: Growth,
    objective: Objective,
    /// What dropout draws from.
    seed: u64,
    /// The numbers of each step of an epoch, `[steps, SCALARS]`.
    rows: Tensor,
    /// What is drawn for each place in an epoch's order.
    draws: Tensor,
    batch: Augmented,
    updates: OnDevice,
    averages: Option<Averages>,
    /// Sums the gradients over the ranks of a group, if there is one.
    reduction: Option<Reduction>,
    group: Option<Arc<Group>>,
    captures: Captures,
    /// What was asked about the progress.
    asked: Option<cuda::Readback>,
    /// Images of a step on this rank, and of the last one of an epoch.
    sizes: [usize; 2],
    /// Whether the last batch of an epoch is smaller, on all ranks together.
    has_rest: bool,
}

impl DeviceStep {
    /// For a session with kernels for GPUs.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(super) fn new(
        session: Box<Session>,
        job: &Job<'_>,
        batches: &Batches,
        state: &State,
    ) -> Result<DeviceStep, RunError> {
        let Some(kernels) = session.gpu_kernels().cloned() else {
            return Err(RunError::Device("there are no kernels for this device".into()));
        };
        let (recipe, images, kind) = (job.recipe, batches.count(), state.net.kind());
        let batch = recipe.batch_size.min(images);
        let steps = images.div_ceil(batch);
        let last = images - (steps - 1) * batch;
        let share = |size| job.group.map_or(size, |group| group.share(0, size).len());
        let sizes = [share(batch), share(last)];
        // The buffers of gradients move before their addresses are taken.
        let buffers = session.gradient_buffers().iter().map(Tensor::shallow_clone);
        let reduction =
            job.group.map(|group| Reduction::new(group, buffers.collect())).transpose()?;
        let gradients = session.gradients()?;
        let updates = state.optimiser.on_device(&kernels, kind, &gradients, &session.copies());
        let rows = [steps as i64, SCALARS as i64];
        let rows = Tensor::f_zeros(rows, (Kind::Float, kernels.device())).at("the rates")?;
        let draws = Draws::plain((steps - 1) * sizes[0] + sizes[1], 0);
        let draws = batches.draws(&draws, &kernels).at("augmentation")?;
        let graph = !job.method.without.has(Optimisation::Graph);
        let growth = match state.net.precision() {
            Precision::Fp16 => Growth::After(GROWTH_INTERVAL),
            Precision::Fp64 | Precision::Fp32 | Precision::Bf16 => Growth::Never,
        };
        let stream = match job.group.map_or(0, |group| group.rank()) {
            0 => "dropout".into(),
            rank => format!("dropout rank {rank}"),
        };
        Ok(DeviceStep {
            state: Rc::new(cuda::DeviceState::new(&kernels).at("the state of the training")?),
            captures: Captures::new(kernels.device(), graph)?,
            objective: Objective::of(recipe),
            seed: seed::derive(job.seed, &stream).unsigned_abs(),
            updates: updates.at("the optimiser")?,
            batch: Augmented::new(&kernels, sizes[0], batches.image(), kind).at("the batch")?,
            averages: averages(&kernels, state, recipe).at("the mean of the weights")?,
            group: job.group.map(Arc::clone),
            asked: None,
            session,
            kernels,
            growth,
            rows,
            draws,
            reduction,
            sizes,
            has_rest: last < batch,
        })
    }

    /// Images of so many steps of an epoch.
    pub(super) fn examples(&self, steps: usize) -> usize {
        let all = self.draws.size().first().map_or(0, |&count| count as usize);
        (steps * self.sizes[0]).min(all)
    }

    /// Where loss scaling is, if there is any.
    pub(in crate::run) fn scaling(&self) -> Result<Option<LossScaling>, TchError> {
        match self.growth {
            Growth::Never => Ok(None),
            Growth::After(_) => self.state.scaling().map(Some),
        }
    }

    /// Continues loss scaling.
    pub(in crate::run) fn set_scaling(&self, scaling: LossScaling) -> Result<(), TchError> {
        self.state.set_scaling(scaling)
    }

    /// The sums of the metrics on the device, `[count]`, fp64; steps add to them.
    pub(in crate::run) fn sums(&self, count: usize) -> Result<Tensor, TchError> {
        self.state.sums(count)
    }

    /// How far the device is, as far as it is known without waiting for it. Each call asks anew
    /// what a later one gives.
    pub(in crate::run) fn progress(
        &mut self,
        metrics: usize,
    ) -> Result<Option<cuda::DeviceProgress>, TchError> {
        let read = self.asked.as_ref().map(|asked| asked.read(metrics)).transpose()?.flatten();
        if read.is_some() || self.asked.is_none() {
            self.asked = Some(cuda::Readback::begin(&self.state)?);
        }
        Ok(read)
    }

    /// Runs steps that leave the training as it was: one-time costs, such as the choice of
    /// algorithms and the capture of the step, do not count for an epoch.
    pub(in crate::run) fn prepare(
        &mut self,
        batches: &Batches,
        state: &State,
    ) -> Result<(), RunError> {
        let snapshot = self.state.snapshot().at("the state of the training")?;
        let weights = state.net.weights().iter().map(|weight| &weight.tensor);
        let averages = state.ema.iter().flat_map(|ema| &ema.0);
        let remembered = state.optimiser.remembered().flatten();
        let kept: Vec<(&Tensor, Tensor)> = weights
            .chain(averages)
            .chain(remembered)
            .map(|tensor| Ok((tensor, copy(tensor)?)))
            .collect::<Result<_, TchError>>()
            .at("the weights")?;
        let mut captures = std::mem::take(&mut self.captures);
        // All ranks prepare as often, since they sum their gradients.
        let count = if self.has_rest { 2 } else { 1 };
        for size in self.sizes.into_iter().take(count) {
            let counters = Rc::clone(&self.state);
            let reset = || -> Result<(), RunError> {
                Ok(counters.begin(0, 0).at("the state of the training")?)
            };
            captures.prepare(size, reset, || self.launch(batches, size))?;
        }
        self.captures = captures;
        self.state.restore(&snapshot).at("the state of the training")?;
        tch::no_grad(|| {
            kept.iter().try_for_each(|(tensor, was)| tensor.shallow_clone().f_copy_(was))
        })
        .at("the weights")?;
        self.session.weights_changed()?;
        Ok(())
    }

    /// Begins an epoch after some of its steps.
    pub(in crate::run) fn begin(
        &mut self,
        batches: &Batches,
        draws: &Draws,
        state: &State,
        recipe: &Recipe,
        schedule: &Schedule,
        from: Position,
    ) -> Result<(), RunError> {
        let rows: Vec<f32> = (1..=from.steps)
            .flat_map(|step| {
                let at = Position { step, ..from };
                let mut row = state.optimiser.row(at.lr_state(schedule));
                row[AVERAGE] = (1.0 - at.ema_decay(recipe)) as f32;
                row
            })
            .collect();
        self.asked = None;
        let upload = || -> Result<(), TchError> {
            let rows = Tensor::f_from_slice(&rows)?.f_reshape(self.rows.size())?;
            self.rows.shallow_clone().f_copy_(&rows)?;
            let own = batches.draws(&self.share(draws, recipe.batch_size), &self.kernels)?;
            self.draws.shallow_clone().f_copy_(&own)?;
            self.state.begin(from.step, from.done())
        };
        upload().at("the draws of an epoch").map_err(Into::into)
    }

    /// This rank's share of the draws of an epoch, batch by batch.
    fn share(&self, draws: &Draws, batch_size: usize) -> Draws {
        let Some(group) = &self.group else { return draws.clone() };
        let images = draws.order.len();
        let batches = (0..images).step_by(batch_size);
        draws.at(batches.flat_map(|first| group.share(first, batch_size.min(images - first))))
    }

    /// Launches a step on this many images.
    pub(in crate::run) fn step(&mut self, batches: &Batches, size: usize) -> Result<(), RunError> {
        if self.captures.replay(size)? {
            return Ok(());
        }
        self.launch(batches, size)
    }

    /// To be called when the weights have changed otherwise.
    pub(in crate::run) fn weights_changed(&mut self) -> Result<(), RunError> {
        Ok(self.session.weights_changed()?)
    }

    fn launch(&mut self, batches: &Batches, size: usize) -> Result<(), RunError> {
        let DeviceStep { session, kernels, state, growth, objective, reduction, .. } = self;
        tch::no_grad(|| {
            state.advance(Some(&self.rows), self.sizes[0], *growth).at("the state")?;
            let batch = self.batch.first(size).at("augmentation")?;
            batches.augment(kernels, &self.draws, state, &batch).at("augmentation")?;
            let images = match session.pads_input() {
                true => batch.images.shallow_clone(),
                false => batch.plain(batches.image()[0]).at("augmentation")?,
            };
            let (labels, objective, seed) = (&batch.labels, *objective, self.seed);
            session.step_on_device(&images, labels, objective, state, seed, &mut |i| {
                if let Some(reduction) = reduction {
                    reduction.note(i);
                }
            })?;
            if let Some(reduction) = reduction {
                reduction.finish(session.gradient_buffers())?;
            }
            self.updates.step(state, *growth != Growth::Never).at("the optimiser")?;
            match &self.averages {
                Some(averages) => {
                    Ok(averages.follow(state, AVERAGE).at("the mean of the weights")?)
                }
                None => Ok(()),
            }
        })
    }
}

/// The moving average of the weights, unless lookahead, which the host does, comes before it.
fn averages(
    kernels: &cuda::GpuKernels,
    state: &State,
    recipe: &Recipe,
) -> Result<Option<Averages>, TchError> {
    let Some(ema) = state.ema.as_ref().filter(|_| !State::averages_on_host(recipe)) else {
        return Ok(None);
    };
    let detached: Vec<Tensor> =
        state.net.weights().iter().map(|w| w.tensor.f_detach()).collect::<Result<_, _>>()?;
    let pairs: Vec<[&Tensor; 2]> =
        ema.0.iter().zip(&detached).map(|(average, weight)| [average, weight]).collect();
    Averages::new(kernels, &pairs).map(Some)
}
