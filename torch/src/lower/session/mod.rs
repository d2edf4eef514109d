//! The compiled step: a net's tasks forward and backward, in order, without autograd.
//!
//! The [schedule](super::schedule) determines fusion and memory; [`aten`] has the forward and
//! backward rule of each op. On CPUs with the required instructions, convolutions, batch
//! normalisation and the ops fused into them run on netc's own [kernels](super::kernels);
//! [`autotune`] chooses. On GPUs batch normalisation, pools, the loss and the ops fused into them
//! run on [others](super::cuda), and convolutions on cuDNN.

mod aten;
mod autotune;
mod backend;
mod buffers;
mod convolution;
mod gradients;
mod norm;
mod own;
mod step;
mod weights;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use netc::graph::Op;
use netc::lower::schedule::{Kernel, KernelSet, Schedule, ScheduleOptions, Task};
use netc::lower::{ConvAlgorithms, Optimisation, Reason, TorchError};
use netc::passes::Purpose;
use tch::Tensor;

use super::kernels::Workspace;
use super::torch::{GhostNorm, Weight};
use super::{At, TorchNet, cuda};
use autotune::Tuner;
pub use autotune::Tuning;
use buffers::Buffers;
use convolution::Convolution;
pub use convolution::convolve;
use gradients::Gradients;
use own::Own;
pub use step::Stepped;
use weights::{Copies, pads_input};

/// A net compiled for batches up to a maximum size: its weights, schedule and memory.
#[derive(Debug)]
pub struct Session {
    /// Shares its tensors with the net that was compiled, but for the 16-bit copies.
    net: TorchNet,
    /// Of the trained weights, in their order.
    trained: Vec<usize>,
    copies: Option<Copies>,
    /// Whether the input has more channels than the net says.
    pads_input: bool,
    schedule: Schedule,
    /// The convolution of each task that is one.
    convolutions: Vec<Option<Convolution>>,
    gradients: Gradients,
    memory: Buffers,
    own: Option<Own>,
    ghost: GhostNorm,
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
    /// Why these.
    pub reason: Option<Reason>,
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
        let own = match tuning.without.has(Optimisation::Kernels) {
            true => None,
            false => Own::of(net).at("netc's own kernels (--executor eager goes without)")?,
        };
        let kernels = own.as_ref().map_or(KernelSet::None, Own::set);
        let options = ScheduleOptions { purpose, kernels, without: &tuning.without };
        let mut tuned = Duration::ZERO;
        let mut tuner = Tuner {
            tuning,
            own: own.as_ref(),
            batch: batch as u64,
            precision: net.precision(),
            purpose,
            found: BTreeMap::new(),
        };
        let schedule = Schedule::new(&net.plan, options, |op, image, of| {
            let start = Instant::now();
            let chosen = tuner.choose(op, image, of);
            tuned += start.elapsed();
            chosen
        })?;
        let convolution = |task: &Task| {
            let step = &net.plan.steps()[task.step];
            let [in_channels, ..] = step.operand_shapes.first()?.image()?;
            match (&step.op, &task.kernel) {
                (Op::Conv(op), Kernel::Conv { algorithms, .. }) => {
                    Some(Convolution::new(op.clone(), in_channels, *algorithms))
                }
                (_, Kernel::Conv { .. } | Kernel::NormAct | Kernel::MaxPool | Kernel::Op) => None,
            }
        };
        let gpu = own.as_ref().and_then(Own::cuda);
        let pads_input = gpu.is_some() && pads_input(net, &schedule);
        let copies =
            gpu.map(|kernels| Copies::new(kernels, net, pads_input)).transpose()?.flatten();
        let read = |(i, weight): (usize, &Weight)| {
            let copy = copies.as_ref().and_then(|copies| copies.of[i].as_ref());
            copy.unwrap_or(&weight.tensor).shallow_clone()
        };
        let read: Vec<Tensor> = net.weights.iter().enumerate().map(read).collect();
        let trained = |(i, weight): (usize, &Weight)| weight.trained.then_some(i);
        let mut session = Session {
            net: net.with_tensors(&read),
            trained: net.weights.iter().enumerate().filter_map(trained).collect(),
            copies,
            pads_input,
            convolutions: schedule.tasks.iter().map(convolution).collect(),
            memory: Buffers::new(&schedule.slots, batch, (net.kind, net.device))
                .at("the memory of a step")?,
            schedule,
            gradients: match purpose {
                Purpose::Training => Gradients::new(net, pads_input)?,
                Purpose::Evaluation => Gradients::default(),
            },
            own,
            ghost: tuning.ghost,
            tuned,
            clock: None,
            workspace: Workspace::default(),
        };
        session.weights_changed()?;
        Ok(session)
    }

    /// To be called when the weights have changed, other than by what writes the
    /// [copies](Session::copies) as well.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn weights_changed(&mut self) -> Result<(), TorchError> {
        self.convolutions.iter_mut().flatten().for_each(Convolution::invalidate);
        match &self.copies {
            Some(copies) => copies.refresh().at("the weights in 16 bits"),
            None => Ok(()),
        }
    }

    /// The 16-bit copies of the trained weights, in their order, of those that have one.
    pub fn copies(&self) -> Vec<Option<&Tensor>> {
        let copy = |i: &usize| self.copies.as_ref().and_then(|copies| copies.of[*i].as_ref());
        self.trained.iter().map(copy).collect()
    }

    /// Whether images are best given with [`CHANNELS`](cuda::CHANNELS) channels, those that the
    /// net does not have being 0.
    pub fn pads_input(&self) -> bool {
        self.pads_input
    }

    /// The kernels for GPUs, if it computes with them.
    pub fn gpu_kernels(&self) -> Option<&cuda::GpuKernels> {
        self.own.as_ref().and_then(Own::cuda)
    }

    /// The gradients of the last step with respect to the trained weights, in their order. The next
    /// step overwrites them.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn gradients(&self) -> Result<Vec<Tensor>, TorchError> {
        let gradient = |(i, gradient): (&usize, &Tensor)| {
            let weight = &self.net.weights[*i];
            match gradient.size() == weight.dims {
                true => Ok(gradient.shallow_clone()),
                false => gradient.f_narrow(1, 0, weight.dims[1]).at(&weight.name),
            }
        };
        self.trained.iter().zip(self.gradients.trained()).map(gradient).collect()
    }

    /// The same with all that lies in their memory: some have more input channels than their
    /// weight, which the [input](Session::pads_input) has as well.
    pub fn gradient_buffers(&self) -> &[Tensor] {
        self.gradients.trained()
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
            reason: task.kernel.reason().cloned(),
        };
        self.schedule.tasks.iter().map(info).collect()
    }
}
