//! Which values share a piece of memory.
//!
//! Time counts tasks: forward from 0, then backward, the last task first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::Schedule;
use crate::graph::Op;
use crate::graph::op::Traits;
use crate::lower::Plan;
use crate::passes::Purpose;

/// Pieces of memory that values and gradients take in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// For each task, the slot of its value.
    pub value: Vec<Option<usize>>,
    /// For each task, the slot of the gradient by its first operand.
    pub gradient: Vec<Option<usize>>,
    /// How many numbers each holds for one example.
    pub sizes: Vec<u64>,
}

/// When something is in memory, in tasks, both ends included, and how large it is for one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    from: usize,
    to: usize,
    size: u64,
}

/// Gives slots to what kernels write: `writes` says of a task whether that is its value, and the
/// operand whose gradient it is.
pub(super) fn share(
    plan: &Plan,
    schedule: &Schedule,
    writes: impl Fn(usize) -> (bool, Option<usize>),
    slots: &mut Slots,
) {
    let steps = plan.steps();
    let lifetimes = lifetimes(plan, schedule);
    let (mut intervals, mut of) = (Vec::new(), Vec::new());
    for (i, task) in schedule.tasks.iter().enumerate() {
        let (value, gradient) = writes(i);
        if value {
            let to = lifetimes.value[task.output].max(i);
            intervals.push(Interval { from: i, to, size: steps[task.output].shape.elements() });
            of.push((i, true));
        }
        if let Some(operand) = gradient {
            let (from, to) = (2 * schedule.tasks.len() - 1 - i, lifetimes.gradient[operand]);
            intervals.push(Interval { from, to, size: steps[operand].shape.elements() });
            of.push((i, false));
        }
    }
    let (slot_of, sizes) = fit(&intervals);
    for ((task, value), slot) in of.into_iter().zip(slot_of) {
        let place = if value { &mut slots.value } else { &mut slots.gradient };
        place[task] = Some(slot);
    }
    slots.sizes = sizes;
}

/// When values and gradients of a step live.
#[derive(Debug)]
struct Lifetimes {
    /// The last time at which the value of a step is read, by itself or as part of what is made of
    /// it without a copy.
    value: Vec<usize>,
    /// The last time at which the gradient by the value of a step is read, likewise.
    gradient: Vec<usize>,
}

fn lifetimes(plan: &Plan, schedule: &Schedule) -> Lifetimes {
    let (steps, tasks) = (plan.steps(), &schedule.tasks);
    let backward = schedule.purpose == Purpose::Training;
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
            // Its gradient takes its place.
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

/// A slot for each interval, and the size of each slot for one example.
fn fit(intervals: &[Interval]) -> (Vec<usize>, Vec<u64>) {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    order.sort_by_key(|&i| (intervals[i].from, Reverse(intervals[i].size)));
    let mut slot_of = vec![0; intervals.len()];
    let mut sizes: Vec<u64> = Vec::new();
    // Slots in use by the time at which they are free again; free ones by size.
    let (mut used, mut free) = (BinaryHeap::new(), BTreeSet::new());
    for i in order {
        let Interval { from, to, size } = intervals[i];
        while let Some(&Reverse((at, slot))) = used.peek()
            && at <= from
        {
            used.pop();
            free.insert((sizes[slot], slot));
        }
        // The smallest that is large enough, else the largest, which grows.
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
