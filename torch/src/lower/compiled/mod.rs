//! The compiled step: a net's tasks forward and backward, in order, without libtorch's tape.
//!
//! What is computed together and which memory is shared is the [schedule](super::schedule)'s, each
//! op's value and gradient is in
//! [`rules`]. On a CPU that has the instructions, convolutions, batch normalisation and what
//! follows them run on netc's own [kernels](super::kernels); [`tuning`] chooses.

mod convolution;
mod memory;
mod rules;
mod tuning;
mod walk;

use std::ops::Range;
use std::time::{Duration, Instant};

use netc::graph::Op;
use netc::graph::op::Role;
use netc::lower::schedule::{Kernel, Schedule, ScheduleOptions, Task};
use netc::lower::{ConvAlgorithms, Optimisation, Times, TorchError};
use netc::passes::Purpose;
use tch::{Device, Kind, TchError, Tensor};

use super::kernels::{Kernels, Workspace};
use super::torch::Mode;
use super::{At, TorchNet};
use convolution::Convolution;
use memory::Memory;
pub use tuning::Tuning;

/// A net's step with all that it computes in: its weights, its schedule, and its memory, for
/// batches of at most so many images.
#[derive(Debug)]
pub struct Session {
    /// The same tensors as those of the net that it was made for.
    net: TorchNet,
    schedule: Schedule,
    /// Those of tasks that are convolutions of this module's.
    convolutions: Vec<Option<Convolution>>,
    /// The gradients by the trained weights.
    gradients: Vec<Tensor>,
    /// Those and places for the gradients by weights that stand still, and which of them each step
    /// owns.
    grad_weights: Vec<Tensor>,
    owned: Vec<Range<usize>>,
    label_smoothing: f64,
    memory: Memory,
    kernels: Option<Kernels>,
    workspace: Workspace,
    tuned: Duration,
    clock: Option<Vec<[f64; 2]>>,
}

/// One of the tasks of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskInfo {
    /// Its op, by step of the plan.
    pub step: usize,
    /// The paths of ops that are computed along with it.
    pub along: Vec<String>,
    /// Numbers of its value for one example.
    pub written: u64,
    /// Whether the gradient by its operand is computed.
    pub input_wanted: bool,
    /// How a convolution is computed.
    pub ways: Option<ConvAlgorithms>,
    /// Why, where it was timed.
    pub times: Option<Times>,
}

/// What a step gave.
#[derive(Debug)]
pub struct Stepped {
    /// The output, `[N, ...]`.
    pub logits: Tensor,
    /// The sum of the cross-entropies.
    pub loss: Tensor,
}

impl Session {
    /// Compiles a net for batches of at most `batch` images. It shares the net's weights: what
    /// changes them changes them here, too.
    ///
    /// # Errors
    /// What libtorch refuses.
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
        let means =
            ScheduleOptions { purpose, kernels: kernels.is_some(), without: &tuning.without };
        let mut tuned = Duration::ZERO;
        let schedule = Schedule::new(&net.plan, means, |op, image| {
            let start = Instant::now();
            let ways = tuning.ways(kernels, op, image, batch, net.precision(), training);
            tuned += start.elapsed();
            ways
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
            memory: Memory::new(&schedule.slots, batch, (net.kind, net.device))
                .at("the memory of a step")?,
            schedule,
            gradients: Vec::new(),
            grad_weights: Vec::new(),
            owned: Vec::new(),
            label_smoothing: 0.0,
            kernels,
            tuned,
            clock: None,
            workspace: Workspace::default(),
        };
        if training {
            for owned in &net.owned {
                let first = session.grad_weights.len();
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
            }
        }
        Ok(session)
    }

    /// The gradients by the trained weights of the last step, in the order of the weights. The next
    /// step writes over them.
    pub fn gradients(&self) -> &[Tensor] {
        &self.gradients
    }

    /// Spreads so much of each label evenly over the classes from now on, in the loss of
    /// [`step`](Session::step).
    pub fn smooth_labels(&mut self, part: f64) {
        self.label_smoothing = part;
    }

    /// Takes the time of each task from now on.
    pub fn take_times(&mut self) {
        self.clock = Some(vec![[0.0; 2]; self.schedule.tasks.len()]);
    }

    /// Seconds of each task of the last step, forward and backward; empty unless they are taken.
    pub fn times(&self) -> &[[f64; 2]] {
        self.clock.as_deref().unwrap_or(&[])
    }

    /// How long the choice among the ways of convolutions took.
    pub fn tuned(&self) -> Duration {
        self.tuned
    }

    /// What the step was made by.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The tasks, in order.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let steps = self.net.plan.steps();
        let info = |task: &Task| TaskInfo {
            step: task.step,
            along: task.along.iter().map(|&step| steps[step].path.clone()).collect(),
            written: steps[task.output].shape.elements(),
            input_wanted: steps[task.step]
                .operands
                .iter()
                .any(|&operand| self.schedule.values[operand].wanted),
            ways: task.kernel.algorithms(),
            times: task.kernel.times(),
        };
        self.schedule.tasks.iter().map(info).collect()
    }

    /// One step of training on images `[N, C, H, W]` with labels `[N]`: the sum of the
    /// cross-entropies, and its
    /// [gradients](Session::gradients).
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn step(
        &mut self,
        images: &Tensor,
        labels: &Tensor,
        seed: u64,
    ) -> Result<Stepped, TorchError> {
        tch::no_grad(|| {
            self.convolutions.iter_mut().flatten().for_each(Convolution::renew);
            let (value, kept) = self.forward(images, Mode::Train { seed })?;
            let kind = value.kind();
            let (stepped, gradient) =
                cross_entropy(value, labels, self.label_smoothing, self.net.masters)
                    .at("the loss")?;
            self.backward(gradient.f_to_kind(kind).at("the loss")?, kept)?;
            Ok(stepped)
        })
    }

    /// The output of a net that was compiled for evaluation, in fp32, or in fp64 for a net of fp64.
    /// Its weights are those of the first call.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn evaluate(&mut self, images: &Tensor) -> Result<Tensor, TorchError> {
        tch::no_grad(|| {
            let (value, _) = self.forward(images, Mode::Eval)?;
            value.f_to_kind(self.net.masters).at("the output")
        })
    }
}

/// The sum of the cross-entropies of logits `[n, classes]` with `smoothing` of each label spread
/// over the classes, and its gradient by them.
fn cross_entropy(
    logits: Tensor,
    labels: &Tensor,
    smoothing: f64,
    masters: Kind,
) -> Result<(Stepped, Tensor), TchError> {
    let logits = logits.f_to_kind(masters)?;
    let logs = logits.f_log_softmax(1, masters)?;
    let places = labels.f_unsqueeze(1)?;
    let mut loss =
        logs.f_gather(1, &places, false)?.f_sum(masters)?.f_mul_scalar(smoothing - 1.0)?;
    let rest = Tensor::f_full(places.size(), smoothing - 1.0, (masters, logits.device()))?;
    let mut gradient = logs.f_exp()?.f_scatter_add(1, &places, &rest)?;
    if smoothing > 0.0 {
        let each = smoothing / logits.size()[1] as f64;
        loss = loss.f_sub(&logs.f_sum(masters)?.f_mul_scalar(each)?)?;
        gradient = gradient.f_sub_scalar(each)?;
    }
    Ok((Stepped { logits, loss }, gradient))
}
