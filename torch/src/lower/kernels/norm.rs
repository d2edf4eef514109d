//! Batch normalisation together with the activation, the 2 x 2 max pool and the sum that follow it,
//! forward and backward, each in one pass over memory after the one that sums up the statistics.
//! What ReLU and pool let through is found again from the input and not stored.

use netc::lower::schedule::FusedOps;
use tch::{TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::{Image, fits, floats, vector};
use super::moments::Moments;
use super::terms::{FromTo, Owned};
use super::workspace::Workspace;
#[cfg(target_arch = "x86_64")]
use super::x86::norm;

impl Kernels {
    /// The statistics of `x` over all but its channels, biased variance; moves the running ones by
    /// `momentum`, the running variance by the unbiased one.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn moments(
        self,
        x: &Tensor,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<Moments, TchError> {
        let x = Image::of(x)?;
        let [images, channels, height, width] = x.sizes;
        let rows = images * height * width;
        enough(rows)?;
        // SAFETY: the image has a row, here and below.
        let pivots: Vec<f32> = compute!(self, unsafe { norm::pivots(&x) });
        // SAFETY: see above.
        let sums: Vec<f64> = compute!(self, unsafe { norm::sums(self.tier(), &x) });
        let (sums, squares) = sums.split_at(channels);
        let totals = pivots.iter().zip(sums).zip(squares);
        let totals = totals.map(|((&pivot, &sum), &squares)| [f64::from(pivot), sum, squares]);
        Moments::of(totals, rows, owned, momentum, eps)
    }

    /// The same of the output of the last convolution or pool that was [asked to sum
    /// it](super::Epilogue::sums), without reading it again.
    ///
    /// # Errors
    /// Another number of channels; tensors of another kind or shape.
    pub fn summed_moments(
        self,
        workspace: &mut Workspace,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<Moments, TchError> {
        let sums = &mut workspace.output_sums;
        let rows = sums.pixels();
        enough(rows)?;
        Moments::of(sums.totals().into_iter(), rows, owned, momentum, eps)
    }

    /// Writes what comes after: `y = pool(activation(scale * x + shift))`, plus `add`.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise(
        self,
        images: FromTo<'_>,
        moments: &Moments,
        after: FusedOps,
        add: Option<&Tensor>,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(images.from)?, Image::of(images.to)?);
        let add = add.map(Image::of).transpose()?;
        fits(after, &x, &y)?;
        add.iter().try_for_each(|add| add.same(&y))?;
        moments.fit(x.sizes[1])?;
        compute!(self, {
            let normalised = norm::Normalised { x, y, add, moments, after };
            // SAFETY: the images fit one another.
            unsafe { norm::normalise(self.tier(), normalised) }
        });
        Ok(())
    }

    /// Turns `x`, what was [normalised](Kernels::normalise), into the gradient by it, from the
    /// gradient by the output, which is the sum of one or two tensors; writes the gradients by
    /// weight and bias.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise_backward(
        self,
        x: &Tensor,
        gradient: [Option<&Tensor>; 2],
        moments: &Moments,
        weight: &Tensor,
        after: FusedOps,
        grad_owned: [&Tensor; 2],
    ) -> Result<(), TchError> {
        let x = Image::of(x)?;
        let channels = x.sizes[1];
        let [first, second] = gradient.map(|g| g.map(Image::of).transpose());
        let (first, second) =
            (first?.ok_or_else(|| TchError::Shape("there is no gradient".into()))?, second?);
        fits(after, &x, &first)?;
        second.iter().try_for_each(|second| second.same(&first))?;
        moments.fit(channels)?;
        let weight = floats(weight, channels)?;
        let grad_owned = [vector(grad_owned[0], channels)?, vector(grad_owned[1], channels)?];
        #[cfg(target_arch = "x86_64")]
        let reached = norm::Reached { x, first, second, moments, after };
        // SAFETY: the images fit one another.
        let sums: Vec<f64> = compute!(self, unsafe { norm::gradient_sums(self.tier(), reached) });
        let count = (x.sizes[0] * x.sizes[2] * x.sizes[3]) as f64;
        let mut factors = [vec![0.0f32; channels], vec![0.0f32; channels], vec![0.0f32; channels]];
        for channel in 0..channels {
            let (grad_bias, by_scale) = (sums[channel], sums[channels + channel]);
            let (mean, inverse) =
                (f64::from(moments.mean[channel]), f64::from(moments.inverse[channel]));
            let grad_weight = by_scale * inverse;
            // SAFETY: one number a channel.
            unsafe {
                *grad_owned[0].at(channel) = grad_weight as f32;
                *grad_owned[1].at(channel) = grad_bias as f32;
            }
            // dx = w / s * (g - mean(g) - z * mean(g z)), z = (x - m) / s, as a g + b x + c.
            let a = f64::from(weight[channel]) * inverse;
            let b = -a * inverse * grad_weight / count;
            factors[0][channel] = a as f32;
            factors[1][channel] = b as f32;
            factors[2][channel] = (-a * grad_bias / count - b * mean) as f32;
        }
        let factors = factors.each_ref().map(Vec::as_slice);
        // SAFETY: as above, and each channel has its factors.
        compute!(self, unsafe { norm::grad_input(self.tier(), reached, factors) });
        Ok(())
    }
}

/// Whether so many values of a channel have a variance.
fn enough(rows: usize) -> Result<(), TchError> {
    match rows {
        0 | 1 => Err(TchError::Shape("one value a channel has no variance to normalise by".into())),
        _ => Ok(()),
    }
}
