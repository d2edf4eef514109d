use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::nest::Nest;
use super::{Activity, TraceEvent};

/// The name of what a CPU computes in a range outside libtorch's ops: netc's own kernels.
pub const OUTSIDE: &str = "outside libtorch's ops";

/// What a device executed: a kernel of a GPU, or an op on a CPU. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution<'e> {
    /// The name of the kernel or op.
    pub name: &'e str,
    /// When it began.
    pub start: u64,
    /// When it ended.
    pub end: u64,
    /// How long it took, without what was executed inside it.
    pub own: u64,
    /// The innermost range in which it was launched.
    pub range: Option<&'e str>,
}

impl<'e> Execution<'e> {
    /// The kernels of a GPU. The range of each is that in which the launch with its number began,
    /// of a kernel without such a launch that of its op, and without an op the range of all other
    /// kernels of its name, if they have one in common.
    pub fn kernels(events: &'e [TraceEvent]) -> Vec<Execution<'e>> {
        let of = |activity| events.iter().filter(move |event| event.activity == activity);
        let starts = |activity| -> HashMap<u64, u64> {
            of(activity).map(|event| (event.correlation, event.start)).collect()
        };
        let (launches, ops) = (starts(Activity::Launch), starts(Activity::Op));
        // Whichever thread launches: a backward pass has threads of its own.
        let ranges = Nest::new(of(Activity::Range));
        let kernel = |event: &'e TraceEvent| Execution {
            name: &event.name,
            start: event.start,
            end: event.end(),
            own: event.duration,
            range: launches
                .get(&event.correlation)
                .or_else(|| ops.get(&event.op))
                .and_then(|&launched| ranges.at(launched))
                .map(|range| range.name.as_str()),
        };
        let mut kernels: Vec<Execution<'_>> = of(Activity::Kernel).map(kernel).collect();
        let mut known = BTreeMap::<&str, BTreeSet<&str>>::new();
        for kernel in &kernels {
            known.entry(kernel.name).or_default().extend(kernel.range);
        }
        let untold = of(Activity::Kernel).zip(&mut kernels).filter(|(event, _)| {
            !launches.contains_key(&event.correlation) && !ops.contains_key(&event.op)
        });
        for (_, kernel) in untold {
            let found = known.get(kernel.name).filter(|ranges| ranges.len() == 1);
            kernel.range = found.and_then(|ranges| ranges.first().copied());
        }
        kernels
    }

    /// The ops of libtorch on a CPU, and what its ranges compute [outside](OUTSIDE) them.
    pub fn ops(events: &'e [TraceEvent]) -> Vec<Execution<'e>> {
        let mut threads = BTreeMap::<i64, Vec<&TraceEvent>>::new();
        for event in events {
            if matches!(event.activity, Activity::Op | Activity::Range) {
                threads.entry(event.lane).or_default().push(event);
            }
        }
        let mut ops = Vec::new();
        for thread in threads.into_values() {
            let nest = Nest::new(thread.into_iter());
            let mut ranges = Vec::<Option<&str>>::with_capacity(nest.events.len());
            for ((event, parent), own) in nest.events.iter().zip(&nest.parents).zip(nest.own()) {
                let is_range = event.activity == Activity::Range;
                let around = parent.and_then(|parent| ranges[parent]);
                let range = if is_range { Some(event.name.as_str()) } else { around };
                ranges.push(range);
                let name = if is_range { OUTSIDE } else { &event.name };
                ops.push(Execution { name, start: event.start, end: event.end(), own, range });
            }
        }
        ops
    }
}
