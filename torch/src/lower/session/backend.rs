//! The back end of a session: tasks on libtorch, and on netc's own kernels.

use std::time::Instant;

use netc::graph::Op;
use netc::lower::{Backend, Kernel, Schedule, Step, TorchError, seed};
use tch::{Device, TchError, Tensor};

use super::aten;
use super::buffers::Buffers;
use super::convolution::Convolution;
use super::gradients::Gradients;
use super::norm;
use super::own::{Own, OwnMoments};
use crate::lower::kernels::{Epilogue, FromTo, Workspace};
use crate::lower::torch::{GhostNorm, Manner, Mode, channels_last, ops};
use crate::lower::{At, TorchNet, cuda};
use crate::trace::{Backward, TraceRange};

/// What a task saves for the backward pass.
pub(super) enum SavedTensors {
    Op(Vec<Tensor>),
    /// The moments of each group.
    Norm(Tensor, Vec<OwnMoments>),
    Convolution(Tensor),
    /// What a max pool of netc's own has read.
    Pooled(Tensor),
    /// Dropout by netc's own draws, which the backward pass repeats.
    Dropped,
}

/// What a step that runs on the device alone reads there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resident<'s> {
    pub state: &'s cuda::DeviceState,
    /// What dropout draws from, besides the step.
    pub seed: u64,
}

/// The parts of a session that compute.
pub(super) struct Torch<'s> {
    pub net: &'s TorchNet,
    pub schedule: &'s Schedule,
    /// Of tasks that are convolutions.
    pub convolutions: &'s mut [Option<Convolution>],
    /// The gradients with respect to the weights, and who is told which of a trained weight is
    /// written.
    pub gradients: &'s Gradients,
    pub written: Option<&'s mut dyn FnMut(usize)>,
    pub memory: &'s Buffers,
    pub own: Option<&'s Own>,
    /// How batches are normalised.
    pub ghost: GhostNorm,
    /// The state of the training, if the step runs on the device alone.
    pub resident: Option<Resident<'s>>,
    pub workspace: &'s mut Workspace,
    /// The time of each task, forward and backward, if they are timed.
    pub clock: Option<&'s mut [[f64; 2]]>,
    pub mode: Mode,
}

impl Backend for Torch<'_> {
    type Value = Tensor;
    type Saved = SavedTensors;
    type Error = TorchError;

    fn share(value: &Tensor) -> Tensor {
        value.shallow_clone()
    }

    fn forward(
        &mut self,
        task: usize,
        operands: &[Tensor],
    ) -> Result<(Tensor, SavedTensors), TorchError> {
        let _range = TraceRange::new(&self.step(task).path);
        let start = Instant::now();
        let mut done = self.task_forward(task, operands);
        self.record_time(task, 0, start);
        // Without a backward pass of the task nothing is kept for it.
        let output = self.schedule.tasks[task].output;
        if let (Ok((_, saved)), false) = (&mut done, self.schedule.values[output].requires_grad) {
            *saved = SavedTensors::Op(Vec::new());
        }
        done.at(&self.step(task).path)
    }

    fn backward(
        &mut self,
        task: usize,
        gradient: Vec<Tensor>,
        saved: SavedTensors,
    ) -> Result<Vec<Option<Tensor>>, TorchError> {
        let _range = TraceRange::new(Backward(&self.step(task).path));
        let start = Instant::now();
        let done = self.task_backward(task, gradient, saved);
        self.record_time(task, 1, start);
        if let (Ok(_), Some(written)) = (&done, &mut self.written) {
            self.gradients.trained_of_step(self.schedule.tasks[task].step).for_each(written);
        }
        done.at(&self.step(task).path)
    }
}

