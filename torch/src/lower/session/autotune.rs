//! Autotuning of convolutions: timed on this machine, once per shape.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use netc::disk;
use netc::graph::op::Conv;
use netc::lower::schedule::FusedOps;
use netc::lower::{
    ConvAlgorithm, ConvAlgorithms, ConvChoice, ConvDirection, ConvUse, Disabled, Precision, Reason,
    Times, TorchError, Workload,
};
use netc::passes::Purpose;
use tch::{Device, Kind, TchError, Tensor};

use super::convolution::Convolution;
use super::norm;
use super::own::Own;
use crate::lower::At;
use crate::lower::kernels::{Epilogue, Workspace};
use crate::lower::torch::{GhostNorm, channels_last, kind};

/// How a step is compiled, and how its algorithms are chosen.
#[derive(Debug, Clone, Default)]
pub struct Tuning {
    /// The algorithms to choose from.
    pub choice: ConvChoice,
    /// The file that caches timings; without it nothing is cached.
    pub cache: Option<PathBuf>,
    /// Whether convolutions that the cache has are forgotten, and timed again.
    pub retune: bool,
    /// A description of the machine, part of the cache key.
    pub machine: String,
    /// The disabled optimisations.
    pub without: Disabled,
    /// What batches are normalised by in training; a net's own
    /// [`TrainingNorm`](crate::lower::TrainingNorm) is for autograd alone.
    pub ghost: GhostNorm,
}

type Found = BTreeMap<String, Times>;

/// Ends the key of a convolution that is computed forward alone.
const FORWARD: &str = " forward alone";
/// The same with an activation fused into it.
const FUSED: &str = " forward alone, with an activation";
/// Ends the key of one that is trained, with the statistics of its output.
const SUMMED: &str = " with statistics";

/// The choice of the algorithms of a session's convolutions.
pub(super) struct Tuner<'a> {
    pub tuning: &'a Tuning,
    pub own: Option<&'a Own>,
    pub batch: u64,
    pub precision: Precision,
    pub purpose: Purpose,
    /// What this session has looked up or timed.
    pub found: Found,
}

