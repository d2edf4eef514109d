use super::slots::{self, Slots};
use super::tasks::{self, FusedOps, Kernel, KernelSet, ScheduleOptions, Task};
use crate::graph::Op;
use crate::graph::op::Conv;
use crate::lower::{ConvAlgorithm, ConvAlgorithms, ConvDirection, Optimisation, Plan, Reason};
use crate::passes::Purpose;

/// The tasks of a step, and facts about the values between them.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The tasks, in execution order.
    pub tasks: Vec<Task>,
    /// Forward and backward, or forward only.
    pub purpose: Purpose,
    /// netc's own kernels that are used.
    pub kernels: KernelSet,
    /// Of the value of each step of the plan.
    pub values: Vec<ValueInfo>,
    /// The memory of the values and gradients that kernels write.
    pub slots: Slots,
}

/// What the backward pass and the memory plan need to know of a step's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueInfo {
    /// Whether it depends on a trained weight, so that its gradient is needed.
    pub requires_grad: bool,
    /// The number of tasks that read it.
    pub readers: usize,
    /// The task that reads it last.
    pub last_reader: Option<usize>,
}

/// What a step needs of a convolution.
#[derive(Debug, Clone)]
pub struct ConvUse {
    /// What is fused into it.
    pub after: FusedOps,
    /// Whether nothing else is done to its output before a batch normalisation.
    pub normalised: bool,
    /// Its output, and in training the gradients that are needed.
    pub directions: Vec<ConvDirection>,
}

impl Schedule {
    /// Schedules a plan. `choose` returns the algorithms for a convolution of `[channels, height,
    /// width]` and its use, and why these.
    ///
    /// # Errors
    /// Those of `choose`.
    pub fn new<E>(
        plan: &Plan,
        options: ScheduleOptions<'_>,
        mut choose: impl FnMut(&Conv, [u64; 3], ConvUse) -> Result<(ConvAlgorithms, Reason), E>,
    ) -> Result<Schedule, E> {
        let steps = plan.steps();
        let mut tasks = tasks::tasks(plan, options);
        let mut values =
            vec![ValueInfo { requires_grad: false, readers: 0, last_reader: None }; steps.len()];
        let normalised: Vec<bool> =
            (0..tasks.len()).map(|i| is_normalised(&tasks, plan, i)).collect();
        for (i, task) in tasks.iter_mut().enumerate() {
            let step = &steps[task.step];
            let shapes: Vec<_> = step.operand_shapes.iter().collect();
            let mut requires_grad = step.is_trained();
            for operand in task.operands(plan) {
                let value = &mut values[operand];
                requires_grad |= value.requires_grad;
                *value = ValueInfo { readers: value.readers + 1, last_reader: Some(i), ..*value };
            }
            values[task.output].requires_grad = requires_grad;
            if let (Op::Conv(op), Some(image)) =
                (&step.op, shapes.first().and_then(|shape| shape.image()))
                && options.kernels != KernelSet::None
            {
                let (algorithms, reason) = match options.kernels == KernelSet::Cpu
                    && ConvAlgorithm::any_applies(op, image[0])
                {
                    true => {
                        let needs = |direction: &ConvDirection| match direction {
                            ConvDirection::Forward => true,
                            _ if options.purpose == Purpose::Evaluation => false,
                            ConvDirection::Input => values[step.operands[0]].requires_grad,
                            ConvDirection::Weights => step.is_trained(),
                        };
                        let directions = ConvDirection::ALL.into_iter().filter(needs).collect();
                        let (after, normalised) = (task.after, normalised[i]);
                        choose(op, image, ConvUse { after, normalised, directions })?
                    }
                    false => (ConvAlgorithms::all(ConvAlgorithm::Library), Reason::Library),
                };
                let forward = ConvDirection::Forward;
                let by_kernel = algorithms.forward.kernel(op, image[0], forward).is_some();
                task.sums = normalised[i] && by_kernel;
                task.kernel = Kernel::Conv { algorithms, reason };
            }
            if task.kernel == Kernel::MaxPool && options.kernels == KernelSet::Cpu {
                task.sums = normalised[i];
            }
        }
        let ScheduleOptions { purpose, kernels, .. } = options;
        let mut schedule = Schedule { tasks, purpose, kernels, values, slots: Slots::default() };
        schedule.slots = schedule.assign_slots(plan, options);
        Ok(schedule)
    }

    /// Plans the memory of the values and gradients that kernels write.
    fn assign_slots(&self, plan: &Plan, options: ScheduleOptions<'_>) -> Slots {
        let none = vec![None; self.tasks.len()];
        let mut slots = Slots { value: none.clone(), gradient: none, sizes: Vec::new() };
        if !options.without.has(Optimisation::Memory) {
            let writes = |i| (self.writes_value(plan, options, i), self.writes_gradient(plan, i));
            slots::assign(plan, &self.tasks, self.purpose, writes, &mut slots);
        }
        slots
    }

    /// Whether a kernel writes a task's value.
    fn writes_value(&self, plan: &Plan, options: ScheduleOptions<'_>, i: usize) -> bool {
        let (task, step) = (&self.tasks[i], &plan.steps()[self.tasks[i].step]);
        if options.kernels == KernelSet::None || step.shape.image().is_none() {
            return false;
        }
        match task.kernel {
            Kernel::Conv { algorithms, .. } => {
                let in_place = self.kernels == KernelSet::Cpu && !task.after.pool;
                algorithms.forward != ConvAlgorithm::Library || (task.is_fused() && !in_place)
            }
            Kernel::NormAct | Kernel::MaxPool => true,
            Kernel::Op => false,
        }
    }

    /// The operand whose gradient is written by the kernel of task `i`.
    fn writes_gradient(&self, plan: &Plan, i: usize) -> Option<usize> {
        let operand = *plan.steps()[self.tasks[i].step].operands.first()?;
        let own = match self.tasks[i].kernel {
            Kernel::Conv { algorithms, .. } => algorithms.input != ConvAlgorithm::Library,
            Kernel::MaxPool => true,
            Kernel::NormAct | Kernel::Op => false,
        };
        (own && self.values[operand].requires_grad && self.purpose == Purpose::Training)
            .then_some(operand)
    }

    /// Whether the gradient of task `i`, a batch normalisation, may overwrite its operand: the
    /// operand is the value of a convolution or a pool, which do not need it, with no other reader.
    pub fn in_place(&self, plan: &Plan, i: usize) -> bool {
        let steps = plan.steps();
        let operand = steps[self.tasks[i].step].operands.first();
        operand.is_some_and(|&x| {
            let read_once = self.values[x].readers == 1;
            read_once && matches!(steps[x].op, Op::Conv(_) | Op::MaxPool(_))
        })
    }
}

/// Whether the next task is a batch normalisation of the output of task `i`, a max pool or a
/// convolution with nothing else done to its output.
fn is_normalised(tasks: &[Task], plan: &Plan, i: usize) -> bool {
    let (task, steps) = (&tasks[i], plan.steps());
    let plain = match &steps[task.step].op {
        Op::Conv(op) => !op.bias && !task.is_fused(),
        _ => task.kernel == Kernel::MaxPool,
    };
    let reads = |next: &&Task| steps[next.step].operands.first() == Some(&task.output);
    let next = tasks.get(i + 1).filter(reads);
    plain && next.is_some_and(|next| next.kernel == Kernel::NormAct)
}
