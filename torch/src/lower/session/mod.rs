//! The compiled step: a net's tasks forward and backward, in order, without autograd.
//!
//! The [schedule](super::schedule) determines fusion and memory; [`rules`] has the forward and
//! backward rule of each op. On CPUs with the required instructions, convolutions, batch
//! normalisation and the ops fused into them run on netc's own [kernels](super::kernels);
//! [`tuning`] chooses.

mod aten;
mod autotune;
mod backend;
mod buffers;
mod convolution;

use std::ops::Range;
use std::time::{Duration, Instant};

use netc::graph::Op;
use netc::graph::op::Role;
use netc::lower::schedule::{Kernel, Schedule, ScheduleOptions, Task};
use netc::lower::{ConvAlgorithms, Optimisation, Times, TorchError};
use netc::passes::Purpose;
use tch::{Device, Kind, Tensor};

use super::kernels::{Kernels, Workspace};
use super::torch::{Mode, channels_last};
use super::{At, Objective, TorchNet};
pub use autotune::Tuning;
use backend::{SavedTensors, Torch};
use buffers::Buffers;
use convolution::Convolution;

/// A net compiled for batches up to a maximum size: its weights, schedule and memory.
#[derive(Debug)]
pub struct Session {
    /// Shares its tensors with the net that was compiled.
    net: TorchNet,
    schedule: Schedule,
    /// The convolution of each task that is one.
    convolutions: Vec<Option<Convolution>>,
    /// The gradients with respect to the trained weights.
    gradients: Vec<Tensor>,
    /// The same with buffers for frozen weights, and the range of each step in them.
    grad_weights: Vec<Tensor>,
    owned: Vec<Range<usize>>,
    /// The range of each step in the gradients with respect to trained weights.
    trained: Vec<Range<usize>>,
    memory: Buffers,
    kernels: Option<Kernels>,
    workspace: Workspace,
    tuned: Duration,
    clock: Option<Vec<[f64; 2]>>,
}

/// One of the tasks of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskInfo {
    /// Its op, as a step of the plan.
    pub step: usize,
    /// The paths of the fused ops.
    pub fused: Vec<String>,
    /// Elements of its value per example.
    pub written: u64,
    /// Whether the gradient with respect to its operand is computed.
    pub needs_input_grad: bool,
    /// The algorithms of a convolution.
    pub algorithms: Option<ConvAlgorithms>,
    /// The timings, if it was timed.
    pub times: Option<Times>,
}

/// The result of a step.
#[derive(Debug)]
pub struct Stepped {
    /// The output, `[N, ...]`.
    pub output: Tensor,
    /// The objective's loss.
    pub loss: Tensor,
}