impl<'s> Torch<'s> {
    /// The op of a task.
    fn step(&self, task: usize) -> &'s Step {
        &self.net.plan.steps()[self.schedule.tasks[task].step]
    }

    fn task_forward(
        &mut self,
        i: usize,
        read: &[Tensor],
    ) -> Result<(Tensor, SavedTensors), TchError> {
        let Torch { net, schedule, convolutions, memory, own, workspace, mode, .. } = self;
        let task = &schedule.tasks[i];
        let step = &net.plan.steps()[task.step];
        let weights = &net.weights[net.owned[task.step].clone()];
        let add = task.add.and_then(|_| read.last());
        let add = add.map(channels_last).transpose()?;
        let x = read.first().ok_or_else(|| TchError::Shape("an op without operands".into()))?;
        let place = || {
            let shape = &net.plan.steps()[task.output].shape;
            memory.image(schedule.slots.value[i], x.size()[0], shape)
        };
        if let Some(convolution) = &mut convolutions[i] {
            let bias = weights.get(1).map(|bias| &bias.tensor);
            let sums = task.sums && self.ghost.groups(x) == 1;
            let finish = Epilogue { bias, after: task.after, add: add.as_ref(), sums };
            let value =
                convolution.forward(*own, x, &weights[0].tensor, finish, place, workspace)?;
            return Ok((value, SavedTensors::Convolution(x.shallow_clone())));
        }
        let Mode::Train { seed } = *mode else {
            let read: Vec<&Tensor> = read.iter().collect();
            return Ok((
                ops::apply(
                    step,
                    &read,
                    weights,
                    Manner { mode: *mode, kind: net.kind, norm: None },
                )?,
                SavedTensors::Op(Vec::new()),
            ));
        };
        if let (Kernel::NormAct, Op::BatchNorm(op), Some(own), [w, b, mean, var]) =
            (&task.kernel, &step.op, *own, weights)
        {
            let x = channels_last(x)?;
            let owned = [w, b, mean, var].map(|weight| &weight.tensor);
            let y = place()?;
            let images = FromTo { from: &x, to: &y };
            let norm = (op, self.ghost);
            let before = i.checked_sub(1).is_some_and(|before| schedule.tasks[before].sums);
            let summed = before && self.ghost.groups(&x) == 1;
            let sums = (add.as_ref(), summed.then_some(&mut **workspace));
            let moments = norm::forward(own, norm, images, owned, task.after, sums)?;
            return Ok((y, SavedTensors::Norm(x, moments)));
        }
        if let (Kernel::MaxPool, Some(own)) = (&task.kernel, *own) {
            let (x, y) = (channels_last(x)?, place()?);
            let sums = task.sums && self.ghost.groups(&x) == 1;
            let images = FromTo { from: &x, to: &y };
            own.max_pool(images, sums.then_some(&mut **workspace))?;
            return Ok((y, SavedTensors::Pooled(x)));
        }
        if let Some(kernels) = own.and_then(Own::cuda) {
            let own = Self::forward_on_gpu(kernels, step, x, self.resident)?;
            if let Some(done) = own {
                return Ok(done);
            }
        }
        let read: Vec<&Tensor> = read.iter().collect();
        let done = aten::forward(step, &read, weights, (net.kind, self.ghost), seed)?;
        Ok((done.value, SavedTensors::Op(done.saved)))
    }

    /// An op forward in training by a kernel for GPUs, if there is one.
    fn forward_on_gpu(
        kernels: &cuda::GpuKernels,
        step: &Step,
        x: &Tensor,
        resident: Option<Resident<'_>>,
    ) -> Result<Option<(Tensor, SavedTensors)>, TchError> {
        match &step.op {
            Op::GlobalMaxPool(_) => {
                let x = channels_last(x)?;
                let sizes = [x.size()[0], x.size()[1], 1, 1];
                let y = channels_last(&Tensor::f_empty(sizes, (x.kind(), x.device()))?)?;
                kernels.global_max(FromTo { from: &x, to: &y })?;
                Ok(Some((y, SavedTensors::Pooled(x))))
            }
            _ => {
                let dropped = dropout(kernels, step, x, resident)?;
                Ok(dropped.map(|y| (y, SavedTensors::Dropped)))
            }
        }
    }

    /// Records the time of a task in a direction, if enabled, after synchronising with a GPU.
    fn record_time(&mut self, task: usize, direction: usize, start: Instant) {
        if let Some(clock) = &mut self.clock {
            if let Device::Cuda(gpu) = self.net.device {
                tch::Cuda::synchronize(gpu as i64);
            }
            clock[task][direction] = start.elapsed().as_secs_f64();
        }
    }

    /// The gradients with respect to the operands of a task's op.
    fn task_backward(
        &mut self,
        i: usize,
        mut parts: Vec<Tensor>,
        saved: SavedTensors,
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let Torch { net, schedule, convolutions, memory, own, workspace, resident, .. } = self;
        let task = &schedule.tasks[i];
        let step = &net.plan.steps()[task.step];
        let weights = &net.weights[net.owned[task.step].clone()];
        let grad_weights = self.gradients.of_step(task.step);
        let most = if matches!(saved, SavedTensors::Norm(..)) { 2 } else { 1 };
        while parts.len() > most
            && let (Some(a), Some(b)) = (parts.pop(), parts.pop())
        {
            parts.push(a.f_add(&b)?);
        }
        let wanted: Vec<bool> =
            step.operands.iter().map(|&operand| schedule.values[operand].requires_grad).collect();
        match (saved, &mut convolutions[i], *own) {
            (SavedTensors::Norm(x, moments), _, Some(own)) => {
                // The gradient overwrites the operand, which only this op reads.
                let x = if schedule.in_place(&net.plan, i) { x } else { x.f_mul_scalar(1.0)? };
                let parts: Vec<Tensor> =
                    parts.iter().map(channels_last).collect::<Result<_, _>>()?;
                let grad_owned = [&grad_weights[0], &grad_weights[1]];
                let (weight, after) = (&weights[0].tensor, task.after);
                norm::backward(&x, moments.len(), grad_owned, |i, group, grad_owned| {
                    let part = |i| parts.get(i).map(|part| group.of(part)).transpose();
                    let [first, second] = [part(0)?, part(1)?];
                    let gradient = [first.as_ref(), second.as_ref()];
                    let x = group.of(&x)?;
                    own.normalise_backward(&x, gradient, &moments[i], weight, after, grad_owned)
                })?;
                Ok(vec![Some(x)])
            }
            (SavedTensors::Convolution(x), Some(convolution), own) => {
                let gradient = [&parts[0], &x];
                let weight = &weights[0].tensor;
                if weights[0].trained {
                    convolution.grad_weights(own, gradient, weight, &grad_weights[0], workspace)?;
                }
                if let Some(grad_bias) = grad_weights.get(1).filter(|_| weights[1].trained) {
                    aten::put(
                        grad_bias,
                        &parts[0].f_sum_dim_intlist(
                            [0i64, 2, 3].as_slice(),
                            false,
                            grad_bias.kind(),
                        )?,
                    )?;
                }
                let place = || {
                    memory.image(schedule.slots.gradient[i], x.size()[0], &step.operand_shapes[0])
                };
                let grad_input = || convolution.grad_input(own, gradient, weight, place, workspace);
                Ok(vec![wanted[0].then(grad_input).transpose()?])
            }
            (SavedTensors::Op(saved), ..) => {
                aten::backward(step, &parts[0], &saved, weights, grad_weights, &wanted)
            }
            (SavedTensors::Pooled(_), ..) if !wanted[0] => Ok(vec![None]),
            (SavedTensors::Pooled(x), _, Some(own)) if task.kernel == Kernel::MaxPool => {
                let slot = schedule.slots.gradient[i];
                let grad_input = memory.image(slot, x.size()[0], &step.operand_shapes[0])?;
                own.max_pool_backward(&x, &channels_last(&parts[0])?, &grad_input)?;
                Ok(vec![Some(grad_input)])
            }
            (SavedTensors::Pooled(x), _, Some(Own::Cuda(kernels))) => {
                let grad_input = x.f_empty_like()?;
                kernels.global_max_backward(&x, &channels_last(&parts[0])?, &grad_input)?;
                Ok(vec![Some(grad_input)])
            }
            (SavedTensors::Dropped, _, Some(Own::Cuda(kernels))) => {
                let dropped = dropout(kernels, step, &parts[0], *resident)?;
                Ok(vec![dropped])
            }
            (
                SavedTensors::Norm(..)
                | SavedTensors::Convolution(_)
                | SavedTensors::Pooled(_)
                | SavedTensors::Dropped,
                ..,
            ) => Err(TchError::Shape("what was saved is of another task".into())),
        }
    }
}

/// Dropout by the draws of a step that runs on the device alone, forward or backward.
fn dropout(
    kernels: &cuda::GpuKernels,
    step: &Step,
    x: &Tensor,
    resident: Option<Resident<'_>>,
) -> Result<Option<Tensor>, TchError> {
    match (&step.op, resident) {
        (Op::Dropout(op), Some(Resident { state, seed })) => {
            let seed = seed::derive(seed, &step.path).unsigned_abs();
            // A draw belongs to a place in memory: forward and backward have one layout.
            let x = if x.dim() == 4 { channels_last(x)? } else { x.f_contiguous()? };
            kernels.drop_elements(&x, seed, 1.0 - op.p, state).map(Some)
        }
        _ => Ok(None),
    }
}
