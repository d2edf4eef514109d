//! Whether NCCL works on this machine, by a group of one GPU.

use std::time::Duration;

use tch::{Device, Kind, TchError, Tensor};

use super::{Nccl, NcclLibrary};

/// How long the GPU may take for a sum of a few numbers.
const PATIENCE: Duration = Duration::from_secs(20);

/// NCCL's version, after a sum and a broadcast on GPU 0 that leave numbers as they are.
///
/// # Errors
/// What does not work, as a message.
pub fn check_nccl() -> Result<[i32; 3], String> {
    let words = |error: TchError| error.to_string();
    let library = NcclLibrary::open()?;
    let nccl = Nccl::join([0, 1], 0, library.unique_id()?)?;
    let numbers = Tensor::f_arange(1000, (Kind::Float, Device::Cuda(0))).map_err(words)?;
    let before = numbers.f_mul_scalar(1.0).map_err(words)?;
    nccl.sum(&numbers)?;
    nccl.broadcast(&numbers)?;
    nccl.rejoin()?;
    nccl.wait(PATIENCE)?;
    match numbers.f_equal(&before).map_err(words)? {
        true => Ok(library.version()),
        false => Err("a sum or a broadcast in a group of one GPU changed the numbers".into()),
    }
}
