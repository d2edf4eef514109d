use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::Execution;

const NANO: f64 = 1e-9;
/// The part of a task's time from which on a kernel counts among those that do its work.
const SMALL: f64 = 0.1;

/// The rates that a machine reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakRates {
    /// Multiply-accumulate operations per second.
    pub macs: f64,
    /// Bytes read and written per second.
    pub bytes: f64,
}

/// What a task does in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskWork {
    /// Multiply-accumulate operations.
    pub macs: u64,
    /// The fewest bytes that it can read and write.
    pub bytes: u64,
}

/// Where the time of a step goes on its device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KernelTimes {
    /// The kernels, those with the most time first.
    pub kernels: Vec<KernelTime>,
    /// The ranges in which they were launched, by name.
    pub ranges: Vec<RangeTime>,
    /// Seconds of a step, from the start of the first kernel to the end of the last.
    pub step: f64,
    /// The part of the step in which a kernel ran.
    pub covered: f64,
    /// The part of the kernels' time that others ran beside them.
    pub overlapped: f64,
    /// When none ran.
    pub gaps: Gaps,
}

/// A kernel in a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KernelTime {
    /// Its name.
    pub name: String,
    /// How often it is launched.
    pub launches: f64,
    /// The seconds that it takes.
    pub seconds: f64,
    /// Its part of all kernels' time.
    pub share: f64,
    /// The ranges in which it is launched, by name.
    pub ranges: Vec<String>,
    /// Its part of the peak of multiply-accumulate operations, where it is known what its tasks do.
    /// The kernels of a task share its work by their time, without those that take less than a
    /// tenth of it.
    pub matrix: Option<f64>,
    /// The same of the peak of bytes.
    pub memory: Option<f64>,
}

/// A range in a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RangeTime {
    /// Its name.
    pub name: String,
    /// How many kernels are launched in it.
    pub launches: f64,
    /// The seconds that they take.
    pub seconds: f64,
}

/// The times of a step between its kernels in which none ran.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Gaps {
    /// How many there are.
    pub count: f64,
    /// Their seconds together.
    pub seconds: f64,
    /// The median of their seconds.
    pub median: f64,
}

impl KernelTimes {
    /// Sums up what was executed in a number of steps, without the kernels of no time; `work` is
    /// that of a range in a step.
    pub fn new(
        executions: &[Execution<'_>],
        steps: usize,
        peaks: PeakRates,
        work: impl Fn(&str) -> Option<TaskWork>,
    ) -> KernelTimes {
        let of_step = 1.0 / steps.max(1) as f64;
        let mut ranges = BTreeMap::<&str, Sum<'_>>::new();
        let mut kernels = HashMap::<&str, Sum<'_>>::new();
        let mut pairs = BTreeMap::<[&str; 2], u64>::new();
        let executions = executions.iter().filter(|execution| execution.own > 0);
        for execution in executions.clone() {
            kernels.entry(execution.name).or_default().add(execution);
            if let Some(range) = execution.range {
                ranges.entry(range).or_default().add(execution);
                let own = pairs.entry([execution.name, range]).or_default();
                *own = own.saturating_add(execution.own);
            }
        }
        for ([name, range], own) in pairs {
            let (Some(work), Some(all), Some(kernel)) =
                (work(range), ranges.get(range), kernels.get_mut(name))
            else {
                continue;
            };
            let part = own as f64 / all.own as f64;
            if part >= SMALL {
                kernel.known = kernel.known.saturating_add(own);
                kernel.macs += work.macs as f64 * part * steps as f64;
                kernel.bytes += work.bytes as f64 * part * steps as f64;
            }
        }
        let busy = kernels.values().fold(0u64, |sum, kernel| sum.saturating_add(kernel.own));
        let time = Coverage::of(executions);
        let mut rows: Vec<KernelTime> = kernels
            .into_iter()
            .map(|(name, sum)| KernelTime {
                name: name.into(),
                launches: sum.launches as f64 * of_step,
                seconds: sum.own as f64 * NANO * of_step,
                share: sum.own as f64 / busy as f64,
                ranges: sum.ranges.iter().map(|range| (*range).to_string()).collect(),
                matrix: sum.part(sum.macs, peaks.macs),
                memory: sum.part(sum.bytes, peaks.bytes),
            })
            .collect();
        rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.name.cmp(&b.name)));
        let range = |(name, sum): (&str, Sum<'_>)| RangeTime {
            name: name.into(),
            launches: sum.launches as f64 * of_step,
            seconds: sum.own as f64 * NANO * of_step,
        };
        let part = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        KernelTimes {
            kernels: rows,
            ranges: ranges.into_iter().map(range).collect(),
            step: time.whole as f64 * NANO * of_step,
            covered: part(time.covered, time.whole),
            overlapped: part(busy.saturating_sub(time.covered), busy),
            gaps: time.gaps(of_step),
        }
    }
}

/// What was executed under a name.
#[derive(Default)]
struct Sum<'e> {
    launches: usize,
    own: u64,
    ranges: BTreeSet<&'e str>,
    /// The work that is known, and the nanoseconds that it took.
    known: u64,
    macs: f64,
    bytes: f64,
}

impl<'e> Sum<'e> {
    fn add(&mut self, execution: &Execution<'e>) {
        self.launches += 1;
        self.own = self.own.saturating_add(execution.own);
        self.ranges.extend(execution.range);
    }

    /// The part of a peak that an amount of work reaches.
    fn part(&self, amount: f64, peak: f64) -> Option<f64> {
        (amount > 0.0).then(|| amount / (self.known as f64 * NANO) / peak)
    }
}

/// When anything was executed, in nanoseconds.
struct Coverage {
    whole: u64,
    covered: u64,
    idle: Vec<u64>,
}

impl Coverage {
    fn of<'e>(executions: impl Iterator<Item = &'e Execution<'e>>) -> Coverage {
        let mut spans: Vec<[u64; 2]> = executions.map(|e| [e.start, e.end]).collect();
        spans.sort_unstable();
        let mut idle = Vec::new();
        let first = spans.first().map_or(0, |span| span[0]);
        let mut last = first;
        for [start, end] in spans {
            idle.extend(start.checked_sub(last).filter(|&gap| gap > 0));
            last = last.max(end);
        }
        let whole = last - first;
        Coverage { whole, covered: whole - idle.iter().sum::<u64>(), idle }
    }

    fn gaps(mut self, of_step: f64) -> Gaps {
        self.idle.sort_unstable();
        Gaps {
            count: self.idle.len() as f64 * of_step,
            seconds: self.idle.iter().sum::<u64>() as f64 * NANO * of_step,
            median: self.idle.get(self.idle.len() / 2).map_or(0.0, |&gap| gap as f64 * NANO),
        }
    }
}
