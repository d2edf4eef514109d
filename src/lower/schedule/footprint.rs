//! The memory of a step: a dry run of the tasks with sizes instead of tensors.

use std::cell::Cell;
use std::rc::Rc;

use serde::Serialize;

use super::{Kernel, Schedule, Task};
use crate::graph::Op;
use crate::graph::op::Alias;
use crate::lower::winograd::{ByWeights, Dims, Forward, TileSize, packed};
use crate::lower::{ConvAlgorithm, ConvAlgorithms, Plan, Precision, Step};

/// The conditions of a memory prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// Batch size.
    pub images: u64,
    /// The precision.
    pub precision: Precision,
    /// The number of threads.
    pub threads: usize,
}

/// The peak memory of a training step, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Footprint {
    /// Weights and running statistics.
    pub weights: u64,
    /// Gradients with respect to the weights, and the optimiser's velocities.
    pub training: u64,
    /// Transformed weights for Winograd convolutions.
    pub packed: u64,
    /// The workspaces of all threads.
    pub workspace: u64,
    /// The slots of values and gradients.
    pub slots: u64,
    /// The images, and the peak of temporary allocations.
    pub passing: u64,
}

impl Footprint {
    /// The total.
    pub fn total(&self) -> u64 {
        let Footprint { weights, training, packed, workspace, slots, passing } = *self;
        [weights, training, packed, workspace, slots, passing]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

impl Schedule {
    /// The memory of a training step with this schedule.
    pub fn footprint(&self, plan: &Plan, load: Workload) -> Footprint {
        let master = if load.precision == Precision::Fp64 { 8 } else { 4 };
        let (mut all, mut trained) = (0u64, 0u64);
        for step in plan.steps() {
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            for tensor in step.op.tensors(&shapes) {
                let bytes = tensor.elements().saturating_mul(master);
                all = all.saturating_add(bytes);
                trained = trained.saturating_add(if tensor.trained { bytes } else { 0 });
            }
        }
        let width = load.precision.bytes();
        let (packed, workspace) = self.transformed(plan, load);
        let numbers = self.slots.sizes.iter().fold(0u64, |sum, &size| sum.saturating_add(size));
        Footprint {
            weights: all,
            training: trained.saturating_mul(2),
            packed,
            workspace,
            slots: numbers.saturating_mul(load.images).saturating_mul(width),
            passing: DryRun::new(self, plan, load).peak(),
        }
    }

    /// Bytes of the transformed weights and of the workspaces, each part of which is as large as
    /// the largest task needs.
    fn transformed(&self, plan: &Plan, load: Workload) -> (u64, u64) {
        let pack = if load.precision == Precision::Bf16 { 2 } else { 1 };
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (mut words, mut most) = (0u64, [0usize; 3]);
        for task in &self.tasks {
            let step = &plan.steps()[task.step];
            let (Some(ways), Op::Conv(op)) = (task.kernel.algorithms(), &step.op) else { continue };
            let Some([in_channels, height, width]) = step.operand_shapes[0].image() else {
                continue;
            };
            let [images, height, width, in_channels, out_channels] =
                [load.images, height, width, in_channels, op.out].map(size);
            let dims = Dims { images, height, width, in_channels, out_channels };
            let wanted = self.values[step.operands[0]].wanted;
            let directions =
                [(Some(ways.forward), dims), (wanted.then_some(ways.input), dims.transposed())];
            for (way, Dims { in_channels, out_channels, .. }) in directions {
                let Some(tile) = way.and_then(tile) else { continue };
                words = words.saturating_add(packed(tile, pack, in_channels, out_channels) as u64);
                let [inputs, products] = Forward::new(tile, pack, in_channels).scratch(tile);
                most = [most[0].max(inputs), most[1].max(products), most[2]];
            }
            if let Some(tile) = tile(ways.weights) {
                let scratch = ByWeights::new(tile, pack, &dims, load.threads).scratch(tile);
                most = [0, 1, 2].map(|i| most[i].max(scratch[i]));
            }
        }
        let thread = most.into_iter().fold(0u64, |sum, words| sum.saturating_add(words as u64));
        (words.saturating_mul(4), thread.saturating_mul(4).saturating_mul(load.threads as u64))
    }
}

/// The tile size of an algorithm, if it has tiles.
pub fn tile(algorithm: ConvAlgorithm) -> Option<TileSize> {
    match algorithm {
        ConvAlgorithm::Library => None,
        ConvAlgorithm::WinogradF2 => Some(TileSize::Two),
        ConvAlgorithm::WinogradF4 => Some(TileSize::Four),
    }
}

/// The current and the peak allocation.
#[derive(Debug, Default)]
struct Heap {
    live: Cell<u64>,
    most: Cell<u64>,
}

/// The memory of a tensor. Views are clones of the reference.
struct Block {
    bytes: u64,
    heap: Rc<Heap>,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.heap.live.set(self.heap.live.get().saturating_sub(self.bytes));
    }
}

type Value = Rc<Block>;

/// A dry run that mirrors the compiled step of `netc-torch`.
struct DryRun<'a> {
    schedule: &'a Schedule,
    plan: &'a Plan,
    load: Workload,
    heap: Rc<Heap>,
}

