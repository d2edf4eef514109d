//! Initialisation of weights from a seed.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::seed;
use crate::graph::Init;

/// The initial values of the tensor `name`, row-major.
pub fn draw(init: Init, dims: &[i64], seed: u64, name: &str) -> Vec<f32> {
    let count = dims.iter().product::<i64>() as usize;
    let mut rng = seed::rng(seed, &format!("init {name}"));
    match init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Uniform(low, high) => {
            (0..count).map(|_| (low + (high - low) * rng.random::<f64>()) as f32).collect()
        }
        Init::Normal(mean, std) => (0..count)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut rng);
                (mean + std * z) as f32
            })
            .collect(),
        Init::Dirac => dirac(dims, seed, name),
        Init::Whiten => draw(fan_in(dims), dims, seed, name),
    }
}

/// Uniform within 1 / sqrt(fan_in).
fn fan_in(dims: &[i64]) -> Init {
    let bound = 1.0 / (dims[1..].iter().product::<i64>() as f64).sqrt();
    Init::Uniform(-bound, bound)
}

/// Filter i passes channel i through, as long as there are channels; the others are random.
fn dirac(dims: &[i64], seed: u64, name: &str) -> Vec<f32> {
    let mut values = draw(fan_in(dims), dims, seed, name);
    let &[_, channels, height, width] = dims else { return values };
    let [channels, height, width] = [channels, height, width].map(|size| size as usize);
    let filter = channels * height * width;
    for (i, filter) in values.chunks_exact_mut(filter).take(channels).enumerate() {
        filter.fill(0.0);
        filter[(i * height + height / 2) * width + width / 2] = 1.0;
    }
    values
}
