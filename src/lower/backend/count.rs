//! The back end that computes nothing and counts the memory that a step takes.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use serde::Serialize;

use super::{Backend, ForwardPass};
use crate::graph::op::Alias;
use crate::graph::{Op, Shape};
use crate::lower::cpu::{Features, PARTS, library_convolves_bf16};
use crate::lower::schedule::{Kernel, KernelSet, Schedule};
use crate::lower::winograd::{
    Dims, ForwardBlocking, PANEL, PackedWeights, WeightGradBlocking, panels,
};
use crate::lower::{
    ConvAlgorithm, ConvAlgorithms, ConvDirection, ConvKernel, Plan, Precision, Step, Workload,
};

/// The peak memory of a training step, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Footprint {
    /// Weights and running statistics.
    pub weights: u64,
    /// Gradients with respect to the weights, and the optimiser's velocities.
    pub training: u64,
    /// Transformed weights for Winograd convolutions; on a GPU, the weights in 16 bits.
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
    /// The memory of a training step with this schedule, on a CPU with these features if on one.
    pub fn footprint(&self, plan: &Plan, load: Workload, features: Features) -> Footprint {
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
        let (packed, workspace) = match self.kernels {
            KernelSet::Cuda => (copies(plan, load.precision), 0),
            KernelSet::Cpu | KernelSet::None => self.transformed(plan, load, features),
        };
        let numbers = self.slots.sizes.iter().fold(0u64, |sum, &size| sum.saturating_add(size));
        Footprint {
            weights: all,
            training: trained.saturating_mul(2),
            packed,
            workspace,
            slots: numbers.saturating_mul(load.images).saturating_mul(width),
            passing: Count::new(self, plan, load, features).peak(),
        }
    }

    /// Bytes of the transformed weights and of the workspaces, each buffer of which is as large as
    /// the largest task needs.
    fn transformed(&self, plan: &Plan, load: Workload, features: Features) -> (u64, u64) {
        let bf16 = load.precision == Precision::Bf16 && features.contains(Features::AVX512_BF16);
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let mut words = 0u64;
        // Buffers of inputs, products, scales and accumulators, and of an output's sums.
        let mut buffers: [Vec<usize>; 5] = Default::default();
        let mut needs = |kind: usize, count: usize, words: usize| {
            let buffers = &mut buffers[kind];
            buffers.resize(buffers.len().max(count), 0);
            buffers.iter_mut().take(count).for_each(|buffer| *buffer = words.max(*buffer));
        };
        for task in &self.tasks {
            let step = &plan.steps()[task.step];
            let Some([in_channels, height, width]) = step.operand_shapes[0].image() else {
                continue;
            };
            let Some([out_channels, rows, columns]) = step.shape.image() else { continue };
            let sums = |blocks| 3 * blocks * panels(size(out_channels)) * PANEL;
            if task.sums && task.kernel == Kernel::MaxPool {
                needs(4, 1, sums(PARTS));
            }
            let (Some(algorithms), Op::Conv(op)) = (task.kernel.algorithms(), &step.op) else {
                continue;
            };
            let dims = Dims {
                images: size(load.images),
                input: [height, width].map(size),
                output: [rows, columns].map(size),
                in_channels: size(in_channels),
                out_channels: size(out_channels),
            };
            let requires_grad = self.values[step.operands[0]].requires_grad;
            let products = |direction| {
                let kernel = algorithms.of(direction).kernel(op, in_channels, direction)?;
                kernel.products(dims)
            };
            let input = products(ConvDirection::Input).filter(|_| requires_grad);
            let directions = [
                products(ConvDirection::Forward).map(|(by, dims)| (by, by.tile(), dims)),
                input.map(|(by, dims)| (by, by.tile().transposed(), dims.transposed())),
            ];
            for (winograd, tile, dims) in directions.into_iter().flatten() {
                let operand = winograd.operand(bf16);
                let packed = PackedWeights::new(tile, operand, dims.in_channels, dims.out_channels);
                words = words.saturating_add(packed.words as u64);
                let scratch = ForwardBlocking::new(tile, operand, &dims).scratch(tile);
                for (kind, words) in scratch.into_iter().enumerate() {
                    needs(kind, load.threads, words);
                }
            }
            if task.sums {
                let blocks = products(ConvDirection::Forward).map_or(PARTS, |(by, dims)| {
                    ForwardBlocking::new(by.tile(), by.operand(bf16), &dims)
                        .blocks(by.tile(), &dims)
                });
                needs(4, 1, sums(blocks));
            }
            if let Some((winograd, dims)) = products(ConvDirection::Weights) {
                let (tile, operand) = (winograd.tile(), winograd.operand(bf16));
                let cut = WeightGradBlocking::new(tile, operand, &dims);
                let [operands, accumulators] = cut.buffers(tile, &dims, load.threads);
                for (kind, words) in cut.scratch(tile, &dims).into_iter().enumerate() {
                    needs(kind, if kind < 3 { operands } else { accumulators }, words);
                }
            }
        }
        let all = buffers.iter().flatten().fold(0u64, |sum, &n| sum.saturating_add(n as u64));
        (words.saturating_mul(4), all.saturating_mul(4))
    }
}

