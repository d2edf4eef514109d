//! Batch normalisation together with the activation, the 2 x 2 max pool and the sum that follow it,
//! forward and backward, each in one pass over memory after the one that sums up the statistics.
//! What ReLU and pool let through is found again from the input and not stored.

use netc::lower::schedule::FusedOps;
use tch::{TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::{Image, fits, floats, vector};
use super::moments::Moments;
use super::terms::{FromTo, Owned};
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
        let (weight, bias) = (floats(owned[0], channels)?, floats(owned[1], channels)?);
        let running = [vector(owned[2], channels)?, vector(owned[3], channels)?];
        let rows = images * height * width;
        if rows < 2 {
            return Err(TchError::Shape(
                "one value a channel has no variance to normalise by".into(),
            ));
        }
        // SAFETY: the image has a row, here and below.
        let pivots: Vec<f32> = compute!(self, unsafe { norm::pivots(&x) });
        // SAFETY: see above.
        let sums: Vec<f64> = compute!(self, unsafe { norm::sums(self.tier(), &x) });
        let mut moments = Moments::default();
        let count = rows as f64;
        for channel in 0..channels {
            let [sum, squares] = [sums[channel], sums[channels + channel]];
            let off = sum / count;
            let (mean, var) =
                (f64::from(pivots[channel]) + off, (squares / count - off * off).max(0.0));
            let inverse = 1.0 / (var + eps).sqrt();
            let scale = f64::from(weight[channel]) * inverse;
            moments.mean.push(mean as f32);
            moments.inverse.push(inverse as f32);
            moments.scale.push(scale as f32);
            moments.shift.push((f64::from(bias[channel]) - scale * mean) as f32);
            let unbiased = var * count / (count - 1.0);
            for (running, new) in running.into_iter().zip([mean, unbiased]) {
                // SAFETY: one number a channel.
                let old = unsafe { &mut *running.at(channel) };
                *old = ((1.0 - momentum) * f64::from(*old) + momentum * new) as f32;
            }
        }
        Ok(moments)
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
