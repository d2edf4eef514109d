//! Depthwise convolutions, forward, by the input and by the weights.

use netc::lower::Depthwise;
use tch::{TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::{Image, fits, floats, vector};
use super::pool::PARTS;
use super::terms::{Epilogue, FromTo};
use super::workspace::Workspace;
#[cfg(target_arch = "x86_64")]
use super::x86::depthwise;

impl Kernels {
    /// Writes images `[N, C, H, W]` from others by fp32 weights `[C, 1, kernel, kernel]`, and what
    /// follows but for a pool. Both are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn depthwise(
        self,
        images: FromTo<'_>,
        weight: &Tensor,
        of: Depthwise,
        finish: Epilogue<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(images.from)?, Image::of(images.to)?);
        leaves(of, &x, &y)?;
        fits(finish.after, &y, &y)?;
        finish.sums_what_it_writes()?;
        let channels = x.sizes[1];
        let zeros = vec![0.0; channels];
        let bias = finish.bias.map_or(Ok(&zeros[..]), |bias| floats(bias, channels))?;
        let add = finish.add.map(Image::of).transpose()?;
        add.iter().try_for_each(|add| add.same(&y))?;
        let weight = by_tap(weight, of, channels)?;
        compute!(self, {
            let window = depthwise::Window { of, weight: &weight };
            let parts = PARTS.min(y.sizes[0] * y.sizes[2]);
            let sums = finish.sums.then(|| workspace.output_sums.renew(parts, channels));
            let after = finish.after;
            let convolved = depthwise::Convolved { x, y, window, bias, after, add, sums };
            // SAFETY: the images have these sizes, and there is a weight for each tap and channel.
            unsafe { depthwise::convolve(self.tier(), convolved) }
        });
        Ok(())
    }

    /// Writes the gradient with respect to the input from that with respect to the output. Both
    /// are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn depthwise_grad_input(
        self,
        gradient: &Tensor,
        to: &Tensor,
        weight: &Tensor,
        of: Depthwise,
    ) -> Result<(), TchError> {
        let (gradient, to) = (Image::of(gradient)?, Image::of(to)?);
        leaves(of, &to, &gradient)?;
        let weight = by_tap(weight, of, to.sizes[1])?;
        compute!(self, {
            let window = depthwise::Window { of, weight: &weight };
            // SAFETY: the images have these sizes, and there is a weight for each tap and channel.
            unsafe { depthwise::grad_input(self.tier(), gradient, to, window) }
        });
        Ok(())
    }

    /// Writes the gradient with respect to the weights, fp32 `[C, 1, kernel, kernel]`, from the
    /// input and the gradient with respect to the output. The images are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn depthwise_grad_weights(
        self,
        x: &Tensor,
        gradient: &Tensor,
        to: &Tensor,
        of: Depthwise,
    ) -> Result<(), TchError> {
        let (x, gradient) = (Image::of(x)?, Image::of(gradient)?);
        leaves(of, &x, &gradient)?;
        let (channels, taps) = (x.sizes[1], of.kernel() * of.kernel());
        dense(to, of, channels)?;
        let to = vector(to, channels * taps)?;
        let sums: Vec<f64> =
            // SAFETY: the images have these sizes.
            compute!(self, unsafe { depthwise::grad_weights(self.tier(), x, gradient, of) });
        for (tap, sums) in sums.chunks(channels).enumerate() {
            for (channel, sum) in sums.iter().enumerate() {
                // SAFETY: there is one for each channel and tap.
                unsafe { *to.at(channel * taps + tap) = *sum as f32 };
            }
        }
        Ok(())
    }
}

/// Weights `[C, 1, kernel, kernel]` in the order `[kernel][kernel][C]`.
fn by_tap(weight: &Tensor, of: Depthwise, channels: usize) -> Result<Vec<f32>, TchError> {
    dense(weight, of, channels)?;
    let taps = of.kernel() * of.kernel();
    let mut by_tap = vec![0.0; channels * taps];
    for (channel, weights) in floats(weight, channels * taps)?.chunks(taps).enumerate() {
        for (tap, weight) in weights.iter().enumerate() {
            by_tap[tap * channels + channel] = *weight;
        }
    }
    Ok(by_tap)
}

/// Whether a tensor is of this shape, and its memory in the order of its dimensions: with one input
/// channel a group, channels last is the same.
fn dense(weight: &Tensor, of: Depthwise, channels: usize) -> Result<(), TchError> {
    let kernel = of.kernel() as i64;
    match weight.size() == [channels as i64, 1, kernel, kernel] && weight.is_contiguous() {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "expected weights [{channels}, 1, {kernel}, {kernel}], got {:?} {:?}",
            weight.kind(),
            weight.size()
        ))),
    }
}

/// Whether a convolution makes images as large as the second of the first, and at least one.
fn leaves(of: Depthwise, from: &Image, to: &Image) -> Result<(), TchError> {
    let [images, channels, height, width] = from.sizes;
    let expected =
        of.output([height, width]).map(|[rows, columns]| [images, channels, rows, columns]);
    match expected == Some(to.sizes) && from.kind == to.kind && images > 0 {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "{of:?} does not make {:?} {:?} of {:?} {:?}",
            to.kind, to.sizes, from.kind, from.sizes
        ))),
    }
}
