//! Where the time of a training step goes.

use std::time::Instant;

use netc::check::Checked;
use netc::lower::{ConvAlgorithms, Footprint, Precision, Times, Workload, seed};
use netc::passes::{Purpose, optimise};
use netc::recipe::Recipe;
use netc::run::Allocated;
use netc::run::augment::Draws;
use netc::run::data::{Dataset, Normalisation, Split};
use netc::run::{Method, RunError};
use rand::RngExt;
use serde::Serialize;
use tch::{Kind, TchError, Tensor};

use crate::lower::{At, Objective, Session, TorchNet};
use crate::run::optimiser::LrState;
use crate::run::probe::native;
use crate::run::train::epoch::augmentation;
use crate::run::train::statistics::Batching;
use crate::run::train::stepper::tuning;
use crate::run::{Batch, Batches, Machine, Optimiser};

/// Warm-up steps.
const WARM_UP: usize = 2;

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
    /// The minimum bytes that it must read and write forward and backward: operands, weights,
    /// values and their gradients.
    pub bytes: [u64; 2],
    /// How it is computed, for a convolution.
    pub ways: Option<ConvAlgorithms>,
    /// The timings, if it was timed.
    pub times: Option<Times>,
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
}

/// Measures a number of steps on random images. With `memory` it also measures their peak memory:
/// freed memory then goes back to the system, which costs time.
///
/// # Errors
/// Errors of libtorch.
pub fn profile(
    net: &Checked,
    recipe: &Recipe,
    machine: Machine,
    method: &Method,
    steps: usize,
    memory: bool,
) -> Result<Profile, RunError> {
    recipe.validate()?;
    let batch = recipe.batch_size;
    Batching::alone(batch).has_variance(net)?;
    let images = Images::new(net, recipe, machine)?;
    if memory {
        native::return_freed_memory();
    }
    let allocated = Allocated::start().filter(|_| memory && !machine.device.is_cuda());
    let (mut phases, mut start) = (Phases::default(), Instant::now());
    let mut since = || std::mem::replace(&mut start, Instant::now()).elapsed().as_secs_f64();
    let trained = optimise(net, Purpose::Training, &method.passes)?;
    phases.passes = since();
    let net = TorchNet::new(trained.net(), 0, machine.device, machine.precision)?;
    phases.weights = since();
    let mut compiled = Session::new(&net, Purpose::Training, batch, &tuning(method, machine))?;
    phases.tuning = compiled.tuned().as_secs_f64();
    phases.schedule = since() - phases.tuning;
    compiled.take_times();
    let mut optimiser = Optimiser::new(&net, recipe).at("the optimiser")?;
    if method.without.plain_descent() {
        optimiser = optimiser.plain();
    }
    let (mut tasks, mut whole, mut data, mut descent) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        let batch = images.batch(step).at("augmentation")?;
        machine.wait();
        let augmented = start.elapsed().as_secs_f64();
        compiled.step(&batch.images, &batch.targets, Objective::of(recipe), step as u64)?;
        let after = Instant::now();
        // A rate of 0 keeps random labels from driving the weights away.
        let still = LrState { lr: 0.0, peak: 0.0, epoch: 0.0, step: step as u64 + 1 };
        optimiser.step(compiled.gradients(), still).at("the optimiser")?;
        machine.wait();
        match step {
            0 => phases.first = start.elapsed().as_secs_f64(),
            1 => phases.second = start.elapsed().as_secs_f64(),
            _ => {}
        }
        if step >= WARM_UP {
            tasks.push(compiled.times().to_vec());
            data.push(augmented);
            descent.push(after.elapsed().as_secs_f64());
            whole.push(start.elapsed().as_secs_f64());
        }
    }
    let allocated = allocated.and_then(Allocated::peak);
    let threads = machine.hardware().threads;
    let load = Workload { images: batch as u64, precision: machine.precision, threads };
    let predicted = compiled.schedule().footprint(net.plan(), load);
    let width = net.precision().bytes();
    let rows = compiled.tasks().into_iter().enumerate().map(|(i, task)| {
        let seconds =
            [0, 1].map(|direction| median(tasks.iter().map(|times| times[i][direction]).collect()));
        let step = &net.plan().steps()[task.step];
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let forward = step.op.macs(&shapes, &step.shape).saturating_mul(batch as u64);
        let backward = if task.needs_input_grad { 2 * forward } else { forward };
        let read: u64 = shapes.iter().map(|shape| shape.elements()).sum();
        let weights = step.op.params(&shapes) * width;
        let moved = |numbers: u64| numbers * batch as u64 * width;
        let bytes = match step.is_view() {
            true => [0, 0],
            false => {
                [moved(read + task.written) + weights, moved(task.written + 2 * read) + 2 * weights]
            }
        };
        TaskProfile {
            path: step.path.clone(),
            along: task.fused,
            seconds,
            macs: [forward, backward],
            bytes,
            ways: task.algorithms,
            times: task.times,
        }
    });
    Ok(Profile {
        tasks: rows.collect(),
        data: median(data),
        optimiser: median(descent),
        step: median(whole),
        matrix_peak: matrix_peak(machine).at("the matrix peak")?,
        memory_peak: memory_peak(machine).at("the memory's peak")?,
        phases,
        predicted,
        allocated,
    })
}