/// Bytes of the 16-bit copies of weights that products are computed with.
fn copies(plan: &Plan, precision: Precision) -> u64 {
    if !matches!(precision, Precision::Fp16 | Precision::Bf16) {
        return 0;
    }
    let multiplies = |step: &&Step| matches!(step.op, Op::Conv(_) | Op::Linear(_));
    plan.steps().iter().filter(multiplies).map(|step| params(step).saturating_mul(2)).sum()
}

/// Elements of an op's trained weights.
fn params(step: &Step) -> u64 {
    step.op.params(&step.operand_shapes.iter().collect::<Vec<_>>())
}

/// The current and the peak allocation.
#[derive(Debug, Default)]
struct Heap {
    live: Cell<u64>,
    most: Cell<u64>,
}

/// The memory of a tensor. Views are clones of the reference.
struct Allocation {
    bytes: u64,
    heap: Rc<Heap>,
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.heap.live.set(self.heap.live.get().saturating_sub(self.bytes));
    }
}

type Value = Rc<Allocation>;

/// Sizes in place of tensors.
struct Count<'a> {
    schedule: &'a Schedule,
    plan: &'a Plan,
    load: Workload,
    features: Features,
    heap: Rc<Heap>,
}

impl<'a> Count<'a> {
    fn new(
        schedule: &'a Schedule,
        plan: &'a Plan,
        load: Workload,
        features: Features,
    ) -> Count<'a> {
        Count { schedule, plan, load, features, heap: Rc::default() }
    }

    /// The peak of a training step.
    fn peak(mut self) -> u64 {
        let elements = |step: Option<&Step>| step.map_or(0, |step| step.shape.elements());
        let (steps, schedule) = (self.plan.steps(), self.schedule);
        let input = elements(steps.first());
        let given = self.allocate(input.saturating_mul(self.load.images).saturating_mul(4));
        let cast = self.load.precision != Precision::Fp32;
        let images = if cast { self.numbers(input) } else { Rc::clone(&given) };
        let plan = self.plan;
        let Ok(ForwardPass { output, saved }) = schedule.forward(plan, &mut self, images);
        drop(output);
        let gradient = self.numbers(elements(steps.last()));
        let Ok(()) = schedule.backward(plan, &mut self, gradient, saved);
        self.heap.most.get()
    }

    fn allocate(&self, bytes: u64) -> Value {
        let live = self.heap.live.get().saturating_add(bytes);
        self.heap.live.set(live);
        self.heap.most.set(self.heap.most.get().max(live));
        Rc::new(Allocation { bytes, heap: Rc::clone(&self.heap) })
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

    /// The buffers in which libtorch accumulates the weight gradient of a convolution: fp32 per
    /// thread.
    fn sums(&self, step: &Step) -> Value {
        let threads =
            if self.schedule.kernels == KernelSet::Cuda { 0 } else { self.load.threads as u64 };
        self.allocate(params(step).saturating_mul(4).saturating_mul(threads))
    }

    /// If libtorch convolves fp32 copies: that of the output or of its gradient, and so many as
    /// large as the input.
    fn widened(&self, step: &Step, inputs: u64) -> Value {
        let input: u64 = step.operand_shapes.iter().map(Shape::elements).sum();
        let copied = input.saturating_mul(inputs).saturating_add(step.shape.elements());
        let widens = match (&step.op, step.operand_shapes[0].image()) {
            (Op::Conv(op), Some([.., columns])) => {
                self.load.precision == Precision::Bf16
                    && self.schedule.kernels != KernelSet::Cuda
                    && !library_convolves_bf16(self.features, op, columns)
            }
            _ => false,
        };
        let elements = if widens { copied } else { 0 };
        self.allocate(elements.saturating_mul(self.load.images).saturating_mul(4))
    }

    /// The patches of a convolution, where a direction is computed from them.
    fn patches(&self, step: &Step, algorithms: ConvAlgorithms, direction: ConvDirection) -> Value {
        let count = || {
            let (Op::Conv(op), [channels, ..]) = (&step.op, step.operand_shapes[0].image()?) else {
                return None;
            };
            let [_, rows, columns] = step.shape.image()?;
            match algorithms.of(direction).kernel(op, channels, direction)? {
                ConvKernel::Im2col(of) => Some(rows * columns * of.depth() as u64),
                ConvKernel::Winograd(_) | ConvKernel::Depthwise(_) => None,
            }
        };
        self.numbers(count().unwrap_or(0))
    }

    /// A copy of an op's weights in the compute precision, if it differs and is not kept.
    fn cast(&self, step: &Step) -> Value {
        let own = matches!(self.load.precision, Precision::Fp32 | Precision::Fp64)
            || self.schedule.kernels == KernelSet::Cuda;
        let width = if own { 0 } else { self.load.precision.bytes() };
        self.allocate(params(step).saturating_mul(width))
    }
}

