//! Convolutions whose weights come from the training images.

use netc::graph::Init;
use netc::graph::op::{Conv, Op};
use netc::recipe::Recipe;
use netc::run::RunError;
use tch::{Device, Kind, TchError, Tensor};

use crate::lower::{At, TorchNet};
use crate::run::{Batch, Batches};

/// Images per batch.
const CHUNK: usize = 500;

/// Initialises every whitening convolution: its weights are the eigenvectors of the covariance of
/// the patches that it sees, each divided by the square root of its eigenvalue, the largest first,
/// and with twice as many filters followed by their negatives (Page, 2019).
///
/// # Errors
/// A whitening convolution that does not read the images themselves; errors of libtorch.
pub(in crate::run) fn whiten(
    net: &TorchNet,
    images: &Batches,
    recipe: &Recipe,
) -> Result<(), RunError> {
    for step in net.plan().steps() {
        let Op::Conv(conv) = &step.op else { continue };
        if conv.init != Some(Init::Whiten) {
            continue;
        }
        if step.operands != [0] {
            return Err(RunError::Data(format!(
                "{} starts with init = \"whiten\", so it must read the images: here it reads {}",
                step.path,
                net.plan().steps()[step.operands[0]].path
            )));
        }
        let values = filters(conv, images, recipe).at(&step.path)?;
        let name = format!("{}.weight", step.path);
        if let Some(weight) = net.weights().iter().find(|weight| weight.name == name) {
            weight.set_values(&values).at(&name)?;
        }
    }
    Ok(())
}

fn filters(conv: &Conv, images: &Batches, recipe: &Recipe) -> Result<Vec<f32>, TchError> {
    let covariance = covariance(conv, images, recipe.whiten_images.min(images.count()))?;
    let (values, vectors) = covariance.f_linalg_eigh("L")?;
    let size = values.numel();
    let (mut eigenvalues, mut columns) = (vec![0.0f64; size], vec![0.0f64; size * size]);
    values.f_copy_data(&mut eigenvalues, size)?;
    vectors.f_tr()?.f_contiguous()?.f_copy_data(&mut columns, size * size)?;
    let mut filters = Vec::new();
    for (value, vector) in eigenvalues.iter().zip(columns.chunks(size)).rev() {
        let largest =
            vector.iter().fold(0.0f64, |most, x| if x.abs() > most.abs() { *x } else { most });
        // The sign of an eigenvector is arbitrary, so it is fixed for reproducibility.
        let scale = largest.signum() / (value + recipe.whiten_eps).sqrt();
        filters.extend(vector.iter().map(|x| (x * scale) as f32));
    }
    if conv.out > size as u64 {
        filters.extend_from_within(..);
        filters[size * size..].iter_mut().for_each(|x| *x = -*x);
    }
    Ok(filters)
}

/// The uncentred covariance of the patches of the first `count` images.
fn covariance(conv: &Conv, images: &Batches, count: usize) -> Result<Tensor, TchError> {
    let [height, width] = conv.kernel.map(|size| size as i64);
    let [down, right] = conv.dilation.map(|size| size as i64);
    let mut sum: Option<Tensor> = None;
    let mut patches = 0;
    for first in (0..count).step_by(CHUNK) {
        let Batch { images, .. } = images.plain(first, CHUNK.min(count - first))?;
        let images = images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
        let size = images.size()[1] * height * width;
        let rows = images
            .f_unfold(2, down * (height - 1) + 1, 1)?
            .f_unfold(3, right * (width - 1) + 1, 1)?
            .f_slice(4, 0, i64::MAX, down)?
            .f_slice(5, 0, i64::MAX, right)?
            .f_permute([0, 2, 3, 1, 4, 5])?
            .f_reshape([-1, size])?;
        patches += rows.size()[0];
        let product = rows.f_tr()?.f_matmul(&rows)?;
        sum = Some(match sum {
            Some(sum) => sum.f_add(&product)?,
            None => product,
        });
    }
    let sum = sum.ok_or_else(|| TchError::Shape("there is no image".into()))?;
    sum.f_div_scalar(patches as f64)
}
