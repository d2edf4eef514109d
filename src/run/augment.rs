//! The random draws for the training images of one epoch. Pure; `batches` transforms the images
//! themselves, a whole batch at a time.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::lower::seed;

/// The augmentations of an image, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Augmentation {
    /// Reflection padding in pixels per side, before a random crop to the original size; 0 for
    /// none.
    pub crop_pad: usize,
    /// Whether images are flipped horizontally with probability 1/2.
    pub flip: bool,
    /// Whether the flips alternate: half of the images in odd epochs, the other half in even ones.
    pub alternating_flip: bool,
    /// Side of the square that cutout sets to 0; 0 for none.
    pub cutout: usize,
}

impl Augmentation {
    /// No augmentation.
    pub const NONE: Augmentation =
        Augmentation { crop_pad: 0, flip: false, alternating_flip: false, cutout: 0 };
}

/// The draws for one epoch. Every list has an entry for each place in the epoch's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    /// The image at each place: a permutation.
    pub order: Vec<i64>,
    /// First row and column of the crop in the padded image: 0 to 2 * `crop_pad`.
    pub crop: Vec<[i64; 2]>,
    /// 1 to flip, 0 not to.
    pub flip: Vec<i64>,
    /// First row and column of the square, which lies fully inside the image.
    pub cutout: Vec<[i64; 2]>,
}

impl Draws {
    /// All images in their order, cropped at `pad` rows and columns and not flipped.
    pub fn plain(count: usize, pad: usize) -> Draws {
        Draws {
            order: (0..count as i64).collect(),
            crop: vec![[pad as i64; 2]; count],
            flip: vec![0; count],
            cutout: vec![[0; 2]; count],
        }
    }

    /// Those of some of the places, in this order.
    pub fn at(&self, places: impl Iterator<Item = usize>) -> Draws {
        let places: Vec<usize> = places.collect();
        fn pick<T: Copy>(all: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|&place| all.get(place).copied()).collect()
        }
        Draws {
            order: pick(&self.order, &places),
            crop: pick(&self.crop, &places),
            flip: pick(&self.flip, &places),
            cutout: pick(&self.cutout, &places),
        }
    }

    /// The draws for epoch `epoch`, from 1, over `count` images of `size` rows and columns.
    pub fn new(seed: u64, epoch: u32, count: usize, size: [usize; 2], what: Augmentation) -> Draws {
        let rng = |of: &str| seed::rng(seed, &format!("{of} {epoch}"));
        let mut order: Vec<i64> = (0..count as i64).collect();
        order.shuffle(&mut rng("order"));
        let shifts = 2 * what.crop_pad as i64;
        let [rows, columns] = size.map(|length| length.saturating_sub(what.cutout) as i64);
        let flip = match what {
            Augmentation { flip: false, .. } => vec![0; count],
            Augmentation { alternating_flip: false, .. } => halves(&mut rng("flip"), count),
            Augmentation { alternating_flip: true, .. } => {
                let first = halves(&mut seed::rng(seed, "flip"), count);
                order
                    .iter()
                    .map(|&image| first[image as usize] ^ i64::from(epoch.is_multiple_of(2)))
                    .collect()
            }
        };
        Draws {
            order,
            crop: pairs(&mut rng("crop"), count, [shifts, shifts]),
            flip,
            cutout: pairs(&mut rng("cutout"), count, [rows, columns]),
        }
    }
}

/// `count` draws of 0 or 1.
fn halves(rng: &mut ChaCha8Rng, count: usize) -> Vec<i64> {
    (0..count).map(|_| rng.random_range(0..=1)).collect()
}

/// `count` pairs, uniform from 0 to `last`, both ends included.
fn pairs(rng: &mut ChaCha8Rng, count: usize, last: [i64; 2]) -> Vec<[i64; 2]> {
    (0..count).map(|_| last.map(|last| rng.random_range(0..=last))).collect()
}
