//! One net's numbers in files, for comparison with another implementation of the recipe.

use std::fs;
use std::path::Path;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, TchError, Tensor};

use super::checkpoint::{self, Entry};
use super::evaluate::sum_of_losses;
use super::optimiser::Pace;
use super::{Optimiser, RunError};
use crate::check::Checked;
use crate::lower::{At, Mode, Precision, TorchNet, seed};
use crate::recipe::Recipe;

/// What is computed.
#[derive(Debug)]
pub struct Trial<'a> {
    /// Of the weights and the images.
    pub seed: u64,
    /// A file of weights instead of first ones.
    pub weights: Option<&'a Path>,
    /// Images in a step.
    pub batch: usize,
    /// Training steps.
    pub steps: usize,
    /// The arithmetic.
    pub precision: Precision,
}

/// Takes training steps of random images on the CPU, and writes into `folder`, as fp32 whatever the precision:
///
/// - `before.safetensors`, `after.safetensors`: weights and buffers by node path;
/// - `batch.safetensors`: `images` fp32 `[steps, batch, channels, rows, columns]`, standard normal; `labels` int64
///   `[steps, batch]`; `lr` fp32 `[steps]`, the rates on the mean loss;
/// - `eval.safetensors`: `logits` of the first images in evaluation mode, before training;
/// - `train.safetensors`: of the first step `logits` in training mode, `loss` (the sum), and `grad.NAME` of that sum
///   for each trained weight.
///
/// The optimiser divides the sum's gradient by `batch`; momentum, decay and the course of the rate
/// are the recipe's, whose first epoch is the `steps`.
///
/// # Errors
/// What libtorch or the file system refuse.
pub fn parity(net: &Checked, recipe: &Recipe, trial: &Trial<'_>, folder: &Path) -> Result<(), RunError> {
    let Trial { seed, weights, batch, steps, precision } = *trial;
    fs::create_dir_all(folder).map_err(RunError::io(folder))?;
    let file = |name: &str| folder.join(format!("{name}.safetensors"));
    let recipe = Recipe { batch_size: batch, ..recipe.clone() };
    let lr: Vec<f32> =
        (1..=steps).map(|step| recipe.schedule().at(step as f64 / steps as f64) as f32).collect();
    let classes = net.shape(net.output()).channels();
    let image: Vec<usize> = net.shape(net.input()).dims().iter().map(|&d| d as usize).collect();
    let examples = Examples::new(seed, [steps, batch], &image, classes);
    checkpoint::write(
        &file("batch"),
        examples.entries(&lr),
        Some(serde_json::json!({ "precision": precision })),
    )?;

    let net = TorchNet::new(net, seed, Device::Cpu, precision)?;
    if let Some(weights) = weights {
        checkpoint::load(weights, &net)?;
    }
    checkpoint::save(&file("before"), &net, None)?;
    let (images, _) = examples.step(0).at("the batch")?;
    let logits = tch::no_grad(|| net.forward(&images, Mode::Eval))?;
    checkpoint::write(&file("eval"), vec![entry("logits", &logits)?], None)?;

    let mut optimiser = Optimiser::new(&net, &recipe).at("the optimiser")?;
    for (step, &lr) in lr.iter().enumerate() {
        let (images, labels) = examples.step(step).at("the batch")?;
        let logits = net.forward(&images, Mode::Train { seed })?;
        let loss = sum_of_losses(&logits, &labels, recipe.label_smoothing).at("the loss")?;
        let gradients = optimiser.gradients(&loss).at("the gradients")?;
        if step == 0 {
            let mut entries = vec![entry("logits", &logits)?, entry("loss", &loss)?];
            for (weight, gradient) in net.trained().zip(&gradients) {
                entries.push(entry(&format!("grad.{}", weight.name), gradient)?);
            }
            checkpoint::write(&file("train"), entries, None)?;
        }
        let pace = Pace {
            lr: lr.into(),
            peak: recipe.schedule().peak(),
            epoch: (step + 1) as f64 / steps as f64,
            step: step as u64 + 1,
        };
        optimiser.step(&gradients, pace).at("the optimiser")?;
    }
    checkpoint::save(&file("after"), &net, None)
}

/// Images and labels of all steps, on the host.
struct Examples {
    images: Vec<f32>,
    labels: Vec<i64>,
    /// Steps, batch, and the sizes of an image.
    dims: Vec<usize>,
}

impl Examples {
    fn new(seed: u64, [steps, batch]: [usize; 2], image: &[usize], classes: u64) -> Examples {
        let mut rng = seed::rng(seed, "parity");
        let dims: Vec<usize> = [steps, batch].iter().chain(image).copied().collect();
        let images = (0..dims.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
        let labels = (0..steps * batch).map(|_| rng.random_range(0..classes as i64)).collect();
        Examples { images, labels, dims }
    }

    fn step(&self, step: usize) -> Result<(Tensor, Tensor), TchError> {
        let batch = self.dims[1];
        let size = self.images.len() / self.dims[0];
        let dims: Vec<i64> = self.dims[1..].iter().map(|&d| d as i64).collect();
        let images = Tensor::f_from_slice(&self.images[step * size..][..size])?.f_reshape(dims)?;
        Ok((images, Tensor::f_from_slice(&self.labels[step * batch..][..batch])?))
    }

    fn entries(&self, lr: &[f32]) -> Vec<(String, Entry)> {
        vec![
            ("images".into(), Entry::floats(self.dims.clone(), &self.images)),
            ("labels".into(), Entry::integers(self.dims[..2].to_vec(), &self.labels)),
            ("lr".into(), Entry::floats(vec![lr.len()], lr)),
        ]
    }
}

fn entry(name: &str, tensor: &Tensor) -> Result<(String, Entry), RunError> {
    Ok((name.to_string(), Entry::of(tensor).at(name)?))
}
