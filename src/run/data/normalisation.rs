use serde::{Deserialize, Serialize};

/// The value subtracted from each pixel, and its divisor: one number per channel, on the 0-255
/// scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Mean of the training images.
    pub mean: Vec<f32>,
    /// Their standard deviation; 1 for a channel that never varies.
    pub std: Vec<f32>,
}

impl Normalisation {
    /// With these numbers.
    pub fn new(mean: &[f32], std: &[f32]) -> Normalisation {
        Normalisation { mean: mean.to_vec(), std: std.to_vec() }
    }

    /// Of images `[n, channels, plane]`.
    pub(super) fn of(images: &[u8], channels: usize, plane: usize) -> Normalisation {
        let mut counts = vec![[0u64; 256]; channels];
        for (index, plane) in images.chunks_exact(plane.max(1)).enumerate() {
            let counts = &mut counts[index % channels];
            plane.iter().for_each(|&value| counts[usize::from(value)] += 1);
        }
        let moments = |counts: &[u64; 256]| {
            let sum = |power: i32| -> f64 {
                let terms = (0u8..=255).zip(counts);
                terms.map(|(value, &count)| f64::from(value).powi(power) * count as f64).sum()
            };
            let count = sum(0).max(1.0);
            let mean = sum(1) / count;
            let variance = (sum(2) / count - mean * mean).max(0.0);
            (mean as f32, if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 })
        };
        let (mean, std) = counts.iter().map(moments).unzip();
        Normalisation { mean, std }
    }
}