impl<'a> DryRun<'a> {
    fn new(schedule: &'a Schedule, plan: &'a Plan, load: Workload) -> DryRun<'a> {
        DryRun { schedule, plan, load, heap: Rc::default() }
    }

    fn allocate(&self, bytes: u64) -> Value {
        let live = self.heap.live.get().saturating_add(bytes);
        self.heap.live.set(live);
        self.heap.most.set(self.heap.most.get().max(live));
        Rc::new(Block { bytes, heap: Rc::clone(&self.heap) })
    }

    /// Memory for this many elements per image.
    fn numbers(&self, count: u64) -> Value {
        self.allocate(
            count.saturating_mul(self.load.images).saturating_mul(self.load.precision.bytes()),
        )
    }

    /// A value in its slot, or in new memory if it has none.
    fn placed(&self, slot: Option<usize>, count: u64) -> Value {
        if slot.is_some() { self.allocate(0) } else { self.numbers(count) }
    }

    fn peak(&self) -> u64 {
        let steps = self.plan.steps();
        let input = steps[0].shape.elements();
        let given = self.allocate(input.saturating_mul(self.load.images).saturating_mul(4));
        let cast = self.load.precision != Precision::Fp32;
        let mut values: Vec<Option<Value>> = vec![None; steps.len()];
        values[0] = Some(if cast { self.numbers(input) } else { Rc::clone(&given) });
        let mut kept = Vec::new();
        for (i, task) in self.schedule.tasks.iter().enumerate() {
            let operands = task.operands(self.plan);
            let read: Vec<Value> = operands.iter().filter_map(|&o| values[o].clone()).collect();
            let (value, keep) = self.forward(i, task, &read);
            kept.push(keep);
            for operand in operands {
                if self.schedule.values[operand].last_reader == Some(i) {
                    values[operand] = None;
                }
            }
            values[task.output] = Some(value);
        }
        drop(values);
        let mut gradients: Vec<Vec<Value>> = vec![Vec::new(); steps.len()];
        gradients[steps.len() - 1].push(self.numbers(steps[steps.len() - 1].shape.elements()));
        for (i, kept) in kept.into_iter().enumerate().rev() {
            let task = &self.schedule.tasks[i];
            let parts = std::mem::take(&mut gradients[task.output]);
            if parts.is_empty() || !self.schedule.values[task.output].wanted {
                continue;
            }
            if let Some(add) = task.add.filter(|&add| self.schedule.values[add].wanted) {
                gradients[add].extend(parts.iter().map(Rc::clone));
            }
            let by_operands = self.backward(i, task, parts, kept);
            for (&operand, gradient) in steps[task.step].operands.iter().zip(by_operands) {
                if self.schedule.values[operand].wanted {
                    gradients[operand].push(gradient);
                }
            }
        }
        drop(given);
        self.heap.most.get()
    }

    /// The value of a task, and what it saves for the backward pass.
    fn forward(&self, i: usize, task: &Task, read: &[Value]) -> (Value, Vec<Value>) {
        let steps = self.plan.steps();
        let (step, size) = (&steps[task.step], steps[task.output].shape.elements());
        let x = read.first().map(Rc::clone);
        if task.kernel != Kernel::Op {
            let library = task.kernel.algorithms().filter(|a| a.forward == ConvAlgorithm::Library);
            let _cast = library.map(|_| self.cast(step));
            return (self.placed(self.schedule.slots.value[i], size), x.into_iter().collect());
        }
        let saved = step.op.traits().saved;
        let value = match x.filter(|_| step.is_view()) {
            Some(x) => x,
            None => self.numbers(size),
        };
        let mut keep: Vec<Value> = Vec::new();
        keep.extend(read.iter().filter(|_| saved.operands).map(Rc::clone));
        keep.extend(saved.value.then(|| Rc::clone(&value)));
        keep.extend(saved.noise.then(|| self.numbers(size)));
        keep.extend(
            saved
                .indices
                .then(|| self.allocate(size.saturating_mul(self.load.images).saturating_mul(8))),
        );
        keep.extend(matches!(step.op, Op::Conv(_) | Op::Linear(_)).then(|| self.cast(step)));
        (value, keep)
    }

    /// The gradients with respect to the operands of a task's op.
    fn backward(
        &self,
        i: usize,
        task: &Task,
        mut parts: Vec<Value>,
        kept: Vec<Value>,
    ) -> Vec<Value> {
        let step = &self.plan.steps()[task.step];
        let sizes = step.operand_shapes.iter().map(|shape| shape.elements());
        let norm = task.kernel == Kernel::NormAct;
        while parts.len() > if norm { 2 } else { 1 }
            && let (Some(_a), Some(_b)) = (parts.pop(), parts.pop())
        {
            parts.push(self.numbers(self.plan.steps()[task.output].shape.elements()));
        }
        if norm && self.schedule.in_place(self.plan, i) {
            return kept;
        }
        if let Some(ConvAlgorithms { input, weights, .. }) = task.kernel.algorithms() {
            drop(
                (weights == ConvAlgorithm::Library)
                    .then(|| [self.cast(step), self.cast(step), self.sums(step)]),
            );
            let _cast = (input == ConvAlgorithm::Library).then(|| self.cast(step));
            let wanted = self.schedule.values[step.operands[0]].wanted;
            let grad_input = sizes
                .filter(|_| wanted)
                .map(|size| self.placed(self.schedule.slots.gradient[i], size));
            return grad_input.collect();
        }
        match (step.op.traits().alias, parts.first()) {
            (Alias::Gradient | Alias::Flat | Alias::Always, Some(gradient)) => {
                step.operands.iter().map(|_| Rc::clone(gradient)).collect()
            }
            (Alias::Never | Alias::Possible, _) | (_, None) => {
                sizes.map(|size| self.numbers(size)).collect()
            }
        }
    }

    /// The buffers in which libtorch accumulates the weight gradient of a convolution: fp32 per
    /// thread.
    fn sums(&self, step: &Step) -> Value {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        self.allocate(
            step.op.params(&shapes).saturating_mul(4).saturating_mul(self.load.threads as u64),
        )
    }

    /// A copy of an op's weights in the compute precision, if it differs.
    fn cast(&self, step: &Step) -> Value {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let own = matches!(self.load.precision, Precision::Fp32 | Precision::Fp64);
        let width = if own { 0 } else { self.load.precision.bytes() };
        self.allocate(step.op.params(&shapes).saturating_mul(width))
    }
}
