//! What is computed together.

use super::ScheduleOptions;
use crate::graph::Op;
use crate::graph::op::{Activation, MaxPool, Relu};
use crate::lower::{ConvAlgorithms, Optimisation, Plan, Times};
use crate::passes::Purpose;

/// What follows a batch normalisation or a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FusedOps {
    /// What is below 0 becomes 0.
    pub relu: bool,
    /// The largest of each 2 x 2 pixels; height and width are even.
    pub pool: bool,
}

/// One op of the plan, and what follows it without a pass over memory of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The op's step in the plan.
    pub step: usize,
    /// What follows it.
    pub after: FusedOps,
    /// The step whose value is added last.
    pub add: Option<usize>,
    /// The step whose value comes out.
    pub output: usize,
    /// The steps that are taken along.
    pub along: Vec<usize>,
    /// What computes it.
    pub kernel: Kernel,
}

/// What computes a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// A convolution of images, in each direction by an algorithm, with what follows it.
    Conv {
        /// The algorithms.
        algorithms: ConvAlgorithms,
        /// Why these, where they were timed.
        times: Option<Times>,
    },
    /// A batch normalisation by the batch's own statistics, with what follows it.
    NormAct,
    /// The op alone, as libtorch computes it.
    Op,
}

impl Kernel {
    /// The algorithms of a convolution.
    pub fn algorithms(&self) -> Option<ConvAlgorithms> {
        match self {
            Kernel::Conv { algorithms, .. } => Some(*algorithms),
            Kernel::NormAct | Kernel::Op => None,
        }
    }

    /// How long they took, where they were timed.
    pub fn times(&self) -> Option<Times> {
        match self {
            Kernel::Conv { times, .. } => *times,
            Kernel::NormAct | Kernel::Op => None,
        }
    }
}

impl Task {
    /// The steps whose values it reads.
    pub fn operands(&self, plan: &Plan) -> Vec<usize> {
        plan.steps()[self.step].operands.iter().copied().chain(self.add).collect()
    }

    /// Whether something follows the op.
    pub fn fused(&self) -> bool {
        self.output != self.step
    }
}

/// The tasks of a plan but for its input, in an order in which they can run. With the kernels, ops
/// that follow a batch normalisation while training, or a convolution in evaluation, are taken
/// along.
pub(super) fn tasks(plan: &Plan, means: ScheduleOptions<'_>) -> Vec<Task> {
    let steps = plan.steps();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        step.operands.iter().for_each(|&operand| readers[operand].push(i));
    }
    let mut covered = vec![false; steps.len()];
    let mut tasks = Vec::new();
    for (i, step) in steps.iter().enumerate().skip(1) {
        if covered[i] {
            continue;
        }
        let image = means.kernels && step.shape.image().is_some();
        let norm = image
            && means.purpose == Purpose::Training
            && matches!(step.op, Op::BatchNorm(_))
            && !means.without.has(Optimisation::Norm);
        let leads = norm
            || (image && means.purpose == Purpose::Evaluation && matches!(step.op, Op::Conv(_)));
        let mut task = Task {
            step: i,
            after: FusedOps::default(),
            add: None,
            output: i,
            along: Vec::new(),
            kernel: if norm { Kernel::NormAct } else { Kernel::Op },
        };
        while leads
            && let [next] = readers[task.output][..]
            && !covered[next]
            && extend(&mut task, plan, means, next)
        {
            covered[next] = true;
        }
        tasks.push(task);
    }
    // A task stands where its last op stood: there all that it reads has been computed.
    tasks.sort_by_key(|task| task.output);
    tasks
}

/// Takes the only reader of a task's output along, if it can.
fn extend(task: &mut Task, plan: &Plan, means: ScheduleOptions<'_>, next: usize) -> bool {
    let step = &plan.steps()[next];
    let last = task.add.is_some();
    let used = |saving| !last && !means.without.has(saving);
    match &step.op {
        Op::Activation(Activation::Relu(Relu { max: None }))
            if used(Optimisation::Relu) && !task.after.relu =>
        {
            task.after.relu = true
        }
        Op::MaxPool(pool)
            if used(Optimisation::Pool)
                && !task.after.pool
                && halves(pool, &step.operand_shapes[0]) =>
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
    task.along.push(next);
    true
}

fn halves(pool: &MaxPool, of: &crate::graph::Shape) -> bool {
    let window = &pool.0;
    let even = of.image().is_some_and(|[_, h, w]| h % 2 == 0 && w % 2 == 0);
    even && window.kernel == [2, 2] && window.stride == [2, 2] && window.pad == [0, 0]
}
