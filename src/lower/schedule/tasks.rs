//! The tasks of a schedule: ops and what is fused into them, each with its kernel.

use super::activations::{CpuActivation, in_kernels};
use crate::graph::op::{Activation, MaxPool, Relu};
use crate::graph::{Op, Shape};
use crate::lower::{ConvAlgorithms, Disabled, Optimisation, Plan, Reason};
use crate::passes::Purpose;

/// The options of a schedule.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleOptions<'a> {
    /// What the step is for.
    pub purpose: Purpose,
    /// netc's own kernels that are used.
    pub kernels: KernelSet,
    /// The disabled optimisations.
    pub without: &'a Disabled,
}

/// netc's own kernels, by the device that they run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelSet {
    /// None: libtorch computes everything.
    None,
    /// Those for CPUs: convolutions, batch normalisation, and what is fused into them.
    Cpu,
    /// Those for GPUs: batch normalisation, what is fused into it or into a convolution, and max
    /// pools.
    Cuda,
}

impl KernelSet {
    /// Whether an activation can be fused into the op before it.
    fn fuses(self, activation: Activation) -> bool {
        let others = match self {
            KernelSet::None => false,
            KernelSet::Cpu => in_kernels(activation).cpu.is_some(),
            KernelSet::Cuda => in_kernels(activation).gpu.is_some(),
        };
        others || matches!(activation, Activation::Relu(_))
    }

    /// Whether an activation that can be fused may stand after a fused max pool, ahead of which it
    /// is computed on GPUs.
    fn after_pool(self, activation: Activation) -> bool {
        match self {
            KernelSet::Cuda => Op::Activation(activation).traits().monotone,
            KernelSet::None | KernelSet::Cpu => matches!(activation, Activation::Relu(_)),
        }
    }

    /// Whether a max pool can be fused after what is fused already. Those for CPUs pool ahead of
    /// the activation.
    fn pools(self, after: FusedOps) -> bool {
        !after.pool && (self != KernelSet::Cpu || !after.beyond_relu())
    }
}

/// The ops fused into a batch normalisation or a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FusedOps {
    /// An activation.
    pub activation: Option<Activation>,
    /// A 2 x 2 max pool after it; height and width are even.
    pub pool: bool,
}

impl FusedOps {
    /// The ReLU, if the activation is one.
    pub fn relu(&self) -> Option<Relu> {
        match self.activation {
            Some(Activation::Relu(relu)) => Some(relu),
            _ => None,
        }
    }

    /// Whether there is another activation than a ReLU.
    pub fn beyond_relu(&self) -> bool {
        self.activation.is_some() && self.relu().is_none()
    }

    /// The bounds that a ReLU clamps to; infinite without one.
    pub fn clamp(&self) -> [f32; 2] {
        match self.relu() {
            Some(Relu { max }) => [0.0, max.map_or(f32::INFINITY, |max| max as f32)],
            None => [f32::NEG_INFINITY, f32::INFINITY],
        }
    }

    /// The activation, if the kernels for CPUs have it, and it is not a ReLU.
    pub fn on_cpu(&self) -> Option<CpuActivation> {
        self.activation.and_then(|activation| in_kernels(activation).cpu)
    }
}

/// An op of the plan and the ops fused into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The op's step in the plan.
    pub step: usize,
    /// The fused activation and pooling.
    pub after: FusedOps,
    /// The step whose value is added at the end.
    pub add: Option<usize>,
    /// The step whose value is the output.
    pub output: usize,
    /// The fused steps.
    pub fused: Vec<usize>,
    /// The kernel.
    pub kernel: Kernel,
    /// Whether it is a convolution or a pool by a kernel of netc's that sums its output up for the
    /// batch normalisation that is the next task.
    pub sums: bool,
}

/// The kernel of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// A convolution of images with an algorithm for each direction, and the ops fused into it.
    Conv {
        /// The algorithms.
        algorithms: ConvAlgorithms,
        /// Why these.
        reason: Reason,
    },
    /// A batch normalisation with batch statistics, and the ops fused into it.
    NormAct,
    /// A 2 x 2 max pool, which finds the maxima again in the backward pass.
    MaxPool,
    /// A single op, computed by libtorch.
    Op,
}

