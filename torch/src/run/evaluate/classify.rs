//! Classifying images with a trained net.

use std::path::Path;

use netc::check::Checked;
use netc::passes::{Choice, Purpose, optimise};
use netc::run::data::{Normalisation, Picture};
use netc::run::{RunError, RunFolder, RunInfo};
use tch::{Kind, TchError, Tensor};

use crate::lower::{At, Mode, TorchNet};
use crate::run::Machine;
use crate::run::probe::origin;
use crate::run::store::checkpoint;

/// The net of a run with its weights, and what is needed to read images and to name classes.
#[derive(Debug)]
pub struct Trained {
    net: TorchNet,
    /// The run's net, from which `net` was made.
    source: TorchNet,
    normalisation: Normalisation,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Channels, height and width of the images it takes.
    pub image: [usize; 3],
}

impl Trained {
    /// Loads a run's weights into its net.
    ///
    /// # Errors
    /// No run in the folder, or one of an older netc that did not record how images are read;
    /// weights that do not fit.
    pub fn load(run: &Path, net: &Checked, machine: Machine) -> Result<Trained, RunError> {
        let RunInfo { image, classes, normalisation, .. } = RunFolder::info(run)?;
        let old = || {
            RunError::NoRun {
            path: run.into(),
            reason:
                "its run.json says neither the classes nor how images are read, as an older netc wrote it; \
                     train it anew"
                    .into(),
        }
        };
        let fits = net.shape(net.input()).image() == Some(image.map(|n| n as u64))
            && net.shape(net.output()).dims() == [classes.len() as u64];
        let normalisation =
            normalisation.filter(|n| fits && [n.mean.len(), n.std.len()] == [image[0]; 2]);
        let normalisation = normalisation.ok_or_else(old)?;
        let tested = optimise(net, Purpose::Evaluation, &Choice::All)?;
        let net = TorchNet::new(net, 0, machine.device, machine.precision)?;
        checkpoint::load_of_run(run, &net)?;
        Ok(Trained { net: net.rewritten(&tested)?, source: net, normalisation, classes, image })
    }

    /// The probability of each class for each picture, all of the net's size ([`Trained::image`]).
    ///
    /// # Errors
    /// A picture of another size; errors of libtorch.
    pub fn classify(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, RunError> {
        if let Some(other) = pictures.iter().find(|picture| picture.size != self.image) {
            let message = format!("expected a picture of {:?}, got {:?}", self.image, other.size);
            return Err(RunError::Data(message));
        }
        tch::no_grad(|| {
            let images = self.batch(pictures).at("the images")?;
            let logits = self.net.forward(&images, Mode::Eval)?;
            let answers = self.probabilities(&logits).at("the probabilities")?;
            match answers.iter().flatten().find(|part| !part.is_finite()) {
                None => Ok(answers),
                Some(&part) => Err(RunError::NotFinite {
                    what: "the probability of a class".into(),
                    value: part.into(),
                    origin: origin::of_evaluation(&self.source, &images)?,
                }),
            }
        })
    }

    fn batch(&self, pictures: &[Picture]) -> Result<Tensor, TchError> {
        let [channels, height, width] = self.image.map(|n| n as i64);
        let pixels: Vec<u8> =
            pictures.iter().flat_map(|picture| &picture.pixels).copied().collect();
        let constant =
            |values: &[f32]| Tensor::f_from_slice(values)?.f_reshape([1, channels, 1, 1]);
        Tensor::f_from_slice(&pixels)?
            .f_reshape([-1, channels, height, width])?
            .f_to_kind(Kind::Float)?
            .f_sub_(&constant(&self.normalisation.mean)?)?
            .f_div_(&constant(&self.normalisation.std)?)?
            .f_to_device(self.net.device())
    }

    fn probabilities(&self, logits: &Tensor) -> Result<Vec<Vec<f32>>, TchError> {
        let rows =
            logits.f_softmax(1, Kind::Float)?.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
        let mut flat = vec![0.0f32; rows.numel()];
        rows.f_copy_data(&mut flat, rows.numel())?;
        Ok(flat.chunks_exact(self.classes.len()).map(<[f32]>::to_vec).collect())
    }
}
