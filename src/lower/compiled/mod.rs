//! The compiled step: a net's tasks forward and backward, in order, without libtorch's tape.
//!
//! What is computed together is in [`schedule`], which memory is shared in [`memory`], each op's value and gradient in
//! [`rules`]. On a CPU that has the instructions, convolutions, batch normalisation and what follows them run on
//! netc's own [kernels](super::kernels); [`tuning`] chooses.

mod convolution;
mod memory;
mod rules;
mod schedule;
mod tuning;

use std::ops::Range;

use tch::{Device, Kind, TchError, Tensor};

use super::kernels::{Epilogue, Kernels, Moments, Workspace};
use super::torch::{Mode, channels_last, ops};
use super::{Algorithm, At, TorchError, TorchNet, Ways, algorithm};
use crate::graph::Op;
use crate::passes::Purpose;

use convolution::Convolution;
use memory::Interval;
use schedule::{Task, schedule};
pub use tuning::Tuning;

/// A net's step, made for batches of at most so many images.
#[derive(Debug)]
pub struct Compiled {
    tasks: Vec<Task>,
    /// Those of tasks that are convolutions of this module's.
    convolutions: Vec<Option<Convolution>>,
    /// For each step, the task that reads its value last.
    last_reader: Vec<usize>,
    /// For each step, whether a trained weight has a part in its value.
    wanted: Vec<bool>,
    /// The gradients by the trained weights, and which of them each step owns.
    gradients: Vec<Tensor>,
    owned: Vec<Range<usize>>,
    slots: Slots,
    kernels: Option<Kernels>,
    workspace: Workspace,
}

/// What a step gave.
#[derive(Debug)]
pub struct Stepped {
    /// The output, `[N, ...]`.
    pub logits: Tensor,
    /// The sum of the cross-entropies.
    pub loss: Tensor,
}

/// Memory for values and gradients that the kernels write.
#[derive(Debug, Default)]
struct Slots {
    memory: Vec<Tensor>,
    /// For each task, the slot of its value, and of the gradient by its first operand.
    value: Vec<Option<usize>>,
    gradient: Vec<Option<usize>>,
}

/// What a task keeps for its way back.
enum Kept {
    Rule(Vec<Tensor>),
    Norm(Tensor, Moments),
    Convolution(Tensor),
}

