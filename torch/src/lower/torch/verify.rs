use netc::check::Checked;
use netc::lower::{Precision, TorchError, seed};
use netc::passes::{Choice, Optimised, PassError, Purpose, optimise};
use tch::{Device, Kind, Tensor};

use super::at::At;
use super::mode::Mode;
use super::net::TorchNet;
use crate::lower::kernels::aten::{Distribution, draw};

/// Batch size of a trial.
const IMAGES: i64 = 3;

/// What is smaller than this fraction of the largest result counts as that much: the gradient of a
/// bias before batch norm is 0, and what is computed of it is rounding.
const NOISE: f64 = 1e-6;

/// How much a pass changed a net's results, in fp64.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The pass.
    pub pass: &'static str,
    /// The maximum difference of values, gradients and running statistics, each relative to the
    /// largest element, or a millionth of the largest of all.
    pub difference: f64,
}

/// Computes a net before and after each pass of a purpose that changes it, on random images and
/// weights, in fp64.
///
/// # Errors
/// Errors of libtorch; a pass whose result fails the check.
pub fn verify(
    net: &Checked,
    purpose: Purpose,
    choice: &Choice,
) -> Result<Vec<Verified>, TorchError> {
    let failed = |e: PassError| TorchError { at: "the passes".into(), message: e.to_string() };
    let source = TorchNet::new(net, 1, Device::Cpu, Precision::Fp64)?;
    randomise(&source).at("random weights")?;
    let whole = optimise(net, purpose, choice).map_err(failed)?;
    let images = images(net).at("random images")?;
    let mut verified = Vec::new();
    let mut before = results(&source, &whole.until(0), &images, purpose)?;
    for count in 1..=whole.stages.len() {
        let after = results(&source, &whole.until(count), &images, purpose)?;
        let difference = difference(&before, &after).at("the passes")?;
        verified.push(Verified { pass: whole.stages[count - 1].pass, difference });
        before = after;
    }
    Ok(verified)
}

/// Sets every weight to random values, so that no symmetry hides an error, with positive running
/// variances.
fn randomise(net: &TorchNet) -> Result<(), tch::TchError> {
    for weight in net.weights() {
        let noise = Tensor::f_empty(&weight.dims, (Kind::Double, net.device()))?;
        draw(&noise, Distribution::Uniform, seed::derive(2, &weight.name))?;
        tch::no_grad(|| -> Result<(), tch::TchError> {
            let mut tensor = weight.tensor.shallow_clone();
            let new = match weight.trained {
                true => tensor.f_add(&noise.f_sub_scalar(0.5)?)?,
                false => noise.f_add_scalar(0.5)?,
            };
            tensor.f_copy_(&new)
        })?;
    }
    Ok(())
}

fn images(net: &Checked) -> Result<Tensor, tch::TchError> {
    let mut dims = vec![IMAGES];
    dims.extend(
        net.shape(net.input()).dims().iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)),
    );
    let images = Tensor::f_empty(&dims, (Kind::Double, Device::Cpu))?;
    draw(&images, Distribution::Normal, 3)?;
    Ok(images)
}

/// The output, and for training also the gradient of each weight and each buffer after the step, by
/// name.
fn results(
    source: &TorchNet,
    optimised: &Optimised,
    images: &Tensor,
    purpose: Purpose,
) -> Result<Vec<Tensor>, TorchError> {
    let copies: Vec<Tensor> = source
        .weights()
        .iter()
        .map(|w| w.tensor.f_mul_scalar(1.0)?.f_detach())
        .collect::<Result<_, _>>()
        .at("a copy")?;
    let get = |name: &str| {
        let at = source.weights().iter().position(|weight| weight.name == name)?;
        copies[at].f_detach().ok()?.f_set_requires_grad(source.weights()[at].trained).ok()
    };
    let own = source.with_weights(optimised.source(), get)?;
    let net = own.rewritten(optimised)?;
    if purpose == Purpose::Evaluation {
        return Ok(vec![tch::no_grad(|| net.forward(images, Mode::Eval))?]);
    }
    let output = net.forward(images, Mode::Train { seed: 4 })?;
    // Weights for the outputs, so that no part of the gradient cancels out.
    let weighting = output.f_detach().and_then(|t| t.f_sin()).at("the gradients")?;
    let loss = output.f_mul(&weighting).and_then(|t| t.f_sum(Kind::Double)).at("the gradients")?;
    let trained: Vec<&Tensor> = own.trained().map(|w| &w.tensor).collect();
    let gradients = Tensor::f_run_backward(&[&loss], &trained, false, false).at("the gradients")?;
    let buffers = own.weights().iter().filter(|w| !w.trained).map(|w| w.tensor.shallow_clone());
    let output = output.f_detach().at("the output")?;
    Ok(std::iter::once(output).chain(gradients).chain(buffers).collect())
}

fn difference(before: &[Tensor], after: &[Tensor]) -> Result<f64, tch::TchError> {
    let largest = |a: &Tensor| a.f_abs()?.f_max()?.f_double_value(&[]);
    let sizes: Vec<f64> = before.iter().map(largest).collect::<Result<_, _>>()?;
    let least = NOISE * sizes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut most: f64 = if before.len() == after.len() { 0.0 } else { f64::INFINITY };
    for ((a, b), size) in before.iter().zip(after).zip(sizes) {
        let apart = largest(&a.f_sub(b)?)? / size.max(least);
        most = if apart.is_nan() { f64::INFINITY } else { most.max(apart) };
    }
    Ok(most)
}
