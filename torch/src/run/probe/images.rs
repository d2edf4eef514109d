use netc::check::Checked;
use netc::lower::seed;
use netc::recipe::Recipe;
use netc::run::RunError;
use netc::run::augment::Draws;
use netc::run::data::{Dataset, Normalisation, Split};
use rand::RngExt;
use tch::{Kind, TchError, Tensor};

use crate::lower::At;
use crate::run::train::batches::EpochDraws;
use crate::run::train::epoch::augmentation;
use crate::run::{Batch, Batches, Machine};

/// Random images for a net, from memory as in a training.
pub(super) enum Images {
    /// Augmented by the recipe; every batch takes its part of an epoch.
    Augmented(Batches, EpochDraws, usize),
    /// Without augmentation, for nets whose input it does not fit.
    Plain(Tensor, Tensor),
}

/// Batches in an epoch of random images.
pub(super) const BATCHES: usize = 4;

impl Images {
    pub(super) fn new(
        net: &Checked,
        recipe: &Recipe,
        machine: Machine,
    ) -> Result<Images, RunError> {
        let (input, batch) = (net.shape(net.input()), recipe.batch_size);
        let classes = net.shape(net.output()).channels();
        let Some([channels @ 1..=3, height, width]) = input.image() else {
            let sizes: Vec<i64> =
                [batch as u64].iter().chain(input.dims()).map(|&size| size as i64).collect();
            let images =
                Tensor::f_randn(sizes, (Kind::Float, machine.device)).at("random images")?;
            let labels =
                Tensor::f_randint(classes as i64, [batch as i64], (Kind::Int64, machine.device));
            return Ok(Images::Plain(images, labels.at("random labels")?));
        };
        let image =
            [channels, height, width].map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let count = BATCHES * batch;
        let mut rng = seed::rng(0, "profile");
        let mut bytes = vec![0u8; count * image.iter().product::<usize>()];
        rng.fill(bytes.as_mut_slice());
        let labels = (0..count).map(|_| rng.random_range(0..classes.min(1 << 16)) as u16).collect();
        let data = Dataset {
            name: "random".into(),
            path: None,
            image,
            classes: Vec::new(),
            train: Split { images: bytes, labels },
            test: Split::default(),
            normalisation: Normalisation::new(&vec![127.5; image[0]], &vec![73.6; image[0]]),
            note: None,
        };
        let what = augmentation(recipe);
        let batches = Batches::new(&data, &data.train, None, what, machine.device)?;
        let draws = Draws::new(0, 0, count, [image[1], image[2]], what);
        let epoch = batches.epoch(&draws).at("augmentation")?;
        Ok(Images::Augmented(batches, epoch, batch))
    }

    pub(super) fn batch(&self, step: usize) -> Result<Batch, TchError> {
        match self {
            Images::Augmented(batches, epoch, size) => {
                batches.training(epoch, step % BATCHES * size, *size)
            }
            Images::Plain(images, targets) => {
                Ok(Batch { images: images.shallow_clone(), targets: targets.shallow_clone() })
            }
        }
    }
}
