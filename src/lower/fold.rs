//! Weights of a rewritten net from those of the original, in fp64.

use std::collections::HashMap;

use super::{Numbers, Weights, WeightsError};
use crate::passes::{Fold, Optimised};

/// A tensor in fp64.
#[derive(Debug, Clone)]
struct Fp64 {
    /// The number of outputs: its first dimension.
    rows: usize,
    values: Vec<f64>,
}

type All = HashMap<String, Fp64>;

impl Weights {
    /// The weights of `optimised`, from these weights of its source.
    ///
    /// # Errors
    /// A missing weight: these belong to another net.
    pub fn folded(&self, optimised: &Optimised) -> Result<Weights, WeightsError> {
        let mut all: All = self.tensors().iter().map(|t| (t.name.clone(), Fp64::of(t))).collect();
        for fold in optimised.folds() {
            apply(&mut all, fold)?;
        }
        let rounded = |name: &str| Some(all.get(name)?.values.iter().map(|&x| x as f32).collect());
        Weights::of(optimised.net(), rounded)
    }
}

impl Fp64 {
    fn of(tensor: &Numbers) -> Fp64 {
        let rows = tensor.dims.first().map_or(1, |&d| d as usize);
        Fp64 { rows, values: tensor.values.iter().map(|&x| f64::from(x)).collect() }
    }

    /// Multiplies each output by its factor.
    fn scale(&mut self, by: impl Fn(usize) -> f64) {
        let row = (self.values.len() / self.rows.max(1)).max(1);
        for (i, values) in self.values.chunks_mut(row).enumerate() {
            values.iter_mut().for_each(|x| *x *= by(i));
        }
    }
}

fn apply(all: &mut All, fold: &Fold) -> Result<(), WeightsError> {
    let name = |layer: &str, what: &str| format!("{layer}.{what}");
    match fold {
        Fold::Norm { layer, norm, eps } => {
            let of_norm = |what| get(all, &name(norm, what)).map(|tensor| tensor.values.clone());
            let (gamma, beta) = (of_norm("weight")?, of_norm("bias")?);
            let (mean, var) = (of_norm("running_mean")?, of_norm("running_var")?);
            if var.iter().any(|&v| v + eps < 0.0) {
                return Err(WeightsError::Variance(name(norm, "running_var")));
            }
            let scale: Vec<f64> =
                gamma.iter().zip(&var).map(|(g, v)| g / (v + eps).sqrt()).collect();
            let own = all.get(&name(layer, "bias"));
            let bias = (0..scale.len())
                .map(|i| (own.map_or(0.0, |own| own.values[i]) - mean[i]) * scale[i] + beta[i])
                .collect();
            get_mut(all, &name(layer, "weight"))?.scale(|i| scale[i]);
            all.insert(name(layer, "bias"), Fp64 { rows: scale.len(), values: bias });
        }
        Fold::Scale { layer, by } => {
            get_mut(all, &name(layer, "weight"))?.scale(|_| *by);
            if let Some(bias) = all.get_mut(&name(layer, "bias")) {
                bias.scale(|_| *by);
            }
        }
        Fold::Linear { first, second } => {
            let (before, after) =
                (get(all, &name(first, "weight"))?, get(all, &name(second, "weight"))?);
            let weight = product(after, before);
            let bias = |layer: &str| all.get(&name(layer, "bias")).cloned();
            let moved =
                bias(first).map(|bias| product(after, &Fp64 { rows: bias.values.len(), ..bias }));
            let bias = match (moved, bias(second)) {
                (Some(moved), Some(own)) => Some(sum(moved, &own)),
                (moved, own) => moved.or(own),
            };
            all.insert(name(second, "weight"), weight);
            all.extend(bias.map(|bias| (name(second, "bias"), bias)));
        }
    }
    Ok(())
}

/// The matrix product of `a` and `b`, both row-major.
fn product(a: &Fp64, b: &Fp64) -> Fp64 {
    let columns = b.values.len() / b.rows.max(1);
    let mut values = vec![0.0; a.rows * columns];
    for (row, out) in a.values.chunks(b.rows.max(1)).zip(values.chunks_mut(columns.max(1))) {
        for (x, line) in row.iter().zip(b.values.chunks(columns.max(1))) {
            out.iter_mut().zip(line).for_each(|(out, y)| *out += x * y);
        }
    }
    Fp64 { rows: a.rows, values }
}

fn sum(mut a: Fp64, b: &Fp64) -> Fp64 {
    a.values.iter_mut().zip(&b.values).for_each(|(x, y)| *x += y);
    a
}

fn get<'a>(all: &'a All, name: &str) -> Result<&'a Fp64, WeightsError> {
    all.get(name).ok_or_else(|| WeightsError::Missing(name.into()))
}

fn get_mut<'a>(all: &'a mut All, name: &str) -> Result<&'a mut Fp64, WeightsError> {
    all.get_mut(name).ok_or_else(|| WeightsError::Missing(name.into()))
}
