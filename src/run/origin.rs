//! Where numbers that are not finite first appear.

use tch::{TchError, Tensor};

use super::Origin;
use crate::lower::{At, Mode, TorchError, TorchNet};

impl Origin {
    /// In a training step on some images, by libtorch's ops one by one.
    pub(super) fn of(net: &TorchNet, images: &Tensor, seed: u64) -> Result<Origin, TorchError> {
        for weight in net.weights().iter().rev().filter(|weight| weight.trained) {
            if !finite(&weight.tensor).at(&weight.name)? {
                return Ok(Origin::Weight(weight.name.clone()));
            }
        }
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
        tch::no_grad(|| net.forward_watched(images, Mode::Train { seed }, &mut watch).map(drop))?;
        Ok(first.map_or(Origin::Loss, Origin::Node))
    }
}

fn finite(tensor: &Tensor) -> Result<bool, TchError> {
    Ok(tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0)
}
