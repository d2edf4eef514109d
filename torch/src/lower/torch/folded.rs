use std::collections::HashMap;

use netc::graph::op;
use netc::lower::TorchError;
use netc::passes::{Fold, Optimised};
use tch::{Kind, TchError, Tensor};

use super::{At, TorchNet, Weight};

impl TorchNet {
    /// The optimised net of `optimised`, whose source is this net, with weights folded from the
    /// current ones. Weights that no fold changes are shared.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn rewritten(&self, optimised: &Optimised) -> Result<TorchNet, TorchError> {
        let folded =
            tch::no_grad(|| fold(&self.weights, optimised.folds())).at("folding weights")?;
        self.with_weights(optimised.net(), |name| folded.get(name).map(Tensor::shallow_clone))
    }
}

/// The weights after all folds, by name.
fn fold(weights: &[Weight], folds: &[Fold]) -> Result<HashMap<String, Tensor>, TchError> {
    let mut all: HashMap<String, Tensor> =
        weights.iter().map(|w| (w.name.clone(), w.tensor.shallow_clone())).collect();
    for fold in folds {
        match fold {
            Fold::Norm { layer, norm, eps } => {
                let [gamma, beta, mean, var] = ["weight", "bias", "running_mean", "running_var"]
                    .map(|name| format!("{norm}.{name}"));
                let scale =
                    get(&all, &var)?.f_add_scalar(*eps)?.f_rsqrt()?.f_mul(get(&all, &gamma)?)?;
                let offset = match all.get(&format!("{layer}.bias")) {
                    Some(bias) => bias.f_sub(get(&all, &mean)?)?,
                    None => get(&all, &mean)?.f_neg()?,
                };
                let bias = offset.f_mul(&scale)?.f_add(get(&all, &beta)?)?;
                multiply(&mut all, layer, &scale)?;
                all.insert(format!("{layer}.bias"), bias);
            }
            Fold::Scale { layer, by } => {
                let by = Tensor::f_from_slice(&[*by])?;
                let bias = format!("{layer}.bias");
                if let Some(old) = all.get(&bias) {
                    let new = old.f_mul(&by.f_to_kind(old.kind())?.f_to_device(old.device())?)?;
                    all.insert(bias, new);
                }
                multiply(&mut all, layer, &by)?;
            }
            Fold::Linear { first, second } => {
                let name = |layer: &str, what: &str| format!("{layer}.{what}");
                let after = get(&all, &name(second, "weight"))?.shallow_clone();
                let weight = after.f_matmul(get(&all, &name(first, "weight"))?)?;
                let moved =
                    all.get(&name(first, "bias")).map(|bias| after.f_mv(bias)).transpose()?;
                let own = all.get(&name(second, "bias")).map(Tensor::shallow_clone);
                let bias = match (moved, own) {
                    (Some(moved), Some(own)) => Some(moved.f_add(&own)?),
                    (moved, own) => moved.or(own),
                };
                all.insert(name(second, "weight"), weight);
                all.extend(bias.map(|bias| (name(second, "bias"), bias)));
            }
        }
    }
    Ok(all)
}

fn get<'a>(all: &'a HashMap<String, Tensor>, name: &str) -> Result<&'a Tensor, TchError> {
    all.get(name).ok_or_else(|| TchError::Shape(format!("there is no weight `{name}`")))
}

/// Multiplies a layer's weight, per output channel or by a scalar.
fn multiply(all: &mut HashMap<String, Tensor>, layer: &str, by: &Tensor) -> Result<(), TchError> {
    let name = format!("{layer}.weight");
    let weight = get(all, &name)?;
    let mut dims = vec![1; weight.dim()];
    dims[0] = -1;
    let by = by.f_to_kind(weight.kind())?.f_to_device(weight.device())?.f_reshape(dims)?;
    let new = weight.f_mul(&by)?;
    all.insert(name, new);
    Ok(())
}

impl Weight {
    /// A copy of existing values.
    pub(super) fn of(
        name: String,
        tensor: Tensor,
        dims: Vec<i64>,
        spec: &op::TensorSpec,
    ) -> Result<Weight, TchError> {
        let tensor =
            if tensor.kind() == Kind::Double { tensor } else { super::channels_last(&tensor)? };
        Ok(Weight { name, tensor, dims, role: spec.role, trained: spec.trained })
    }
}
