//! The rates that a device reaches.

use std::time::Instant;

use netc::lower::Precision;
use netc::run::trace::PeakRates;
use tch::{Kind, TchError, Tensor};

use crate::lower::kind;
use crate::run::Machine;

/// The measured peak rates of a device: in a matrix product in the precision, and in a copy that
/// exceeds all caches.
///
/// # Errors
/// Errors of libtorch; a GPU needs 1 GiB of free memory.
pub(super) fn peak_rates(machine: Machine) -> Result<PeakRates, TchError> {
    Ok(PeakRates { macs: matrix_peak(machine)?, bytes: memory_peak(machine)? })
}

/// The smallest matrices, the numbers of the copy, and how often each is computed in one
/// measurement: on a GPU enough to hide the launches.
fn sizes(machine: Machine) -> (i64, i64, u32) {
    if machine.device.is_cuda() { (8192, 128 << 20, 10) } else { (256, 64 << 20, 1) }
}

/// Seconds that a product must take for its rate to be that of larger ones.
const LONG: f64 = 0.02;

/// A CPU without instructions for 16 bits multiplies faster in fp32, as netc then does.
fn matrix_peak(machine: Machine) -> Result<f64, TchError> {
    let own = matrix_rate(machine, machine.precision)?;
    match machine.device.is_cuda() || machine.precision.bytes() > 2 {
        true => Ok(own),
        false => Ok(own.max(matrix_rate(machine, Precision::Fp32)?)),
    }
}

/// The rate with matrices as large as it takes; some CPUs take minutes for large ones in a
/// precision that they have no instructions for.
fn matrix_rate(machine: Machine, precision: Precision) -> Result<f64, TchError> {
    let (mut size, _, times) = sizes(machine);
    loop {
        let time = matrix_product(machine, precision, size, times)?;
        if machine.device.is_cuda() || time > LONG {
            return Ok((size * size * size) as f64 / time);
        }
        size *= 2;
    }
}

/// Seconds of a product of square matrices, which a convolution of 1 x 1 is as well.
fn matrix_product(
    machine: Machine,
    precision: Precision,
    size: i64,
    times: u32,
) -> Result<f64, TchError> {
    let sides = ([size, size], (kind(precision), machine.device));
    // A GPU multiplies ones faster than other numbers: it needs less power.
    let a = match machine.device.is_cuda() {
        true => Tensor::f_randn(sides.0, sides.1)?,
        false => Tensor::f_ones(sides.0, sides.1)?,
    };
    let time = fastest(machine, times, || a.f_matmul(&a).map(|_| ()))?;
    if machine.device.is_cuda() || precision != Precision::Fp32 {
        return Ok(time);
    }
    // By another library of libtorch's, which is the faster one on some processors.
    let (image, filters) = (a.f_reshape([1, size, size, 1])?, a.f_reshape([size, size, 1, 1])?);
    let convolve =
        || image.f_conv2d(&filters, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1).map(|_| ());
    Ok(time.min(fastest(machine, times, convolve)?))
}

fn memory_peak(machine: Machine) -> Result<f64, TchError> {
    let (_, size, times) = sizes(machine);
    let from = Tensor::f_ones([size], (Kind::Float, machine.device))?;
    let mut to = from.f_zeros_like()?;
    let time = fastest(machine, times, || to.f_copy_(&from))?;
    Ok((2 * 4 * size) as f64 / time)
}

/// Seconds of one of so many in a row.
fn fastest(
    machine: Machine,
    times: u32,
    mut run: impl FnMut() -> Result<(), TchError>,
) -> Result<f64, TchError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..times {
            run()?;
        }
        machine.wait();
        best = best.min(start.elapsed().as_secs_f64() / f64::from(times));
    }
    Ok(best)
}