impl Compiled {
    /// Compiles a net for batches of at most `batch` images.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn new(net: &TorchNet, purpose: Purpose, batch: usize, tuning: &Tuning) -> Result<Compiled, TorchError> {
        let suits = net.device == Device::Cpu && matches!(net.kind, Kind::Float | Kind::BFloat16);
        let kernels = Kernels::detect().filter(|_| suits);
        let tasks = schedule(&net.plan, purpose, kernels.is_some());
        let steps = net.plan.steps();
        let mut last_reader = vec![usize::MAX; steps.len()];
        let mut wanted = vec![false; steps.len()];
        for (i, task) in tasks.iter().enumerate() {
            let operands = task.operands(&net.plan);
            let own = net.weights[net.owned[task.step].clone()].iter().any(|weight| weight.trained);
            wanted[task.output] = own || operands.iter().any(|&operand| wanted[operand]);
            operands.into_iter().for_each(|operand| last_reader[operand] = i);
        }
        let training = purpose == Purpose::Training;
        let mut convolutions = Vec::new();
        for task in &tasks {
            let step = &steps[task.step];
            let convolution = match (&step.op, kernels, step.operand_shapes.first().and_then(|shape| shape.image())) {
                (Op::Conv(op), Some(kernels), Some(image)) => {
                    let ways = match algorithm::suits(op, &step.operand_shapes[0]) {
                        true => tuning.ways(kernels, op, image, (batch, net.kind), training)?,
                        false => Ways::all(Algorithm::Library),
                    };
                    Some(Convolution::new(op.clone(), ways))
                }
                _ => None,
            };
            convolutions.push(convolution);
        }
        let mut compiled = Compiled {
            slots: Slots::default(),
            last_reader,
            wanted,
            gradients: Vec::new(),
            owned: Vec::new(),
            kernels,
            workspace: Workspace::default(),
            convolutions,
            tasks,
        };
        compiled.plan_memory(net, training, batch).at("the memory of a step")?;
        if training {
            for owned in &net.owned {
                let first = compiled.gradients.len();
                for weight in net.weights[owned.clone()].iter().filter(|weight| weight.trained) {
                    let gradient = weight.tensor.f_detach().and_then(|tensor| tensor.f_zeros_like());
                    compiled.gradients.push(gradient.at(&weight.name)?);
                }
                compiled.owned.push(first..compiled.gradients.len());
            }
        }
        Ok(compiled)
    }

    /// The gradients by the trained weights of the last step, in the order of the weights. The next step writes over them.
    pub fn gradients(&self) -> &[Tensor] {
        &self.gradients
    }

    /// How each convolution is computed, by step of the plan.
    pub fn ways(&self) -> impl Iterator<Item = (usize, Ways)> {
        let tasks = self.tasks.iter().zip(&self.convolutions);
        tasks.filter_map(|(task, convolution)| Some((task.step, convolution.as_ref()?.ways)))
    }

    /// One step of training on images `[N, C, H, W]` with labels `[N]`: the sum of the cross-entropies, and its
    /// [gradients](Compiled::gradients).
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn step(&mut self, net: &TorchNet, images: &Tensor, labels: &Tensor, seed: u64) -> Result<Stepped, TorchError> {
        tch::no_grad(|| {
            self.convolutions.iter_mut().flatten().for_each(Convolution::renew);
            let (value, kept) = self.forward(net, images, Mode::Train { seed })?;
            let kind = value.kind();
            let (stepped, gradient) = cross_entropy(value, labels, net.masters).at("the loss")?;
            self.backward(net, gradient.f_to_kind(kind).at("the loss")?, kept)?;
            Ok(stepped)
        })
    }

    /// The output of a net that was compiled for evaluation, in fp32, or in fp64 for a net of fp64. Its weights are those of
    /// the first call.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn evaluate(&mut self, net: &TorchNet, images: &Tensor) -> Result<Tensor, TorchError> {
        tch::no_grad(|| {
            let (value, _) = self.forward(net, images, Mode::Eval)?;
            value.f_to_kind(net.masters).at("the output")
        })
    }

    fn plan_memory(&mut self, net: &TorchNet, training: bool, batch: usize) -> Result<(), TchError> {
        let steps = net.plan.steps();
        let lifetimes = memory::lifetimes(&net.plan, &self.tasks, training);
        let (mut intervals, mut of) = (Vec::new(), Vec::new());
        for (i, task) in self.tasks.iter().enumerate() {
            if self.writes_value(net, i, training) {
                let to = lifetimes.value[task.output].max(i);
                intervals.push(Interval { from: i, to, size: steps[task.output].shape.elements() });
                of.push((i, true));
            }
            if let Some(operand) = self.writes_gradient(net, i).filter(|_| training) {
                let (from, to) = (2 * self.tasks.len() - 1 - i, lifetimes.gradient[operand]);
                intervals.push(Interval { from, to, size: steps[operand].shape.elements() });
                of.push((i, false));
            }
        }
        let (slot_of, sizes) = memory::slots(&intervals);
        self.slots.value = vec![None; self.tasks.len()];
        self.slots.gradient = vec![None; self.tasks.len()];
        for ((task, value), slot) in of.into_iter().zip(slot_of) {
            let place = if value { &mut self.slots.value } else { &mut self.slots.gradient };
            place[task] = Some(slot);
        }
        for size in sizes {
            let count = i64::try_from(size.saturating_mul(batch as u64)).unwrap_or(i64::MAX);
            self.slots.memory.push(Tensor::f_empty([count], (net.kind, net.device))?);
        }
        Ok(())
    }

    /// Whether a kernel writes a task's value.
    fn writes_value(&self, net: &TorchNet, i: usize, training: bool) -> bool {
        let (task, step) = (&self.tasks[i], &net.plan.steps()[self.tasks[i].step]);
        if self.kernels.is_none() || step.shape.image().is_none() {
            return false;
        }
        match &self.convolutions[i] {
            Some(convolution) => convolution.ways.forward != Algorithm::Library || task.fused(),
            None => training && matches!(step.op, Op::BatchNorm(_)),
        }
    }

    /// The operand whose gradient a kernel of task `i` writes.
    fn writes_gradient(&self, net: &TorchNet, i: usize) -> Option<usize> {
        let operand = *net.plan.steps()[self.tasks[i].step].operands.first()?;
        let convolution = self.convolutions[i].as_ref()?;
        (convolution.ways.input != Algorithm::Library && self.wanted[operand]).then_some(operand)
    }

    /// The output, and what each task keeps.
    fn forward(&mut self, net: &TorchNet, images: &Tensor, mode: Mode) -> Result<(Tensor, Vec<Kept>), TorchError> {
        let steps = net.plan.steps();
        let mut values: Vec<Option<Tensor>> = (0..steps.len()).map(|_| None).collect();
        let input = images.f_to_kind(net.kind).and_then(|t| channels_last(&t));
        values[0] = Some(input.at(&steps[0].path)?);
        let mut kept = Vec::new();
        for i in 0..self.tasks.len() {
            let task = self.tasks[i].clone();
            let operands = task.operands(&net.plan);
            let read: Vec<Tensor> =
                operands.iter().filter_map(|&o| values[o].as_ref()).map(Tensor::shallow_clone).collect();
            let (value, keep) = self.run(net, i, &read, mode).at(&steps[task.step].path)?;
            kept.push(keep);
            drop(read);
            operands.into_iter().filter(|&o| self.last_reader[o] == i).for_each(|o| values[o] = None);
            values[task.output] = Some(value);
        }
        let output = values.pop().flatten().ok_or_else(|| TchError::Shape("the plan is empty".into()));
        Ok((output.at("the output")?, kept))
    }

    fn run(&mut self, net: &TorchNet, i: usize, read: &[Tensor], mode: Mode) -> Result<(Tensor, Kept), TchError> {
        let Compiled { tasks, convolutions, slots, kernels, workspace, .. } = self;
        let task = &tasks[i];
        let step = &net.plan.steps()[task.step];
        let weights = &net.weights[net.owned[task.step].clone()];
        let add = task.add.and_then(|_| read.last());
        let add = add.map(channels_last).transpose()?;
        let x = read.first().ok_or_else(|| TchError::Shape("an op without operands".into()))?;
        let memory = || slots.image(slots.value[i], x.size()[0], &net.plan.steps()[task.output].shape);
        if let Some(convolution) = &mut convolutions[i] {
            let bias = weights.get(1).map(|bias| &bias.tensor);
            let finish = Epilogue { bias, after: task.after, add: add.as_ref() };
            let value = convolution.forward(*kernels, x, &weights[0].tensor, finish, memory, workspace)?;
            return Ok((value, Kept::Convolution(x.shallow_clone())));
        }
        let Mode::Train { seed } = mode else {
            let read: Vec<&Tensor> = read.iter().collect();
            return Ok((ops::apply(step, &read, weights, (net.kind, None), mode)?, Kept::Rule(Vec::new())));
        };
        if let (Op::BatchNorm(op), Some(kernels), [w, b, mean, var], 4) = (&step.op, kernels, weights, x.dim()) {
            let x = channels_last(x)?;
            let owned = [w, b, mean, var].map(|weight| &weight.tensor);
            let moments = kernels.moments(&x, owned, op.momentum, op.eps)?;
            let y = memory()?;
            kernels.normalise((&x, &y), &moments, task.after, add.as_ref())?;
            return Ok((y, Kept::Norm(x, moments)));
        }
        let done = rules::forward(step, &read.iter().collect::<Vec<_>>(), weights, net.kind, seed)?;
        Ok((done.value, Kept::Rule(done.kept)))
    }

    fn backward(&mut self, net: &TorchNet, gradient: Tensor, kept: Vec<Kept>) -> Result<(), TorchError> {
        let steps = net.plan.steps();
        let mut gradients: Vec<Vec<Tensor>> = (0..steps.len()).map(|_| Vec::new()).collect();
        gradients[steps.len() - 1].push(gradient);
        for (i, kept) in kept.into_iter().enumerate().rev() {
            let task = self.tasks[i].clone();
            let parts = std::mem::take(&mut gradients[task.output]);
            if parts.is_empty() || !self.wanted[task.output] {
                continue;
            }
            if let Some(add) = task.add.filter(|&add| self.wanted[add]) {
                gradients[add].extend(parts.iter().map(Tensor::shallow_clone));
            }
            let by_operands = self.run_back(net, i, parts, kept).at(&steps[task.step].path)?;
            for (&operand, gradient) in steps[task.step].operands.iter().zip(by_operands) {
                gradients[operand].extend(gradient.filter(|_| self.wanted[operand]));
            }
        }
        Ok(())
    }

    /// The gradients by the operands of a task's op.
    fn run_back(
        &mut self,
        net: &TorchNet,
        i: usize,
        mut parts: Vec<Tensor>,
        kept: Kept,
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let Compiled { tasks, convolutions, slots, kernels, workspace, .. } = self;
        let task = &tasks[i];
        let step = &net.plan.steps()[task.step];
        let weights = &net.weights[net.owned[task.step].clone()];
        let by_weights = &self.gradients[self.owned[task.step].clone()];
        let most = if matches!(kept, Kept::Norm(..)) { 2 } else { 1 };
        while parts.len() > most
            && let (Some(a), Some(b)) = (parts.pop(), parts.pop())
        {
            parts.push(a.f_add(&b)?);
        }
        let wanted: Vec<bool> = step.operands.iter().map(|&operand| self.wanted[operand]).collect();
        match (kept, &mut convolutions[i], kernels) {
            (Kept::Norm(x, moments), _, Some(kernels)) => {
                // The gradient takes the place of what a convolution wrote for this op alone.
                let operand = step.operands[0];
                let alone = self.last_reader[operand] == i
                    && tasks.iter().filter(|task| task.operands(&net.plan).contains(&operand)).count() == 1
                    && matches!(net.plan.steps()[operand].op, Op::Conv(_));
                let x = if alone { x } else { x.f_mul_scalar(1.0)? };
                let parts: Vec<Tensor> = parts.iter().map(channels_last).collect::<Result<_, _>>()?;
                let gradient = [parts.first(), parts.get(1)];
                let by_owned = [&by_weights[0], &by_weights[1]];
                let own = (&moments, &weights[0].tensor);
                kernels.normalise_backward(&x, gradient, own, task.after, by_owned)?;
                Ok(vec![Some(x)])
            }
            (Kept::Convolution(x), Some(convolution), kernels) => {
                let gradient = [&parts[0], &x];
                let weight = &weights[0].tensor;
                convolution.by_weights(*kernels, gradient, weight, &by_weights[0], workspace)?;
                if let Some(by_bias) = by_weights.get(1) {
                    rules::put(by_bias, &parts[0].f_sum_dim_intlist([0i64, 2, 3].as_slice(), false, by_bias.kind())?)?;
                }
                let memory = || slots.image(slots.gradient[i], x.size()[0], &step.operand_shapes[0]);
                let by_input =
                    || convolution.by_input(*kernels, gradient, weight, memory, workspace);
                Ok(vec![wanted[0].then(by_input).transpose()?])
            }
            (Kept::Rule(kept), ..) => rules::backward(step, &parts[0], &kept, weights, by_weights, &wanted),
            (Kept::Norm(..) | Kept::Convolution(_), ..) => {
                Err(TchError::Shape("what was kept is of another task".into()))
            }
        }
    }
}

