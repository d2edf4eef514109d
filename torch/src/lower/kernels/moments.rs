use tch::{TchError, Tensor};

use super::image::floats;

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
