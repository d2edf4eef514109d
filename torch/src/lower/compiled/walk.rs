//! The tasks one after another, forward and then backward.

use std::time::Instant;

use netc::graph::Op;
use netc::lower::{Kernel, Step, Task, TorchError};
use tch::{Device, TchError, Tensor};

use super::{Session, rules};
use crate::lower::At;
use crate::lower::kernels::{Epilogue, FromTo, Moments};
use crate::lower::torch::{Manner, Mode, channels_last, ops};

/// What a task keeps for its way back.
pub(super) enum Kept {
    Rule(Vec<Tensor>),
    Norm(Tensor, Moments),
    Convolution(Tensor),
}

impl Session {
    /// The output, and what each task keeps.
    pub(super) fn forward(
        &mut self,
        images: &Tensor,
        mode: Mode,
    ) -> Result<(Tensor, Vec<Kept>), TorchError> {
        let steps = self.net.plan.steps();
        let mut values: Vec<Option<Tensor>> = (0..steps.len()).map(|_| None).collect();
        let input = images.f_to_kind(self.net.kind).and_then(|t| channels_last(&t));
        values[0] = Some(input.at(&steps[0].path)?);
        let mut kept = Vec::new();
        for i in 0..self.schedule.tasks.len() {
            let task = self.schedule.tasks[i].clone();
            let operands = task.operands(&self.net.plan);
            let read: Vec<Tensor> = operands
                .iter()
                .filter_map(|&o| values[o].as_ref())
                .map(Tensor::shallow_clone)
                .collect();
            let start = Instant::now();
            let done = self.run(i, &read, mode);
            self.note(i, 0, start);
            let (value, keep) = done.at(&self.step_of(&task).path)?;
            kept.push(keep);
            drop(read);
            for operand in operands {
                if self.schedule.values[operand].last_reader == Some(i) {
                    values[operand] = None;
                }
            }
            values[task.output] = Some(value);
        }
        let output =
            values.pop().flatten().ok_or_else(|| TchError::Shape("the plan is empty".into()));
        Ok((output.at("the output")?, kept))
    }

    /// The op of a task.
    fn step_of(&self, task: &Task) -> &Step {
        &self.net.plan.steps()[task.step]
    }

