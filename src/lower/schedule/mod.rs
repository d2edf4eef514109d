//! A net's step before any tensor is there: what is computed together (`fuse`), how, what shares
//! memory (`memory`), and how much memory that takes ([`footprint`](Schedule::footprint)). Pure.

mod footprint;
mod fuse;
mod memory;

use super::{ConvAlgorithm, ConvAlgorithms, Disabled, Optimisation, Plan, Times};
use crate::graph::Op;
use crate::graph::op::Conv;
use crate::passes::Purpose;

pub use footprint::{Footprint, Workload, tile};
pub use fuse::{FusedOps, Kernel, Task};
pub use memory::Slots;

/// The tasks of a step, and what is known of the values between them.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// In an order in which they can run.
    pub tasks: Vec<Task>,
    /// Forward and backward, or forward alone.
    pub purpose: Purpose,
    /// For each step of the plan, what is known of its value.
    pub values: Vec<Facts>,
    /// Where values and gradients lie that kernels write.
    pub slots: Slots,
}

/// What is known of a step's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether a trained weight has a part in it, so that its gradient is wanted.
    pub wanted: bool,
    /// How many tasks read it.
    pub readers: usize,
    /// The task that reads it last.
    pub last_reader: Option<usize>,
}

/// What a schedule is made with.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleOptions<'a> {
    /// What the step is for.
    pub purpose: Purpose,
    /// Whether netc's own kernels compute.
    pub kernels: bool,
    /// What is not used.
    pub without: &'a Disabled,
}

impl Schedule {
    /// Schedules a plan. `choose` says how a convolution of images of `[channels, height, width]`
    /// is computed, and why if it was timed.
    ///
    /// # Errors
    /// Those of `choose`.
    pub fn new<E>(
        plan: &Plan,
        means: ScheduleOptions<'_>,
        mut choose: impl FnMut(&Conv, [u64; 3]) -> Result<(ConvAlgorithms, Option<Times>), E>,
    ) -> Result<Schedule, E> {
        let steps = plan.steps();
        let mut tasks = fuse::tasks(plan, means);
        let mut values = vec![Facts { wanted: false, readers: 0, last_reader: None }; steps.len()];
        for (i, task) in tasks.iter_mut().enumerate() {
            let step = &steps[task.step];
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            let mut wanted = step.op.tensors(&shapes).iter().any(|tensor| tensor.trained);
            for operand in task.operands(plan) {
                let facts = &mut values[operand];
                wanted |= facts.wanted;
                *facts = Facts { readers: facts.readers + 1, last_reader: Some(i), ..*facts };
            }
            values[task.output].wanted = wanted;
            if let (Op::Conv(op), true, Some(image)) =
                (&step.op, means.kernels, shapes.first().and_then(|shape| shape.image()))
            {
                let (algorithms, times) = match suits(op) {
                    true => choose(op, image)?,
                    false => (ConvAlgorithms::all(ConvAlgorithm::Library), None),
                };
                task.kernel = Kernel::Conv { algorithms, times };
            }
        }
        let mut schedule =
            Schedule { tasks, purpose: means.purpose, values, slots: Slots::default() };
        schedule.slots = schedule.share(plan, means);
        Ok(schedule)
    }

    /// Slots for the values and gradients that kernels write.
    fn share(&self, plan: &Plan, means: ScheduleOptions<'_>) -> Slots {
        let none = vec![None; self.tasks.len()];
        let mut slots = Slots { value: none.clone(), gradient: none, sizes: Vec::new() };
        if !means.without.has(Optimisation::Memory) {
            let writes = |i| (self.writes_value(plan, means, i), self.writes_gradient(plan, i));
            memory::share(plan, self, writes, &mut slots);
        }
        slots
    }

    /// Whether a kernel writes a task's value.
    fn writes_value(&self, plan: &Plan, means: ScheduleOptions<'_>, i: usize) -> bool {
        let (task, step) = (&self.tasks[i], &plan.steps()[self.tasks[i].step]);
        if !means.kernels || step.shape.image().is_none() {
            return false;
        }
        match task.kernel {
            Kernel::Conv { algorithms, .. } => {
                algorithms.forward != ConvAlgorithm::Library || task.fused()
            }
            Kernel::NormAct => true,
            Kernel::Op => false,
        }
    }

    /// The operand whose gradient a kernel of task `i` writes.
    fn writes_gradient(&self, plan: &Plan, i: usize) -> Option<usize> {
        let operand = *plan.steps()[self.tasks[i].step].operands.first()?;
        let own = self.tasks[i].kernel.algorithms()?.input != ConvAlgorithm::Library;
        (own && self.values[operand].wanted && self.purpose == Purpose::Training).then_some(operand)
    }

    /// Whether the gradient that task `i`, a batch normalisation, computes may take the place of
    /// its operand: a convolution wrote it for this task alone.
    pub fn in_place(&self, plan: &Plan, i: usize) -> bool {
        let steps = plan.steps();
        let operand = steps[self.tasks[i].step].operands.first();
        operand.is_some_and(|&x| self.values[x].readers == 1 && matches!(steps[x].op, Op::Conv(_)))
    }
}

/// Whether Winograd's algorithm computes this convolution of images.
fn suits(op: &Conv) -> bool {
    let plain =
        op.kernel == [3, 3] && op.stride == [1, 1] && op.pad == [1, 1] && op.dilation == [1, 1];
    plain && op.groups == 1
}