impl Backend for Count<'_> {
    type Value = Value;
    type Saved = Vec<Value>;
    type Error = Infallible;

    fn share(value: &Value) -> Value {
        Rc::clone(value)
    }

    fn forward(&mut self, i: usize, read: &[Value]) -> Result<(Value, Vec<Value>), Infallible> {
        let (steps, task) = (self.plan.steps(), &self.schedule.tasks[i]);
        let (step, size) = (&steps[task.step], steps[task.output].shape.elements());
        let x = read.first().map(Rc::clone);
        if task.kernel != Kernel::Op {
            let library = task.kernel.algorithms().filter(|a| a.forward == ConvAlgorithm::Library);
            let _copies = library.map(|_| [self.cast(step), self.widened(step, 1)]);
            let algorithms = task.kernel.algorithms();
            let _patches = algorithms.map(|a| self.patches(step, a, ConvDirection::Forward));
            let value = self.placed(self.schedule.slots.value[i], size);
            return Ok((value, x.into_iter().collect()));
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
        Ok((value, keep))
    }

    fn backward(
        &mut self,
        i: usize,
        mut parts: Vec<Value>,
        saved: Vec<Value>,
    ) -> Result<Vec<Option<Value>>, Infallible> {
        let task = &self.schedule.tasks[i];
        let step = &self.plan.steps()[task.step];
        let sizes = step.operand_shapes.iter().map(|shape| shape.elements());
        let norm = task.kernel == Kernel::NormAct;
        while parts.len() > if norm { 2 } else { 1 }
            && let (Some(_a), Some(_b)) = (parts.pop(), parts.pop())
        {
            parts.push(self.numbers(self.plan.steps()[task.output].shape.elements()));
        }
        if norm && self.schedule.in_place(self.plan, i) {
            return Ok(saved.into_iter().map(Some).collect());
        }
        if let Some(algorithms) = task.kernel.algorithms() {
            let ConvAlgorithms { input, weights, .. } = algorithms;
            drop(self.patches(step, algorithms, ConvDirection::Weights));
            let library = |algorithm| algorithm == ConvAlgorithm::Library;
            let cast = || self.cast(step);
            drop(
                library(weights).then(|| [cast(), cast(), self.sums(step), self.widened(step, 1)]),
            );
            let _copies = library(input).then(|| [cast(), self.widened(step, 2)]);
        }
        if matches!(task.kernel, Kernel::Conv { .. } | Kernel::MaxPool) {
            let requires_grad = self.schedule.values[step.operands[0]].requires_grad;
            let slot = self.schedule.slots.gradient[i];
            let grad_input = sizes.filter(|_| requires_grad).map(|size| self.placed(slot, size));
            return Ok(grad_input.map(Some).collect());
        }
        Ok(match (step.op.traits().alias, parts.first()) {
            (Alias::Gradient | Alias::Flat | Alias::Always, Some(gradient)) => {
                step.operands.iter().map(|_| Some(Rc::clone(gradient))).collect()
            }
            (Alias::Never | Alias::Possible, _) | (_, None) => {
                sizes.map(|size| Some(self.numbers(size))).collect()
            }
        })
    }
}