impl Slots {
    /// The first images of a slot, channels last.
    fn image(&self, slot: Option<usize>, images: i64, shape: &crate::graph::Shape) -> Result<Tensor, TchError> {
        let memory = slot.and_then(|slot| self.memory.get(slot));
        let (Some(memory), Some(sizes)) = (memory, shape.image()) else {
            return Err(TchError::Shape("there is no memory for a value".into()));
        };
        let [c, h, w] = sizes.map(|size| size as i64);
        memory.f_narrow(0, 0, images * c * h * w)?.f_view([images, h, w, c])?.f_permute([0, 3, 1, 2])
    }
}

/// The sum of the cross-entropies of logits `[n, classes]`, and its gradient by them.
fn cross_entropy(logits: Tensor, labels: &Tensor, masters: Kind) -> Result<(Stepped, Tensor), TchError> {
    let logits = logits.f_to_kind(masters)?;
    let logs = logits.f_log_softmax(1, masters)?;
    let places = labels.f_unsqueeze(1)?;
    let loss = logs.f_gather(1, &places, false)?.f_sum(masters)?.f_neg()?;
    let ones = Tensor::f_ones(places.size(), (masters, logits.device()))?;
    let gradient = logs.f_exp()?.f_scatter_add(1, &places, &ones.f_neg()?)?;
    Ok((Stepped { logits, loss }, gradient))
}
