//! Which values share a piece of memory. Pure.
//!
//! Time counts tasks: forward from 0, then backward, the last task first.

use super::schedule::Task;
use crate::graph::Op;
use crate::lower::Plan;

/// When something is in memory, in tasks, both ends included, and how large it is for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub from: usize,
    pub to: usize,
    pub size: u64,
}

/// When values and gradients of a training step live.
#[derive(Debug)]
pub(super) struct Lifetimes {
    /// The last time at which the value of a step is read, by itself or as part of what is made of it without a copy.
    pub value: Vec<usize>,
    /// The last time at which the gradient by the value of a step is read, likewise.
    pub gradient: Vec<usize>,
}

/// The lifetimes of all steps of a plan; with `backward`, of a training step.
pub(super) fn lifetimes(plan: &Plan, tasks: &[Task], backward: bool) -> Lifetimes {
    let steps = plan.steps();
    let back = |task: usize| 2 * tasks.len() - 1 - task;
    let mut value = vec![0; steps.len()];
    let mut gradient = vec![2 * tasks.len(); steps.len()];
    for (i, task) in tasks.iter().enumerate().rev() {
        let op = &steps[task.step].op;
        let keeps = keeps(op);
        let own = if backward && keeps { back(i) } else { i };
        value[task.output] = value[task.output].max(own);
        for operand in task.operands(plan) {
            let added = task.add == Some(operand) && !steps[task.step].operands.contains(&operand);
            let read = if backward && keeps && !added { back(i) } else { i };
            let through = if views(op) { value[task.output] } else { 0 };
            value[operand] = value[operand].max(read).max(through);
        }
        if let Some(&x) =
            steps[task.step].operands.first().filter(|_| backward && matches!(op, Op::BatchNorm(_)))
        {
            // Its gradient takes its place.
            let producer = tasks.iter().position(|task| task.output == x);
            value[x] = value[x].max(producer.map_or(0, back));
        }
    }
    for (i, task) in tasks.iter().enumerate() {
        let passed = task.operands(plan).into_iter().filter(|operand| {
            let first = steps[task.step].operands.contains(operand);
            if first { passes(&steps[task.step].op) } else { true }
        });
        let on = passed.map(|operand| gradient[operand]).filter(|&at| at < 2 * tasks.len()).max();
        gradient[task.output] = back(i).max(on.unwrap_or(0));
    }
    Lifetimes { value, gradient }
}

/// A slot for each interval, and the size of each slot for one example.
pub(super) fn slots(intervals: &[Interval]) -> (Vec<usize>, Vec<u64>) {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    order.sort_by_key(|&i| (intervals[i].from, std::cmp::Reverse(intervals[i].size)));
    let mut slot_of = vec![0; intervals.len()];
    let (mut sizes, mut free_from): (Vec<u64>, Vec<usize>) = (Vec::new(), Vec::new());
    for i in order {
        let Interval { from, to, size } = intervals[i];
        let free = (0..sizes.len()).filter(|&slot| free_from[slot] <= from);
        // The smallest that is large enough, else the largest, which grows.
        let best = free.min_by_key(|&slot| match sizes[slot] >= size {
            true => (0, sizes[slot]),
            false => (1, u64::MAX - sizes[slot]),
        });
        let slot = best.unwrap_or_else(|| {
            sizes.push(0);
            free_from.push(0);
            sizes.len() - 1
        });
        sizes[slot] = sizes[slot].max(size);
        free_from[slot] = to + 1;
        slot_of[i] = slot;
    }
    (slot_of, sizes)
}

/// Whether the backward direction of an op needs its operands or its value.
fn keeps(op: &Op) -> bool {
    match op {
        Op::Input(_) | Op::Identity(_) | Op::Add(_) | Op::Scale(_) | Op::Concat(_) | Op::Flatten(_) => false,
        Op::Conv(_)
        | Op::Linear(_)
        | Op::BatchNorm(_)
        | Op::Relu(_)
        | Op::Gelu(_)
        | Op::Celu(_)
        | Op::Silu(_)
        | Op::Sigmoid(_)
        | Op::Softmax(_)
        | Op::Dropout(_)
        | Op::MaxPool(_)
        | Op::AvgPool(_)
        | Op::GlobalMaxPool(_)
        | Op::GlobalAvgPool(_)
        | Op::Mul(_)
        | Op::Pad(_)
        | Op::Upsample(_) => true,
    }
}

/// Whether the value may be the operand's memory seen in another way.
fn views(op: &Op) -> bool {
    matches!(op, Op::Identity(_) | Op::Flatten(_) | Op::Dropout(_) | Op::Pad(_))
}

/// Whether the gradient by an operand may be the memory of that by the value.
fn passes(op: &Op) -> bool {
    views(op) || matches!(op, Op::Add(_) | Op::Concat(_))
}
