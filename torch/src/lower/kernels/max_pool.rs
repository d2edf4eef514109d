//! Max pools of 2 x 2 windows, which find the maximum again in the backward pass instead of storing
//! where it was.

use tch::{TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::Image;
use super::pool::PARTS;
use super::terms::FromTo;
use super::workspace::Workspace;
#[cfg(target_arch = "x86_64")]
use super::x86::max_pool;

impl Kernels {
    /// Writes the maxima of windows of 2 x 2 side by side; a last row or column of an odd size is
    /// dropped. With a workspace, the output's channels are summed there for
    /// [`summed_moments`](Kernels::summed_moments).
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn max_pool(
        self,
        images: FromTo<'_>,
        sums: Option<&mut Workspace>,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(images.from)?, Image::of(images.to)?);
        halved(&x, &y)?;
        compute!(self, {
            let [images, channels, height, _] = y.sizes;
            let parts = PARTS.min(images * height);
            let sums = sums.map(|workspace| workspace.output_sums.renew(parts, channels));
            // SAFETY: the images fit one another.
            unsafe { max_pool::max_pool(self.tier(), x, y, sums) }
        });
        Ok(())
    }

    /// Writes the gradient with respect to `x` from that with respect to the output; the first of
    /// equal maxima gets it, as in libtorch.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn max_pool_backward(
        self,
        x: &Tensor,
        gradient: &Tensor,
        grad_input: &Tensor,
    ) -> Result<(), TchError> {
        let [x, gradient, to] = [Image::of(x)?, Image::of(gradient)?, Image::of(grad_input)?];
        halved(&x, &gradient)?;
        to.same(&x)?;
        // SAFETY: the images fit one another.
        compute!(self, unsafe { max_pool::max_pool_backward(self.tier(), x, gradient, to) });
        Ok(())
    }
}

/// Whether `y` has half the height and width of `x`, rounded down.
fn halved(x: &Image, y: &Image) -> Result<(), TchError> {
    let [images, channels, height, width] = x.sizes;
    match y.sizes == [images, channels, height / 2, width / 2] && y.kind == x.kind {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "no pool from {:?} {:?} to {:?} {:?}",
            x.kind, x.sizes, y.kind, y.sizes
        ))),
    }
}
