//! A net's output for given images, in files, for comparison with other programs.

use std::fs;
use std::path::Path;

use netc::check::Checked;
use netc::lower::{Precision, Weights};
use netc::run::RunError;
use safetensors::{Dtype, SafeTensors};
use tch::{Device, Tensor};

use crate::lower::{At, Mode, TorchNet};
use crate::run::Machine;
use crate::run::store::checkpoint::NO_FACTS;
use crate::run::store::checkpoint::entry;
use crate::run::store::checkpoint::write;

/// Computes a net in fp32 on the CPU, in evaluation mode, op by op: reads `images` `[n, ...]` from
/// one file and writes `logits` into another.
///
/// # Errors
/// Images or weights that do not fit the net; errors of libtorch or the file system.
pub fn logits(net: &Checked, weights: &Weights, images: &Path, out: &Path) -> Result<(), RunError> {
    Machine::gpus();
    let bytes = fs::read(images).map_err(RunError::io(images))?;
    let refuse = |reason: String| RunError::Data(format!("{}: {reason}", images.display()));
    let file = SafeTensors::deserialize(&bytes).map_err(|error| refuse(error.to_string()))?;
    let found = file.tensor("images").map_err(|_| refuse("it lacks `images`".into()))?;
    let shape = net.shape(net.input());
    let fits = found.shape().iter().skip(1).map(|&d| d as u64).eq(shape.dims().iter().copied());
    if found.dtype() != Dtype::F32 || !fits {
        return Err(refuse(format!(
            "expected F32 {shape}, got {:?} {:?}",
            found.dtype(),
            found.shape()
        )));
    }
    let values: Vec<f32> = found
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let dims: Vec<i64> = found.shape().iter().map(|&d| d as i64).collect();
    let images = Tensor::f_from_slice(&values).and_then(|t| t.f_reshape(dims)).at("the images")?;
    let torch = TorchNet::new(net, 0, Device::Cpu, Precision::Fp32)?;
    for weight in torch.weights() {
        let numbers = weights
            .get(&weight.name)
            .ok_or_else(|| refuse(format!("no weight `{}`", weight.name)))?;
        weight.set_values(&numbers.values).at(&weight.name)?;
    }
    let logits = tch::no_grad(|| torch.forward(&images, Mode::Eval))?;
    write(out, vec![("logits".into(), entry(&logits).at("the logits")?)], NO_FACTS)
}
