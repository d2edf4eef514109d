use tch::{TchError, Tensor};

use super::image::{floats, vector};
use super::terms::Owned;

/// The statistics of a batch, and normalisation as `scale * x + shift`, for each channel.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    pub(super) mean: Vec<f32>,
    /// 1 / sqrt(var + eps).
    pub(super) inverse: Vec<f32>,
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Moments {
    /// Those that change nothing but add a bias, if there is one.
    ///
    /// # Errors
    /// A bias of another length or kind.
    pub fn none(channels: usize, bias: Option<&Tensor>) -> Result<Moments, TchError> {
        let shift = bias.map(|bias| floats(bias, channels)).transpose()?;
        let shift = shift.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec);
        Ok(Moments {
            mean: vec![0.0; channels],
            inverse: vec![1.0; channels],
            scale: vec![1.0; channels],
            shift,
        })
    }

    /// Those of so many values, from a pivot of each channel, the sum of what they differ by from
    /// it, and that of the squares; moves the running ones.
    pub(super) fn of(
        totals: impl ExactSizeIterator<Item = [f64; 3]>,
        rows: usize,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<Moments, TchError> {
        let (channels, count) = (totals.len(), rows as f64);
        let (weight, bias) = (floats(owned[0], channels)?, floats(owned[1], channels)?);
        let running = [vector(owned[2], channels)?, vector(owned[3], channels)?];
        let mut moments = Moments::default();
        for (channel, [pivot, sum, squares]) in totals.enumerate() {
            let off = sum / count;
            let (mean, var) = (pivot + off, (squares / count - off * off).max(0.0));
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

    pub(super) fn fit(&self, channels: usize) -> Result<(), TchError> {
        match self.scale.len() == channels {
            true => Ok(()),
            false => Err(TchError::Shape(format!(
                "statistics of {} channels, not of {channels}",
                self.scale.len()
            ))),
        }
    }
}