/// Random images for a net, from memory as in a training.
enum Images {
    /// Augmented by the recipe; every batch takes its part of an epoch.
    Augmented(Batches, crate::run::train::batches::EpochDraws, usize),
    /// Without augmentation, for nets whose input it does not fit.
    Plain(Tensor, Tensor),
}

/// Batches in an epoch of random images.
const BATCHES: usize = 4;

impl Images {
    fn new(net: &Checked, recipe: &Recipe, machine: Machine) -> Result<Images, RunError> {
        let (input, batch) = (net.shape(net.input()), recipe.batch_size);
        let classes = net.shape(net.output()).channels();
        let Some([channels @ 1..=3, height, width]) = input.image() else {
            let sizes: Vec<i64> =
                [batch as u64].iter().chain(input.dims()).map(|&size| size as i64).collect();
            let images =
                Tensor::f_randn(sizes, (Kind::Float, machine.device)).at("random images")?;
            let labels =
                Tensor::f_randint(classes as i64, [batch as i64], (Kind::Int64, machine.device));
            return Ok(Images::Plain(images, labels.at("random labels")?));
        };
        let image =
            [channels, height, width].map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let count = BATCHES * batch;
        let mut rng = seed::rng(0, "profile");
        let mut bytes = vec![0u8; count * image.iter().product::<usize>()];
        rng.fill(bytes.as_mut_slice());
        let labels = (0..count).map(|_| rng.random_range(0..classes.min(1 << 16)) as u16).collect();
        let data = Dataset {
            name: "random".into(),
            path: None,
            image,
            classes: Vec::new(),
            train: Split { images: bytes, labels },
            test: Split::default(),
            normalisation: Normalisation::new(&vec![127.5; image[0]], &vec![73.6; image[0]]),
            note: None,
        };
        let what = augmentation(recipe);
        let batches = Batches::new(&data, &data.train, None, what, machine.device)?;
        let draws = Draws::new(0, 0, count, [image[1], image[2]], what);
        let epoch = batches.epoch(&draws).at("augmentation")?;
        Ok(Images::Augmented(batches, epoch, batch))
    }

    fn batch(&self, step: usize) -> Result<Batch, TchError> {
        match self {
            Images::Augmented(batches, epoch, size) => {
                batches.training(epoch, step % BATCHES * size, *size)
            }
            Images::Plain(images, targets) => {
                Ok(Batch { images: images.shallow_clone(), targets: targets.shallow_clone() })
            }
        }
    }
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

/// Bytes per second of a copy that exceeds all caches.
fn memory_peak(machine: Machine) -> Result<f64, TchError> {
    let from = Tensor::f_ones([64 << 20], (Kind::Float, machine.device))?;
    let mut to = from.f_zeros_like()?;
    let time = fastest(machine, || to.f_copy_(&from))?;
    Ok((2 * 4 * (64u64 << 20)) as f64 / time)
}

fn fastest(
    machine: Machine,
    mut run: impl FnMut() -> Result<(), TchError>,
) -> Result<f64, TchError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        machine.wait();
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
