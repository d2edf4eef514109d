//! Where the time of a training step goes.

use std::collections::HashMap;
use std::time::Instant;

use netc::check::Checked;
use netc::lower::cpu::Features;
use netc::lower::{ConvAlgorithms, Footprint, Reason, Workload};
use netc::passes::{Purpose, optimise};
use netc::recipe::Recipe;
use netc::run::Allocated;
use netc::run::trace::{KernelTimes, TaskWork};
use netc::run::{Method, RunError};
use serde::Serialize;
use tch::TchError;

use super::images::Images;
use super::native;
use super::on_device::OnDeviceParts;
use super::peaks::peak_rates;
use super::steps::{StepLoop, kernel_times};
use crate::lower::{At, GhostNorm, Session, TaskInfo, TorchNet, Tuning};
use crate::run::train::fits::frozen;
use crate::run::train::statistics::Batching;
use crate::run::train::tuning::tuning;
use crate::run::{Machine, Optimiser};
use crate::trace::{Backward, Recorded};

/// A task of a step: an op, and the ops fused into it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskProfile {
    /// The op's path.
    pub path: String,
    /// The paths of the fused ops.
    pub along: Vec<String>,
    /// Seconds forward and backward: medians over the steps.
    pub seconds: [f64; 2],
    /// Multiply-accumulate operations forward and backward, of the whole batch.
    pub macs: [u64; 2],
    /// The minimum bytes that it must read and write forward and backward: operands, those of the
    /// fused ops included, weights, values and their gradients, each once.
    pub bytes: [u64; 2],
    /// How it is computed, for a convolution.
    pub ways: Option<ConvAlgorithms>,
    /// Why so.
    pub reason: Option<Reason>,
    /// Seconds of its kernels forward and backward: the means over the steps of the trace, if there
    /// is one.
    pub traced: Option<[f64; 2]>,
}

/// Seconds from a checked net to its second step.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Phases {
    /// The graph passes.
    pub passes: f64,
    /// The weights, and the plan of their net.
    pub weights: f64,
    /// The schedule and its memory.
    pub schedule: f64,
    /// The choice of the convolutions' algorithms, by timing those that no earlier run has timed.
    pub tuning: f64,
    /// The first step.
    pub first: f64,
    /// The second step.
    pub second: f64,
}

/// A training step in parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The tasks, in order.
    pub tasks: Vec<TaskProfile>,
    /// Seconds of a batch's augmentation; 0 for a net whose input is not an image with up to three
    /// channels.
    pub data: f64,
    /// Seconds of the optimiser.
    pub optimiser: f64,
    /// Seconds of whole steps: the median.
    pub step: f64,
    /// This machine's rate in a matrix product, in multiply-accumulate operations per second.
    pub matrix_peak: f64,
    /// Its rate in a copy, in bytes read and written per second.
    pub memory_peak: f64,
    /// The phases before the steps.
    pub phases: Phases,
    /// The predicted memory of the step.
    pub predicted: Footprint,
    /// The peak memory of the process from before the net was built until after the last step, in
    /// bytes, if it was measured and the system reports it.
    pub allocated: Option<u64>,
    /// The kernels, if they were recorded.
    pub kernels: Option<KernelTimes>,
    /// Why they were not, though the device is a GPU.
    pub untraced: Option<String>,
    /// Their trace as JSON for Chrome's viewer, if it was asked for.
    #[serde(skip)]
    pub chrome: Option<Vec<u8>>,
}

/// What a profile measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileOptions {
    /// The number of steps.
    pub steps: usize,
    /// Whether convolutions are timed again whose timings are stored.
    pub retune: bool,
    /// Also their peak memory: freed memory then goes back to the system, which costs time.
    pub memory: bool,
    /// Also as many further steps kernel by kernel; on a GPU always.
    pub kernels: bool,
    /// Also the trace of these.
    pub trace: bool,
}

