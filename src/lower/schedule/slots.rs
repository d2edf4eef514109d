//! Memory planning: which values share a slot.
//!
//! Time counts tasks: forward from 0, then backward, the last task first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::tasks::Task;
use crate::graph::Op;
use crate::graph::op::Traits;
use crate::lower::Plan;
use crate::passes::Purpose;

/// Slots: memory shared by values and gradients with disjoint lifetimes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// For each task, the slot of its value.
    pub value: Vec<Option<usize>>,
    /// For each task, the slot of the gradient with respect to its first operand.
    pub gradient: Vec<Option<usize>>,
    /// The number of elements of each slot per example.
    pub sizes: Vec<u64>,
}

/// The lifetime of a value or gradient, in tasks, inclusive, and its size per example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    from: usize,
    to: usize,
    size: u64,
}

/// Assigns slots to what kernels write: for each task, `writes` says whether they write its value,
/// and for which operand they write the gradient.
pub(super) fn assign(
    plan: &Plan,
    tasks: &[Task],
    purpose: Purpose,
    writes: impl Fn(usize) -> (bool, Option<usize>),
    slots: &mut Slots,
) {
    let steps = plan.steps();
    let lifetimes = lifetimes(plan, tasks, purpose);
    let (mut intervals, mut of) = (Vec::new(), Vec::new());
    for (i, task) in tasks.iter().enumerate() {
        let (value, gradient) = writes(i);
        if value {
            let to = lifetimes.value[task.output].max(i);
            intervals.push(Interval { from: i, to, size: steps[task.output].shape.elements() });
            of.push((i, true));
        }
        if let Some(operand) = gradient {
            let (from, to) = (2 * tasks.len() - 1 - i, lifetimes.gradient[operand]);
            intervals.push(Interval { from, to, size: steps[operand].shape.elements() });
            of.push((i, false));
        }
    }
    let (slot_of, sizes) = best_fit(&intervals);
    for ((task, value), slot) in of.into_iter().zip(slot_of) {
        let place = if value { &mut slots.value } else { &mut slots.gradient };
        place[task] = Some(slot);
    }
    slots.sizes = sizes;
}

/// The lifetimes of values and gradients.
#[derive(Debug)]
struct Lifetimes {
    /// The time of the last read of a step's value, including reads through its views.
    value: Vec<usize>,
    /// The time of the last read of the gradient with respect to a step's value, likewise.
    gradient: Vec<usize>,
}

fn lifetimes(plan: &Plan, tasks: &[Task], purpose: Purpose) -> Lifetimes {
    let steps = plan.steps();
    let backward = purpose == Purpose::Training;
    let back = |task: usize| 2 * tasks.len() - 1 - task;
    let mut producer = vec![None; steps.len()];
    tasks.iter().enumerate().for_each(|(i, task)| producer[task.output] = Some(i));
    let mut value = vec![0; steps.len()];
    let mut gradient = vec![2 * tasks.len(); steps.len()];
    for (i, task) in tasks.iter().enumerate().rev() {
        let op = &steps[task.step].op;
        let Traits { saved, alias, .. } = op.traits();
        let own = if backward && saved.value { back(i) } else { i };
        value[task.output] = value[task.output].max(own);
        for operand in task.operands(plan) {
            let added = task.add == Some(operand) && !steps[task.step].operands.contains(&operand);
            let read = if backward && saved.operands && !added { back(i) } else { i };
            let through = if alias.of_value() { value[task.output] } else { 0 };
            value[operand] = value[operand].max(read).max(through);
        }
        if let Some(&x) =
            steps[task.step].operands.first().filter(|_| backward && matches!(op, Op::BatchNorm(_)))
        {
            // The gradient overwrites it.
            value[x] = value[x].max(producer[x].map_or(0, back));
        }
    }
    for (i, task) in tasks.iter().enumerate() {
        let passed = task.operands(plan).into_iter().filter(|operand| {
            let first = steps[task.step].operands.contains(operand);
            if first { steps[task.step].op.traits().alias.of_gradient() } else { true }
        });
        let on = passed.map(|operand| gradient[operand]).filter(|&at| at < 2 * tasks.len()).max();
        gradient[task.output] = back(i).max(on.unwrap_or(0));
    }
    Lifetimes { value, gradient }
}

/// Assigns a slot to each interval; also returns the size of each slot per example.
fn best_fit(intervals: &[Interval]) -> (Vec<usize>, Vec<u64>) {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    order.sort_by_key(|&i| (intervals[i].from, Reverse(intervals[i].size)));
    let mut slot_of = vec![0; intervals.len()];
    let mut sizes: Vec<u64> = Vec::new();
    // Slots in use, by the time at which they become free; free slots, by size.
    let (mut used, mut free) = (BinaryHeap::new(), BTreeSet::new());
    for i in order {
        let Interval { from, to, size } = intervals[i];
        while let Some(&Reverse((at, slot))) = used.peek()
            && at <= from
        {
            used.pop();
            free.insert((sizes[slot], slot));
        }
        // Best fit: the smallest slot that is large enough, else the largest, which grows.
        let best = free.range((size, 0)..).next().or(free.last()).copied();
        let slot = match best {
            Some(found) => {
                free.remove(&found);
                found.1
            }
            None => {
                sizes.push(0);
                sizes.len() - 1
            }
        };
        sizes[slot] = sizes[slot].max(size);
        used.push(Reverse((to + 1, slot)));
        slot_of[i] = slot;
    }
    (slot_of, sizes)
}
