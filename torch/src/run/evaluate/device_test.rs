//! Tests that run on the device alone, for a training that takes one after each epoch.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use netc::lower::{Optimisation, TorchError};
use netc::passes::Purpose;
use netc::recipe::TestViews;
use netc::run::augment::Draws;
use netc::run::{Executor, Method, Metrics, RunError};
use tch::{TchError, Tensor};

use super::{Score, batch_size, views};
use crate::lower::cuda::{self, Augmented, Captures, Growth};
use crate::lower::{At, Objective, Session, TorchNet};
use crate::run::device::Machine;
use crate::run::train::batches::Batches;
use crate::run::train::state::copy;
use crate::run::train::tuning::tuning;

/// A net compiled for tests, with weights of its own, and the sums of its metrics on the device.
#[derive(Debug)]
pub(in crate::run) struct DeviceTest {
    net: TorchNet,
    session: Session,
    kernels: cuda::GpuKernels,
    state: Rc<cuda::DeviceState>,
    draws: Tensor,
    batch: Augmented,
    captures: Captures,
    views: TestViews,
    objective: Objective,
    /// Images of a batch.
    size: usize,
}

impl DeviceTest {
    /// For a net that is rewritten for evaluation; `None` if netc has no kernels for it.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(in crate::run) fn new(
        net: &TorchNet,
        batches: &Batches,
        views: TestViews,
        method: &Method,
        machine: Machine,
    ) -> Result<Option<DeviceTest>, RunError> {
        if method.executor == Executor::Eager || !batches.fit_kernels() {
            return Ok(None);
        }
        let own: Vec<Tensor> = net
            .weights()
            .iter()
            .map(|weight| copy(&weight.tensor))
            .collect::<Result<_, _>>()
            .at("the weights")?;
        let net = net.with_tensors(&own);
        let size = batch_size(batches);
        let session = Session::new(&net, Purpose::Evaluation, size, &tuning(method, machine))?;
        let Some(kernels) = session.gpu_kernels().cloned() else { return Ok(None) };
        let draws = Draws::plain(batches.count(), batches.padding());
        let graph = !method.without.has(Optimisation::Graph);
        let mut test = DeviceTest {
            state: Rc::new(cuda::DeviceState::new(&kernels).at("evaluation")?),
            draws: batches.draws(&draws, &kernels).at("evaluation")?,
            batch: Augmented::new(&kernels, size, batches.image(), net.kind()).at("evaluation")?,
            captures: Captures::new(machine.device, graph)?,
            objective: Objective::tested(batches.task()),
            size,
            net,
            session,
            kernels,
            views,
        };
        let mut captures = std::mem::take(&mut test.captures);
        for size in test.sizes(batches) {
            let counters = Rc::clone(&test.state);
            let reset = || counters.begin(0, 0).at("evaluation");
            captures.prepare(size, reset, || test.launch(batches, size))?;
        }
        test.captures = captures;
        Ok(Some(test))
    }

    /// Tests the weights of a net like this one; `None` if it was asked to stop.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(in crate::run) fn run(
        &mut self,
        weights: &TorchNet,
        batches: &Batches,
        stop: &AtomicBool,
    ) -> Result<Option<Score>, RunError> {
        let pairs = self.net.weights().iter().zip(weights.weights());
        for (own, new) in pairs {
            tch::no_grad(|| own.tensor.shallow_clone().f_copy_(&new.tensor)).at(&own.name)?;
        }
        self.session.weights_changed()?;
        self.begin()?;
        for start in (0..batches.count()).step_by(self.size) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let size = self.size.min(batches.count() - start);
            if !self.captures.replay(size)? {
                self.launch(batches, size)?;
            }
        }
        let (task, examples) = (batches.task(), batches.count());
        let sums = self.state.sums(task.metrics().len()).at("evaluation")?;
        let sums = Vec::<f64>::try_from(&sums).at("evaluation")?;
        Ok(Some(Score { examples, metrics: Metrics::mean(task, &sums, examples) }))
    }

    /// The sizes of its batches.
    fn sizes(&self, batches: &Batches) -> Vec<usize> {
        let last = batches.count() % self.size;
        [self.size].into_iter().chain((last > 0).then_some(last)).collect()
    }

    fn begin(&self) -> Result<(), RunError> {
        let begin = || -> Result<(), TchError> {
            let _ = self.state.all_sums()?.f_zero_()?;
            self.state.begin(0, 0)
        };
        begin().at("evaluation").map_err(Into::into)
    }

    fn launch(&mut self, batches: &Batches, size: usize) -> Result<(), TorchError> {
        let DeviceTest { session, kernels, state, views, objective, .. } = self;
        tch::no_grad(|| {
            state.advance(None, self.size, Growth::Never).at("evaluation")?;
            let batch = self.batch.first(size).at("evaluation")?;
            batches.augment(kernels, &self.draws, state, &batch).at("evaluation")?;
            let images = match session.pads_input() {
                true => batch.images.shallow_clone(),
                false => batch.plain(batches.image()[0]).at("evaluation")?,
            };
            let mut output: Option<Tensor> = None;
            for (part, view) in views::views(*views, &images).at("the views of the images")? {
                let own = session.evaluate(&view)?;
                output = Some(views::add(output, own, part).at("the output")?);
            }
            let Some(output) = output else { return Ok(()) };
            let output = output.f_contiguous().at("the output")?;
            session.add_sums(&output, &batch.labels, *objective, None, state)
        })
    }
}
