//! Forward and backward of activations.

use netc::graph::op::Activation;
use tch::{TchError, Tensor};

/// An activation of `x`.
pub(in crate::lower) fn forward(op: &Activation, x: &Tensor) -> Result<Tensor, TchError> {
    match op {
        Activation::Relu(op) => match op.max {
            None => x.f_relu(),
            Some(max) => x.f_relu()?.f_clamp_max(max),
        },
        Activation::Gelu(_) => x.f_gelu("none"),
        // tch has alpha = 1 only; celu(x, a) = a * celu(x / a, 1).
        Activation::Celu(op) if op.alpha == 1.0 => x.f_celu(),
        Activation::Celu(op) => x.f_div_scalar(op.alpha)?.f_celu()?.f_mul_scalar(op.alpha),
        // tch has one slope and alpha = 1 only. A leaky ReLU is its own backward at gradient x.
        Activation::LeakyRelu(op) => leaky(x, op.slope),
        Activation::Elu(op) if op.alpha == 1.0 => x.f_elu(),
        Activation::Elu(op) => leaky(&x.f_elu()?, op.alpha),
        Activation::Silu(_) => x.f_silu(),
        Activation::Mish(_) => x.f_mish(),
        Activation::Sigmoid(_) => x.f_sigmoid(),
        Activation::Tanh(_) => x.f_tanh(),
        Activation::HardSigmoid(_) => x.f_hardsigmoid(),
        Activation::HardSwish(_) => x.f_hardswish(),
    }
}

/// The gradient with respect to an activation's operand, from that with respect to its value, and
/// from the saved operand or value ([`Saved`](netc::graph::op::Saved)).
pub(in crate::lower) fn backward(
    op: &Activation,
    gradient: &Tensor,
    saved: &Tensor,
) -> Result<Tensor, TchError> {
    match op {
        Activation::Relu(op) => match op.max {
            None => saved.f_threshold_backward(gradient, 0.0),
            Some(max) => saved.f_hardtanh_backward(gradient, 0.0, max),
        },
        Activation::Gelu(_) => saved.f_gelu_backward(gradient, "none"),
        Activation::Celu(op) => {
            Tensor::f_elu_backward(gradient, op.alpha, 1.0, 1.0 / op.alpha, false, saved)
        }
        Activation::LeakyRelu(op) => saved.f_leaky_relu_backward(gradient, op.slope, false),
        Activation::Elu(op) => Tensor::f_elu_backward(gradient, op.alpha, 1.0, 1.0, false, saved),
        Activation::Silu(_) => saved.f_silu_backward(gradient),
        Activation::Mish(_) => saved.f_mish_backward(gradient),
        Activation::Sigmoid(_) => Tensor::f_sigmoid_backward(gradient, saved),
        Activation::Tanh(_) => Tensor::f_tanh_backward(gradient, saved),
        Activation::HardSigmoid(_) => saved.f_hardsigmoid_backward(gradient),
        Activation::HardSwish(_) => saved.f_hardswish_backward(gradient),
    }
}

fn leaky(x: &Tensor, slope: f64) -> Result<Tensor, TchError> {
    x.f_leaky_relu_backward(x, slope, false)
}