impl Kernel {
    /// The algorithms of a convolution.
    pub fn algorithms(&self) -> Option<ConvAlgorithms> {
        match self {
            Kernel::Conv { algorithms, .. } => Some(*algorithms),
            Kernel::NormAct | Kernel::MaxPool | Kernel::Op => None,
        }
    }

    /// Why these.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Kernel::Conv { reason, .. } => Some(reason),
            Kernel::NormAct | Kernel::MaxPool | Kernel::Op => None,
        }
    }
}

impl Task {
    /// The operands of the task.
    pub fn operands(&self, plan: &Plan) -> Vec<usize> {
        plan.steps()[self.step].operands.iter().copied().chain(self.add).collect()
    }

    /// Whether anything is fused into the op.
    pub fn is_fused(&self) -> bool {
        self.output != self.step
    }
}

/// The tasks of a plan without its input, in execution order. With the kernels, ops are fused into
/// a batch normalisation in training, or into a convolution in evaluation.
pub(super) fn tasks(plan: &Plan, options: ScheduleOptions<'_>) -> Vec<Task> {
    let steps = plan.steps();
    let readers = plan.readers();
    let mut covered = vec![false; steps.len()];
    let mut tasks = Vec::new();
    for (i, step) in steps.iter().enumerate().skip(1) {
        if covered[i] {
            continue;
        }
        let image = options.kernels != KernelSet::None && step.shape.image().is_some();
        let training = image && options.purpose == Purpose::Training;
        let norm = training
            && matches!(step.op, Op::BatchNorm(_))
            && !step.frozen
            && !options.without.has(Optimisation::Norm);
        let pools = training && !options.without.has(Optimisation::Pool);
        let leads = norm
            || (image && options.purpose == Purpose::Evaluation && matches!(step.op, Op::Conv(_)));
        let mut task = Task {
            step: i,
            after: FusedOps::default(),
            add: None,
            output: i,
            fused: Vec::new(),
            sums: false,
            kernel: match &step.op {
                Op::BatchNorm(_) if norm => Kernel::NormAct,
                Op::MaxPool(pool) if pools && is_2x2_pool(pool, &step.operand_shapes[0]) => {
                    Kernel::MaxPool
                }
                _ => Kernel::Op,
            },
        };
        while leads
            && let [next] = readers[task.output][..]
            && !covered[next]
            && fuse(&mut task, plan, options, next)
        {
            covered[next] = true;
        }
        tasks.push(task);
    }
    // A task runs at the place of its last op, where all of its operands have been computed.
    tasks.sort_by_key(|task| task.output);
    tasks
}

/// Fuses the only reader of a task's output, if possible.
fn fuse(task: &mut Task, plan: &Plan, options: ScheduleOptions<'_>, next: usize) -> bool {
    let step = &plan.steps()[next];
    let last = task.add.is_some();
    let used = |saving| !last && !options.without.has(saving);
    match &step.op {
        Op::Activation(activation)
            if used(Optimisation::Relu)
                && task.after.activation.is_none()
                && options.kernels.fuses(*activation)
                && (!task.after.pool || options.kernels.after_pool(*activation)) =>
        {
            task.after.activation = Some(*activation);
        }
        Op::MaxPool(pool)
            if used(Optimisation::Pool)
                && options.kernels.pools(task.after)
                && halves(&step.operand_shapes[0])
                && is_2x2_pool(pool, &step.operand_shapes[0]) =>
        {
            task.after.pool = true;
        }
        Op::Add(_) if used(Optimisation::Add) => match step.operands[..] {
            [a, b] if a != b => task.add = Some(if a == task.output { b } else { a }),
            _ => return false,
        },
        _ => return false,
    }
    task.output = next;
    task.fused.push(next);
    true
}

/// Whether a pool takes windows of 2 x 2 side by side, and drops the last row or column of an odd
/// size.
fn is_2x2_pool(pool: &MaxPool, of: &Shape) -> bool {
    let window = &pool.0;
    let drops = halves(of) || !window.ceil;
    drops && window.kernel == [2, 2] && window.stride == [2, 2] && window.pad == [0, 0]
}

/// Whether height and width of an image are even.
fn halves(image: &Shape) -> bool {
    image.image().is_some_and(|[_, h, w]| h % 2 == 0 && w % 2 == 0)
}