/// Measures steps on random images.
///
/// # Errors
/// Errors of libtorch. That the kernels of a GPU cannot be recorded is none unless they or their
/// trace were asked for.
pub fn profile(
    net: &Checked,
    recipe: &Recipe,
    machine: Machine,
    method: &Method,
    options: ProfileOptions,
) -> Result<Profile, RunError> {
    recipe.validate()?;
    let batch = recipe.batch_size;
    let ghost = GhostNorm { images: recipe.ghost_batch };
    if ghost.images > 0 && machine.device.is_cuda() {
        let message = "with `ghost_batch` a GPU trains op by op, which is not profiled: \
                       --recipe ghost_batch=0 profiles the step without it";
        return Err(RunError::Data(message.into()));
    }
    Batching { ghost_batch: ghost.images, ..Batching::alone(batch) }.has_variance(net)?;
    let images = Images::new(net, recipe, machine)?;
    if options.memory {
        native::return_freed_memory();
    }
    let allocated = Allocated::start().filter(|_| options.memory && !machine.device.is_cuda());
    let (mut phases, mut start) = (Phases::default(), Instant::now());
    let mut since = || std::mem::replace(&mut start, Instant::now()).elapsed().as_secs_f64();
    let trained = optimise(net, Purpose::Training, &method.passes)?;
    phases.passes = since();
    frozen(trained.net(), &recipe.freeze)?;
    let mut net = TorchNet::new(trained.net(), 0, machine.device, machine.precision)?;
    net.freeze(&recipe.freeze)?;
    phases.weights = since();
    let tuning = Tuning { retune: options.retune, ghost, ..tuning(method, machine) };
    let session = Session::new(&net, Purpose::Training, batch, &tuning)?;
    phases.tuning = session.tuned().as_secs_f64();
    phases.schedule = since() - phases.tuning;
    let mut optimiser = Optimiser::new(&net, recipe).at("the optimiser")?;
    if method.without.plain_descent() {
        optimiser = optimiser.plain();
    }
    let on_device = OnDeviceParts::new(&session, &net, &optimiser, &images, recipe)?;
    let mut steps = StepLoop { images, session, optimiser, on_device, recipe, machine, done: 0 };
    phases.first = steps.timed()?.whole;
    phases.second = steps.timed()?.whole;
    let asked = options.kernels || options.trace;
    let (recorded, untraced) = match asked || machine.device.is_cuda() {
        false => (None, None),
        true => match steps.traced(options.steps) {
            Ok(recorded) => (Some(recorded), None),
            Err(error) if asked => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    // Each task then waits for the device, which leaves gaps between kernels.
    steps.session.take_times();
    let (mut times, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..options.steps {
        seconds.push(steps.timed()?);
        times.push(steps.session.times().to_vec());
    }
    let allocated = allocated.and_then(Allocated::peak);
    let threads = machine.hardware().threads;
    let load = Workload { images: batch as u64, precision: machine.precision, threads };
    let predicted = steps.session.schedule().footprint(net.plan(), load, Features::detect());
    let mut tasks = tasks(&steps.session, &net, &times, batch as u64);
    let peaks = peak_rates(machine).at("the machine's peak rates")?;
    let kernels = recorded.as_ref().map(|recorded| {
        let work = work(&tasks);
        let work = |range: &str| work.get(range).copied();
        kernel_times(recorded, machine, options.steps, peaks, work)
    });
    if let Some(kernels) = &kernels {
        tasks.iter_mut().for_each(|task| task.traced = Some(traced(task, kernels)));
    }
    let chrome = recorded.filter(|_| options.trace).map(Recorded::chrome).transpose();
    Ok(Profile {
        tasks,
        data: median(seconds.iter().map(|step| step.data)),
        optimiser: median(seconds.iter().map(|step| step.optimiser)),
        step: median(seconds.iter().map(|step| step.whole)),
        matrix_peak: peaks.macs,
        memory_peak: peaks.bytes,
        phases,
        predicted,
        allocated,
        kernels,
        untraced,
        chrome: chrome.map_err(TchError::Torch).at("the trace")?,
    })
}

/// The tasks, with the times of each in a number of steps.
fn tasks(
    session: &Session,
    net: &TorchNet,
    times: &[Vec<[f64; 2]>],
    batch: u64,
) -> Vec<TaskProfile> {
    let (steps, width) = (net.plan().steps(), net.precision().bytes());
    let task = |(i, task): (usize, TaskInfo)| {
        let seconds = [0, 1].map(|direction| median(times.iter().map(|step| step[i][direction])));
        let step = &steps[task.step];
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let forward = step.op.macs(&shapes, &step.shape).saturating_mul(batch);
        let backward = if task.needs_input_grad { 2 * forward } else { forward };
        let read: u64 = shapes.iter().map(|shape| shape.elements()).sum();
        let added =
            session.schedule().tasks[i].add.map_or(0, |added| steps[added].shape.elements());
        let weights = step.op.params(&shapes) * width;
        let moved = |numbers: u64| numbers * batch * width;
        let bytes = match step.is_view() {
            true => [0, 0],
            false => [
                moved(read + added + task.written) + weights,
                moved(task.written + 2 * read + added) + 2 * weights,
            ],
        };
        TaskProfile {
            path: step.path.clone(),
            along: task.fused,
            seconds,
            macs: [forward, backward],
            bytes,
            ways: task.algorithms,
            reason: task.reason,
            traced: None,
        }
    };
    session.tasks().into_iter().enumerate().map(task).collect()
}

/// The names of a task's ranges in a trace, forward and backward.
fn ranges(task: &TaskProfile) -> [String; 2] {
    [task.path.clone(), Backward(&task.path).to_string()]
}

/// What is done in each range of a step.
fn work(tasks: &[TaskProfile]) -> HashMap<String, TaskWork> {
    let of = |task: &TaskProfile, i: usize| TaskWork { macs: task.macs[i], bytes: task.bytes[i] };
    tasks
        .iter()
        .flat_map(|task| {
            ranges(task).into_iter().enumerate().map(move |(i, range)| (range, of(task, i)))
        })
        .collect()
}

/// The seconds of a task's kernels.
fn traced(task: &TaskProfile, kernels: &KernelTimes) -> [f64; 2] {
    ranges(task).map(|range| {
        let found = kernels.ranges.iter().find(|found| found.name == range);
        found.map_or(0.0, |found| found.seconds)
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
