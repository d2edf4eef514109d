//! The schedule of a net's step, made before any tensor exists: which ops are fused (`fuse`), the
//! kernels, which values share memory (`memory`), and the total memory
//! ([`footprint`](Schedule::footprint)). Pure.

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

/// The tasks of a step, and facts about the values between them.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The tasks, in execution order.
    pub tasks: Vec<Task>,
    /// Forward and backward, or forward only.
    pub purpose: Purpose,
    /// Facts about the value of each step of the plan.
    pub values: Vec<Facts>,
    /// The memory of the values and gradients that kernels write.
    pub slots: Slots,
}

/// Facts about a step's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether it depends on a trained weight, so that its gradient is needed.
    pub wanted: bool,
    /// The number of tasks that read it.
    pub readers: usize,
    /// The task that reads it last.
    pub last_reader: Option<usize>,
}

/// The options of a schedule.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleOptions<'a> {
    /// What the step is for.
    pub purpose: Purpose,
    /// Whether netc's own kernels are used.
    pub kernels: bool,
    /// The disabled optimisations.
    pub without: &'a Disabled,
}

impl Schedule {
    /// Schedules a plan. `choose` returns the algorithms for a convolution of `[channels, height,
    /// width]`, with the timings if it was timed.
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

    /// Plans the memory of the values and gradients that kernels write.
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

    /// The operand whose gradient is written by the kernel of task `i`.
    fn writes_gradient(&self, plan: &Plan, i: usize) -> Option<usize> {
        let operand = *plan.steps()[self.tasks[i].step].operands.first()?;
        let own = self.tasks[i].kernel.algorithms()?.input != ConvAlgorithm::Library;
        (own && self.values[operand].wanted && self.purpose == Purpose::Training).then_some(operand)
    }

    /// Whether the gradient of task `i`, a batch normalisation, may overwrite its operand: the
    /// operand is the value of a convolution with no other reader.
    pub fn in_place(&self, plan: &Plan, i: usize) -> bool {
        let steps = plan.steps();
        let operand = steps[self.tasks[i].step].operands.first();
        operand.is_some_and(|&x| self.values[x].readers == 1 && matches!(steps[x].op, Op::Conv(_)))
    }
}

/// Whether Winograd's algorithm applies to this convolution.
fn suits(op: &Conv) -> bool {
    let plain =
        op.kernel == [3, 3] && op.stride == [1, 1] && op.pad == [1, 1] && op.dilation == [1, 1];
    plain && op.groups == 1
}
