//! Where numbers that are not finite first appear.

use netc::lower::TorchError;
use netc::run::Origin;
use tch::{TchError, Tensor};

use crate::lower::{At, Mode, TorchNet};

/// In an evaluation of some images, by libtorch's ops one by one; [`Origin::Loss`] if every value
/// is finite.
pub(in crate::run) fn of_evaluation(net: &TorchNet, images: &Tensor) -> Result<Origin, TorchError> {
    for weight in net.weights() {
        if !finite(&weight.tensor).at(&weight.name)? {
            return Ok(Origin::Stored(weight.name.clone()));
        }
    }
    in_pass(net, images, Mode::Eval)
}

/// In a training step on some images, by libtorch's ops one by one.
pub(in crate::run) fn of_step(
    net: &TorchNet,
    images: &Tensor,
    seed: u64,
) -> Result<Origin, TorchError> {
    for weight in net.weights().iter().rev().filter(|weight| weight.trained) {
        if !finite(&weight.tensor).at(&weight.name)? {
            return Ok(Origin::Weight(weight.name.clone()));
        }
    }
    in_pass(net, images, Mode::Train { seed })
}

fn in_pass(net: &TorchNet, images: &Tensor, mode: Mode) -> Result<Origin, TorchError> {
    if !finite(images).at("the images")? {
        return Ok(Origin::Images);
    }
    let mut first = None;
    let mut watch = |path: &str, value: &Tensor| {
        if first.is_none() && !finite(value)? {
            first = Some(path.to_string());
        }
        Ok(())
    };
    tch::no_grad(|| net.forward_watched(images, mode, &mut watch).map(drop))?;
    Ok(first.map_or(Origin::Loss, Origin::Node))
}

pub(in crate::run) fn finite(tensor: &Tensor) -> Result<bool, TchError> {
    Ok(tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0)
}