impl Tuner<'_> {
    /// The algorithms for a convolution of `[in_channels, height, width]` and its use, and why
    /// these.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(super) fn choose(
        &mut self,
        op: &Conv,
        image: [u64; 3],
        of: ConvUse,
    ) -> Result<(ConvAlgorithms, Reason), TorchError> {
        let choice = self.tuning.choice;
        let load = Workload { images: self.batch, precision: self.precision, threads: 1 };
        let candidates = choice.candidates(op, image[0], self.precision);
        if candidates.is_empty() {
            return Ok((choice.assumed(op, image, load), Reason::Rule));
        }
        let Some(images) = ConvChoice::timed(op, image, self.batch) else {
            return Ok((choice.assumed(op, image, load), Reason::Small));
        };
        let after = FusedOps { pool: false, ..of.after };
        let times = self.times(op, image, (images, ConvUse { after, ..of }), &candidates)?;
        Ok((times.algorithms(), Reason::Timed(times)))
    }

    fn times(
        &mut self,
        op: &Conv,
        image: [u64; 3],
        (images, mut of): (u64, ConvUse),
        candidates: &[ConvAlgorithm],
    ) -> Result<Times, TorchError> {
        let shape = self.shape(op, image, images);
        let key = match self.purpose {
            Purpose::Evaluation if of.after == FusedOps::default() => format!("{shape}{FORWARD}"),
            Purpose::Evaluation => format!("{shape}{FUSED}"),
            Purpose::Training if of.normalised => format!("{shape}{SUMMED}"),
            Purpose::Training => shape.clone(),
        };
        let lacks = |times: &Times| of.directions.iter().any(|&direction| !times.has(direction));
        if let Some(times) = self.found.get(&key).filter(|times| !lacks(times)) {
            return Ok(times.clone());
        }
        let mut cache = Cache::open(self.tuning.cache.as_deref());
        if self.tuning.retune {
            let keys = ["", SUMMED, FORWARD, FUSED].map(|end| format!("{shape}{end}"));
            for old in keys.iter().filter(|key| !self.found.contains_key(*key)) {
                cache.found.remove(old);
            }
        }
        let known = cache.found.get(&key).filter(|times| times.are_of(candidates));
        let times = match known {
            Some(times) if !lacks(times) => times.clone(),
            known => {
                // What another net needs of this convolution is kept.
                let wanted = |way: &ConvDirection| {
                    of.directions.contains(way) || known.is_some_and(|times| times.has(*way))
                };
                of.directions = ConvDirection::ALL.into_iter().filter(wanted).collect();
                let measured = self.measure(op, image, (images, &of), candidates);
                let times = measured.at("timing convolutions")?;
                cache.found.insert(key.clone(), times.clone());
                cache.save();
                times
            }
        };
        self.found.insert(key, times.clone());
        Ok(times)
    }

    /// The key of a convolution on this machine.
    fn shape(&self, op: &Conv, [in_channels, height, width]: [u64; 3], images: u64) -> String {
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let stride = match op.stride {
            [1, 1] => String::new(),
            [down, right] => format!(" / {down} x {right}"),
        };
        let ([down, right], [above, before]) = (op.kernel, op.pad);
        let kernel = match (op.groups, op.kernel, op.pad, op.dilation) {
            (1, [3, 3], [1, 1], [1, 1]) => String::new(),
            (1, _, _, [1, 1]) => format!(" by {down} x {right} + {above} x {before}"),
            (1, _, _, [rows, columns]) => {
                format!(" by {down} x {right} + {above} x {before}, dilated {rows} x {columns}")
            }
            _ => format!(" by {down} x {right} each + {above} x {before}"),
        };
        format!(
            "{} {build} {}: {} {images} x {in_channels} x {height} x {width} -> {}{stride}{kernel}",
            env!("CARGO_PKG_VERSION"),
            self.tuning.machine,
            self.precision,
            op.out
        )
    }

    /// The times of all candidates.
    fn measure(
        &self,
        op: &Conv,
        [in_channels, height, width]: [u64; 3],
        (images, wanted): (u64, &ConvUse),
        candidates: &[ConvAlgorithm],
    ) -> Result<Times, TchError> {
        let kind = kind(self.precision);
        let ones = |sizes: [u64; 4], kind| {
            channels_last(&Tensor::f_ones(sizes.map(|size| size as i64), (kind, Device::Cpu))?)
        };
        let image = || ones([images, in_channels, height, width], kind);
        let [rows, columns] = op.output([height, width]);
        let (x, dx, y) = (image()?, image()?, ones([images, op.out, rows, columns], kind)?);
        let [down, right] = op.kernel;
        let filters = || ones([op.out, in_channels / op.groups, down, right], Kind::Float);
        let (weight, dw) = (filters()?, filters()?);
        let of = |&algorithm: &ConvAlgorithm| {
            (algorithm, Convolution::new(op.clone(), in_channels, ConvAlgorithms::all(algorithm)))
        };
        let mut convolutions: Vec<_> = candidates.iter().map(of).collect();
        let norms = [(); 4].map(|()| Tensor::f_ones([op.out as i64], (Kind::Float, Device::Cpu)));
        let [w, b, mean, var] = norms;
        let norms = [w?, b?, mean?, var?];
        let mut workspace = Workspace::default();
        let own = self.own;
        Times::in_turns(images, candidates, &wanted.directions, |algorithm, direction| {
            let of = convolutions.iter_mut().find(|(candidate, _)| *candidate == algorithm);
            let applies = algorithm.applies(op, in_channels, direction);
            let Some((_, conv)) = of.filter(|_| applies) else { return Ok(None) };
            let start = Instant::now();
            let _ = match direction {
                ConvDirection::Forward => {
                    // Training transforms the weights in each step.
                    if self.purpose == Purpose::Training {
                        conv.invalidate();
                    }
                    let y = || Ok(y.shallow_clone());
                    let summed = wanted.normalised && self.purpose == Purpose::Training;
                    let sums = summed && algorithm != ConvAlgorithm::Library;
                    let finish = Epilogue { after: wanted.after, sums, ..Epilogue::default() };
                    let y = conv.forward(own, &x, &weight, finish, y, &mut workspace)?;
                    if let (true, Some(own)) = (summed, own) {
                        let y = channels_last(&y)?;
                        let sums = sums.then_some(&mut workspace);
                        norm::statistics(own, &y, sums, norms.each_ref(), (0.1, 1e-5))?;
                    }
                    y
                }
                ConvDirection::Input => {
                    let dx = || Ok(dx.shallow_clone());
                    conv.grad_input(own, [&y, &x], &weight, dx, &mut workspace)?
                }
                ConvDirection::Weights => {
                    conv.grad_weights(own, [&y, &x], &weight, &dw, &mut workspace)?;
                    dw.shallow_clone()
                }
            };
            Ok(Some(start.elapsed().as_secs_f64()))
        })
    }
}

/// The cached timings. The file is locked until this is dropped, so that concurrent processes wait
/// for the timings and make the same choices.
struct Cache {
    found: Found,
    place: Option<(PathBuf, File)>,
}

impl Cache {
    /// If the file cannot be opened or read, the cache is empty.
    fn open(path: Option<&Path>) -> Cache {
        let lock = |path: &Path| -> std::io::Result<File> {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let lock = File::create(path.with_extension("lock"))?;
            lock.lock()?;
            Ok(lock)
        };
        let place = path.and_then(|path| Some((path.to_path_buf(), lock(path).ok()?)));
        let text =
            place.as_ref().and_then(|(path, _)| fs::read_to_string(path).ok()).unwrap_or_default();
        Cache { found: serde_json::from_str(&text).unwrap_or_default(), place }
    }

    fn save(&self) {
        let Some((path, _lock)) = &self.place else { return };
        // If this fails, the next process measures again.
        let text = serde_json::to_string_pretty(&self.found).map(|text| text + "\n");
        let _ = text.map(|text| disk::replace(path, text.as_bytes()));
    }
}
