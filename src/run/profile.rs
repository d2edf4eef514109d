//! Where the time of a training step goes.

use std::time::Instant;

use tch::{Kind, TchError, Tensor};

use super::optimiser::Pace;
use super::stepper::tuning;
use super::{Machine, Method, Optimiser, Recipe, RunError};
use crate::check::Checked;
use crate::graph::Op;
use crate::lower::{At, Compiled, Precision, TorchNet, Ways};
use crate::passes::{Purpose, optimise};

/// Steps before the clock counts.
const WARM_UP: usize = 2;

/// A task of a step: an op, and what is computed along with it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskProfile {
    /// The op's path.
    pub path: String,
    /// The paths of the ops that are computed along with it.
    pub along: Vec<String>,
    /// Seconds forward and backward: medians over the steps.
    pub seconds: [f64; 2],
    /// Multiply-accumulate operations forward and backward, of the whole batch.
    pub macs: [u64; 2],
    /// Bytes forward and backward that it must read and write at least: operands, weights, values and their gradients.
    pub bytes: [u64; 2],
    /// How it is computed, for a convolution.
    pub ways: Option<Ways>,
}

/// A training step in parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The tasks, in order.
    pub tasks: Vec<TaskProfile>,
    /// Seconds of the optimiser.
    pub optimiser: f64,
    /// Seconds of whole steps: the median.
    pub step: f64,
    /// What this machine reaches in a matrix product, in multiply-accumulate operations per second.
    pub matrix_peak: f64,
    /// What it reaches in a copy, in bytes read and written per second.
    pub memory_peak: f64,
}

/// Measures so many steps on random images.
///
/// # Errors
/// What libtorch refuses.
pub fn profile(
    net: &Checked,
    recipe: &Recipe,
    machine: Machine,
    method: &Method,
    steps: usize,
) -> Result<Profile, RunError> {
    let trained = optimise(net, Purpose::Training, &method.passes).map_err(RunError::Pass)?;
    let (net, batch) =
        (TorchNet::new(trained.net(), 0, machine.device, machine.precision)?, recipe.batch_size);
    let mut compiled = Compiled::new(&net, Purpose::Training, batch, &tuning(method, machine))?;
    compiled.take_times();
    let mut optimiser = Optimiser::new(&net, recipe).at("the optimiser")?;
    let (images, labels) = random(&net, batch, machine).at("random images")?;
    let (mut tasks, mut whole, mut descent) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        compiled.step(&net, &images, &labels, step as u64)?;
        let after = Instant::now();
        // A rate of 0 keeps random labels from driving the weights away.
        let still = Pace { lr: 0.0, peak: 0.0, epoch: 0.0, step: step as u64 + 1 };
        optimiser.step(compiled.gradients(), still).at("the optimiser")?;
        if step >= WARM_UP {
            tasks.push(compiled.times().to_vec());
            descent.push(after.elapsed().as_secs_f64());
            whole.push(start.elapsed().as_secs_f64());
        }
    }
    let width = net.kind_bytes();
    let rows = compiled.tasks(&net).into_iter().enumerate().map(|(i, task)| {
        let seconds = [0, 1].map(|direction| median(tasks.iter().map(|times| times[i][direction]).collect()));
        let step = &net.plan().steps()[task.step];
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let forward = step.op.macs(&shapes, &step.shape).saturating_mul(batch as u64);
        let backward = if task.input_wanted { 2 * forward } else { forward };
        let read: u64 = shapes.iter().map(|shape| shape.elements()).sum();
        let weights = step.op.params(&shapes) * width;
        let moved = |numbers: u64| numbers * batch as u64 * width;
        let view = matches!(step.op, Op::Flatten(_) | Op::Identity(_));
        let bytes = match view {
            true => [0, 0],
            false => [moved(read + task.written) + weights, moved(task.written + 2 * read) + 2 * weights],
        };
        TaskProfile {
            path: step.path.clone(),
            along: task.along,
            seconds,
            macs: [forward, backward],
            bytes,
            ways: task.ways,
        }
    });
    Ok(Profile {
        tasks: rows.collect(),
        optimiser: median(descent),
        step: median(whole),
        matrix_peak: matrix_peak(machine).at("the matrix peak")?,
        memory_peak: memory_peak(machine).at("the memory's peak")?,
    })
}

fn random(net: &TorchNet, batch: usize, machine: Machine) -> Result<(Tensor, Tensor), TchError> {
    let sizes = |shape: &crate::graph::Shape| shape.dims().iter().map(|&d| d as i64).collect::<Vec<_>>();
    let steps = net.plan().steps();
    let image = [vec![batch as i64], sizes(net.plan().input_shape())].concat();
    let classes = steps[steps.len() - 1].shape.channels() as i64;
    let images = Tensor::f_randn(image, (Kind::Float, machine.device))?;
    Ok((images, Tensor::f_randint(classes, [batch as i64], (Kind::Int64, machine.device))?))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Multiply-accumulate operations per second of a product of square matrices in the precision.
fn matrix_peak(machine: Machine) -> Result<f64, TchError> {
    let size = 2048i64;
    let kind = match machine.precision {
        Precision::Fp64 => Kind::Double,
        Precision::Fp32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
        Precision::Fp16 => Kind::Half,
    };
    let a = Tensor::f_ones([size, size], (kind, machine.device))?;
    let time = fastest(machine, || a.f_matmul(&a).map(|_| ()))?;
    Ok((size * size * size) as f64 / time)
}

/// Bytes per second of a copy that no cache holds.
fn memory_peak(machine: Machine) -> Result<f64, TchError> {
    let from = Tensor::f_ones([64 << 20], (Kind::Float, machine.device))?;
    let mut to = from.f_zeros_like()?;
    let time = fastest(machine, || to.f_copy_(&from))?;
    Ok((2 * 4 * (64u64 << 20)) as f64 / time)
}

fn fastest(machine: Machine, mut run: impl FnMut() -> Result<(), TchError>) -> Result<f64, TchError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        machine.wait();
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