    fn run(&mut self, i: usize, read: &[Tensor], mode: Mode) -> Result<(Tensor, Kept), TchError> {
        let Session { net, schedule, convolutions, memory, kernels, workspace, .. } = self;
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
            let finish = Epilogue { bias, after: task.after, add: add.as_ref() };
            let value =
                convolution.forward(*kernels, x, &weights[0].tensor, finish, place, workspace)?;
            return Ok((value, Kept::Convolution(x.shallow_clone())));
        }
        let Mode::Train { seed } = mode else {
            let read: Vec<&Tensor> = read.iter().collect();
            return Ok((
                ops::apply(step, &read, weights, Manner { mode, kind: net.kind, norm: None })?,
                Kept::Rule(Vec::new()),
            ));
        };
        if let (Kernel::NormAct, Op::BatchNorm(op), Some(kernels), [w, b, mean, var]) =
            (task.kernel, &step.op, kernels, weights)
        {
            let x = channels_last(x)?;
            let owned = [w, b, mean, var].map(|weight| &weight.tensor);
            let moments = kernels.moments(&x, owned, op.momentum, op.eps)?;
            let y = place()?;
            kernels.normalise(FromTo { from: &x, to: &y }, &moments, task.after, add.as_ref())?;
            return Ok((y, Kept::Norm(x, moments)));
        }
        let done = rules::forward(step, &read.iter().collect::<Vec<_>>(), weights, net.kind, seed)?;
        Ok((done.value, Kept::Rule(done.kept)))
    }

    pub(super) fn backward(&mut self, gradient: Tensor, kept: Vec<Kept>) -> Result<(), TorchError> {
        let steps = self.net.plan.steps();
        let mut gradients: Vec<Vec<Tensor>> = (0..steps.len()).map(|_| Vec::new()).collect();
        gradients[steps.len() - 1].push(gradient);
        for (i, kept) in kept.into_iter().enumerate().rev() {
            let task = self.schedule.tasks[i].clone();
            let parts = std::mem::take(&mut gradients[task.output]);
            if parts.is_empty() || !self.schedule.values[task.output].wanted {
                continue;
            }
            if let Some(add) = task.add.filter(|&add| self.schedule.values[add].wanted) {
                gradients[add].extend(parts.iter().map(Tensor::shallow_clone));
            }
            let start = Instant::now();
            let done = self.run_back(i, parts, kept);
            self.note(i, 1, start);
            let step = self.step_of(&task);
            for (&operand, gradient) in step.operands.iter().zip(done.at(&step.path)?) {
                gradients[operand]
                    .extend(gradient.filter(|_| self.schedule.values[operand].wanted));
            }
        }
        Ok(())
    }

    /// Notes how long a task took in a direction, if that is wanted; then a GPU is waited for.
    fn note(&mut self, task: usize, direction: usize, start: Instant) {
        if let Some(clock) = &mut self.clock {
            if let Device::Cuda(gpu) = self.net.device {
                tch::Cuda::synchronize(gpu as i64);
            }
            clock[task][direction] = start.elapsed().as_secs_f64();
        }
    }

    /// The gradients by the operands of a task's op.
    fn run_back(
        &mut self,
        i: usize,
        mut parts: Vec<Tensor>,
        kept: Kept,
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let Session { net, schedule, convolutions, memory, kernels, workspace, .. } = self;
        let task = &schedule.tasks[i];
        let step = &net.plan.steps()[task.step];
        let weights = &net.weights[net.owned[task.step].clone()];
        let grad_weights = &self.grad_weights[self.owned[task.step].clone()];
        let most = if matches!(kept, Kept::Norm(..)) { 2 } else { 1 };
        while parts.len() > most
            && let (Some(a), Some(b)) = (parts.pop(), parts.pop())
        {
            parts.push(a.f_add(&b)?);
        }
        let wanted: Vec<bool> =
            step.operands.iter().map(|&operand| schedule.values[operand].wanted).collect();
        match (kept, &mut convolutions[i], kernels) {
            (Kept::Norm(x, moments), _, Some(kernels)) => {
                // The gradient takes the place of what a convolution wrote for this op alone.
                let x = if schedule.in_place(&net.plan, i) { x } else { x.f_mul_scalar(1.0)? };
                let parts: Vec<Tensor> =
                    parts.iter().map(channels_last).collect::<Result<_, _>>()?;
                let gradient = [parts.first(), parts.get(1)];
                let grad_owned = [&grad_weights[0], &grad_weights[1]];
                let weight = &weights[0].tensor;
                kernels
                    .normalise_backward(&x, gradient, &moments, weight, task.after, grad_owned)?;
                Ok(vec![Some(x)])
            }
            (Kept::Convolution(x), Some(convolution), kernels) => {
                let gradient = [&parts[0], &x];
                let weight = &weights[0].tensor;
                if weights[0].trained {
                    convolution.grad_weights(
                        *kernels,
                        gradient,
                        weight,
                        &grad_weights[0],
                        workspace,
                    )?;
                }
                if let Some(grad_bias) = grad_weights.get(1) {
                    rules::put(
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
                let grad_input =
                    || convolution.grad_input(*kernels, gradient, weight, place, workspace);
                Ok(vec![wanted[0].then(grad_input).transpose()?])
            }
            (Kept::Rule(kept), ..) => {
                rules::backward(step, &parts[0], &kept, weights, grad_weights, &wanted)
            }
            (Kept::Norm(..) | Kept::Convolution(_), ..) => {
                Err(TchError::Shape("what was kept is of another task".into()))
            }
        }
    }
}
