use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::seed;
use crate::graph::Init;

/// The first values of the tensor named `name`, in the order of its dimensions.
pub(super) fn draw(init: Init, count: usize, seed: u64, name: &str) -> Vec<f32> {
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
    }
}