impl Session {
    /// Compiles a net for batches of at most `batch` images. The weights are shared with the net.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn new(
        net: &TorchNet,
        purpose: Purpose,
        batch: usize,
        tuning: &Tuning,
    ) -> Result<Session, TorchError> {
        let suits = net.device == Device::Cpu && matches!(net.kind, Kind::Float | Kind::BFloat16);
        let kernels = Kernels::detect(net.precision())
            .filter(|_| suits && !tuning.without.has(Optimisation::Kernels));
        let training = purpose == Purpose::Training;
        let options =
            ScheduleOptions { purpose, kernels: kernels.is_some(), without: &tuning.without };
        let mut tuned = Duration::ZERO;
        let schedule = Schedule::new(&net.plan, options, |op, image| {
            let start = Instant::now();
            let algorithms =
                tuning.algorithms(kernels, op, image, batch, net.precision(), training);
            tuned += start.elapsed();
            algorithms
        })?;
        let convolution = |task: &Task| match (&net.plan.steps()[task.step].op, task.kernel) {
            (Op::Conv(op), Kernel::Conv { algorithms, .. }) => {
                Some(Convolution::new(op.clone(), algorithms))
            }
            (_, Kernel::Conv { .. } | Kernel::NormAct | Kernel::Op) => None,
        };
        let mut session = Session {
            net: net.share(),
            convolutions: schedule.tasks.iter().map(convolution).collect(),
            memory: Buffers::new(&schedule.slots, batch, (net.kind, net.device))
                .at("the memory of a step")?,
            schedule,
            gradients: Vec::new(),
            grad_weights: Vec::new(),
            owned: Vec::new(),
            trained: Vec::new(),
            kernels,
            tuned,
            clock: None,
            workspace: Workspace::default(),
        };
        if training {
            for owned in &net.owned {
                let first = session.grad_weights.len();
                let first_trained = session.gradients.len();
                for weight in net.weights[owned.clone()]
                    .iter()
                    .filter(|weight| weight.role != Role::Statistic)
                {
                    let gradient =
                        weight.tensor.f_detach().and_then(|tensor| tensor.f_zeros_like());
                    let gradient = gradient.at(&weight.name)?;
                    session.gradients.extend(weight.trained.then(|| gradient.shallow_clone()));
                    session.grad_weights.push(gradient);
                }
                session.owned.push(first..session.grad_weights.len());
                session.trained.push(first_trained..session.gradients.len());
            }
        }
        Ok(session)
    }

    /// The gradients of the last step with respect to the trained weights, in their order. The next
    /// step overwrites them.
    pub fn gradients(&self) -> &[Tensor] {
        &self.gradients
    }

    /// Enables timing of each task.
    pub fn take_times(&mut self) {
        self.clock = Some(vec![[0.0; 2]; self.schedule.tasks.len()]);
    }

    /// Seconds of each task of the last step, forward and backward; empty unless timing is enabled.
    pub fn times(&self) -> &[[f64; 2]] {
        self.clock.as_deref().unwrap_or(&[])
    }

    /// The time spent on choosing convolution algorithms.
    pub fn tuned(&self) -> Duration {
        self.tuned
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The tasks, in order.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let steps = self.net.plan.steps();
        let info = |task: &Task| TaskInfo {
            step: task.step,
            fused: task.fused.iter().map(|&step| steps[step].path.clone()).collect(),
            written: steps[task.output].shape.elements(),
            needs_input_grad: steps[task.step]
                .operands
                .iter()
                .any(|&operand| self.schedule.values[operand].requires_grad),
            algorithms: task.kernel.algorithms(),
            times: task.kernel.times(),
        };
        self.schedule.tasks.iter().map(info).collect()
    }

    /// Forward and backward pass of training on images `[N, C, H, W]`: the objective's loss for
    /// these targets, and its [gradients](Session::gradients).
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn step(
        &mut self,
        images: &Tensor,
        targets: &Tensor,
        objective: Objective,
        seed: u64,
    ) -> Result<Stepped, TorchError> {
        self.step_watched(images, targets, objective, seed, &mut |_| ())
    }

    /// The same; `written` is told the index of each [gradient](Session::gradients) as soon as the
    /// backward pass has written it.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn step_watched(
        &mut self,
        images: &Tensor,
        targets: &Tensor,
        objective: Objective,
        seed: u64,
        written: &mut dyn FnMut(usize),
    ) -> Result<Stepped, TorchError> {
        tch::no_grad(|| {
            self.convolutions.iter_mut().flatten().for_each(Convolution::invalidate);
            let (value, saved) = self.forward(images, Mode::Train { seed })?;
            let output = value.f_to_kind(self.net.masters).at("the output")?;
            let (loss, gradient) = objective.loss_and_gradient(&output, targets).at("the loss")?;
            let gradient = gradient.f_to_kind(value.kind()).at("the loss")?;
            let (net, schedule, mut backend) = self.parts(Mode::Train { seed });
            backend.written = Some(written);
            schedule.backward(net.plan(), &mut backend, gradient, saved)?;
            Ok(Stepped { output, loss })
        })
    }

    /// The output of a net compiled for evaluation, in fp32, or in fp64 for an fp64 net. It uses
    /// the weights as they were at the first call.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn evaluate(&mut self, images: &Tensor) -> Result<Tensor, TorchError> {
        tch::no_grad(|| {
            let (value, _) = self.forward(images, Mode::Eval)?;
            value.f_to_kind(self.net.masters).at("the output")
        })
    }

    /// The output, and what each task saves for the backward pass.
    fn forward(
        &mut self,
        images: &Tensor,
        mode: Mode,
    ) -> Result<(Tensor, Vec<SavedTensors>), TorchError> {
        let input = images.f_to_kind(self.net.kind).and_then(|images| channels_last(&images));
        let (net, schedule, mut backend) = self.parts(mode);
        let pass = schedule.forward(net.plan(), &mut backend, input.at("the images")?)?;
        Ok((pass.output, pass.saved))
    }

    /// What is walked, and what computes.
    fn parts(&mut self, mode: Mode) -> (&TorchNet, &Schedule, Torch<'_>) {
        let Session { net, schedule, convolutions, memory, kernels, workspace, clock, .. } = self;
        let backend = Torch {
            net,
            schedule,
            convolutions,
            grad_weights: &self.grad_weights,
            owned: &self.owned,
            trained: &self.trained,
            written: None,
            memory,
            kernels: *kernels,
            workspace,
            clock: clock.as_deref_mut(),
            mode,
        };
        (backend.net, backend.schedule, backend)
    }
}
